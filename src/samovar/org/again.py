"""A task once more: another one of the same words, for the same agent."""

from pathlib import Path

from msgspec.structs import replace

from samovar.org.kept import GOES_ON, Kept, keep
from samovar.org.seams import Job, Queue


async def again(queue: Queue, home: Path, job: Job, run: str) -> Job:
    """File a task anew; the work on it goes on with a run that is there, if one is named."""
    # One write: whoever claims it knows its run, whatever cuts off the rest.
    data = {k: v for k, v in job.data.items() if k != GOES_ON} | ({GOES_ON: run} if run else {})
    made = await queue.add(replace(job, state="ready", reason="", data=data))
    if run:
        keep(home, made.id, Kept(run))
    return made
