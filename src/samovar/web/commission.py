"""The tasks that runs work for: who asked for them, and what they cost."""

from collections.abc import Mapping

from msgspec import Struct

from samovar.web.desk import Desk


class Commission(Struct, frozen=True, kw_only=True):
    """What a run works for."""

    task: int
    asker: str
    """An agent or a person, by name."""
    spent: int
    """Micro-credits the task took so far, in all its attempts."""


async def commissions(desk: Desk) -> Mapping[str, Commission]:
    """Return the tasks of the team by the run that works on them, or did last."""
    if desk.office is None:
        return {}
    costs = await desk.office.purse.costs()
    found = sorted(await desk.office.jobs.tasks(), key=lambda j: -j.id)
    # The task a run works for is older than those that are about it, such as its review.
    return {
        job.run: Commission(
            task=job.id,
            asker=job.created_by.removeprefix("person:") or "a person",
            spent=costs.get(job.id, 0),
        )
        for job in found
        if job.run
    }
