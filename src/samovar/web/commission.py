"""The tasks that runs work for: who asked for them, and what they cost."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import Missing
from samovar.org.seams import Job
from samovar.web.desk import Desk
from samovar.web.shelf import RunLine

MOST = 2000
"""Tasks that wait for a person's word, among which that of a run is looked for."""


class Commission(Struct, frozen=True, kw_only=True):
    """What a run works for."""

    job: Job
    spent: int
    """Micro-credits the task took so far, in all its attempts."""

    @property
    def asker(self) -> str:
        """Who asked for it: an agent or a person, by name."""
        return self.job.created_by.removeprefix("person:") or "a person"


async def commissions(desk: Desk) -> Mapping[str, Commission]:
    """Return the tasks of the team by the runs that worked on them."""
    if desk.office is None:
        return {}
    costs = await desk.office.purse.costs()
    jobs = {job.id: job for job in await desk.office.jobs.tasks()}
    works = await desk.office.jobs.works()
    return {
        run: Commission(job=jobs[id], spent=costs.get(id, 0))
        for run, id in works.items()
        if id in jobs
    }


async def all_runs(desk: Desk) -> list[RunLine]:
    """Return every run, the latest first; one whose task waits for a person's word waits."""
    waits = await desk.office.jobs.latest("", ("waiting",), 0, MOST) if desk.office else ()
    jobs = {job.run: job for job in waits}
    return [asking(line, jobs.get(line.run)) for line in desk.shelf.lines()]


def asking(line: RunLine, job: Job | None) -> RunLine:
    """Return a run as waiting while its task does; the log of a conversation cannot say so."""
    waits = job is not None and (job.run, job.state) == (line.run, "waiting")
    return replace(line, state="waiting") if waits and line.state == "stopped" else line


def signed(line: RunLine, bought: Commission | None) -> RunLine:
    """Return a run as its task knows it, with the agent it is of.

    Only the log of a conversation names that itself.
    """
    if bought is None:
        return line
    return asking(replace(line, agent=line.agent or bought.job.agent), bought.job)


async def commission(desk: Desk, run: str) -> Commission | None:
    """Return the task a run works for; None for one that belongs to no task of a team."""
    if desk.office is None or (id := (await desk.office.jobs.works()).get(run)) is None:
        return None
    try:
        job = await desk.office.jobs.job(id)
    except Missing:
        # Its home was given another database.
        return None
    return Commission(job=job, spent=(await desk.office.purse.costs()).get(id, 0))
