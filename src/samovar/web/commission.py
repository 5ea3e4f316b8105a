"""The tasks that runs work for: who asked for them, and what they cost."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import Missing
from samovar.org.seams import Job
from samovar.web.desk import Desk
from samovar.web.shelf import RunLine


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


def signed(line: RunLine, bought: Commission | None) -> RunLine:
    """Return a run with the agent it is of; only the log of a conversation names it itself."""
    return replace(line, agent=bought.job.agent) if bought and not line.agent else line


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
