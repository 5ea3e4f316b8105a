"""A queue around another one: everything is passed on, and a subclass says what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from samovar.org.seams import Filter, Job, JobState, Queue


@dataclass(frozen=True)
class Around:
    """`samovar.org.seams.Queue`, by another one."""

    queue: Queue

    async def add(self, job: Job, /, *, key: str = "") -> Job:
        """Store a new job."""
        return await self.queue.add(job, key=key)

    async def get(self, id: int, /) -> Job:
        """Return one job."""
        return await self.queue.get(id)

    async def list(self, filter: Filter, /) -> Sequence[Job]:
        """Return the jobs that fit."""
        return await self.queue.list(filter)

    async def counts(self) -> Mapping[str, Mapping[JobState, int]]:
        """Return how many jobs each agent has in each state."""
        return await self.queue.counts()

    async def cancel(self, id: int, reason: str, /) -> Job:
        """End a job."""
        return await self.queue.cancel(id, reason)

    async def move(self, id: int, agent: str, /) -> Job:
        """Give a job to another agent."""
        return await self.queue.move(id, agent)

    async def edit(self, id: int, text: str, /) -> Job:
        """Change the text of a job."""
        return await self.queue.edit(id, text)

    async def reorder(self, id: int, before: int, /) -> Job:
        """Put a job before another one."""
        return await self.queue.reorder(id, before)

    async def revive(self, id: int, /) -> Job:
        """Make a job ready again."""
        return await self.queue.revive(id)
