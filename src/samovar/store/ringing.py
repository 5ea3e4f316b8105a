"""A queue that rings for the agent whose job has become ready."""

from dataclasses import dataclass

from samovar.org.around import Around
from samovar.org.seams import Bell, Job


@dataclass(frozen=True)
class Ringing(Around):
    """A queue around another one, with a bell."""

    bell: Bell

    async def add(self, job: Job, /, *, key: str = "") -> Job:
        """Store a new job, and ring."""
        return await self._ring(await super().add(job, key=key))

    async def move(self, id: int, agent: str, /) -> Job:
        """Give a job to another agent, and ring there."""
        return await self._ring(await super().move(id, agent))

    async def revive(self, id: int, /) -> Job:
        """Make a job ready again, and ring."""
        return await self._ring(await super().revive(id))

    async def _ring(self, job: Job) -> Job:
        if job.state == "ready":
            await self.bell.ring(job.agent)
        return job
