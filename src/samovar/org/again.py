"""A task once more: another one of the same words, for the same agent."""

from pathlib import Path

from msgspec.structs import replace

from samovar.org.kept import Kept, keep
from samovar.org.seams import Job, Queue


async def again(queue: Queue, home: Path, job: Job, run: str) -> Job:
    """File a task anew; the work on it goes on with a run that is there, if one is named."""
    # Nobody may claim it before its run is known.
    made = await queue.add(replace(job, state="waiting", reason=""))
    if run:
        keep(home, made.id, Kept(run))
    return await queue.revive(made.id)
