"""Filing tasks: an entry in one's own outbox, then a line in the queue; with caps.

An agent may file tasks for itself and for those who read its outbox, no others.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from samovar.core.errors import SetupError
from samovar.org.outbox import OutboxEntry, post
from samovar.org.resume import Resume
from samovar.org.roster import Roster
from samovar.org.seams import OPEN, Filter, Job, Queue

CAPPED = "its limit"
"""Stands in every refusal by a cap; people are told of those."""


@dataclass(frozen=True)
class Filing:
    """The way from an agent's wish to a task in the queue."""

    home: Path
    queue: Queue

    async def refusal(self, by: Resume, draft: OutboxEntry, parent: int, roster: Roster) -> str:
        """Return which cap, or permission, forbids a task; empty when none does."""
        [to] = draft.to
        if to != by.name and to not in roster.readers.get(by.name, frozenset()):
            return f"{to} does not read the outbox of {by.name}"
        limits, target = by.limits, roster.resumes[to].limits
        mine = Filter(created_by=by.name, states=OPEN, limit=limits.open_tasks + 1)
        if len(await self.queue.list(mine)) >= limits.open_tasks:
            return f"{by.name} has {limits.open_tasks} open tasks filed, its limit (open_tasks)"
        if await self.depth(parent) > limits.depth:
            return f"tasks of tasks of {by.name} go {limits.depth} deep, its limit (depth)"
        waiting = Filter(agents=(to,), states=("ready", "waiting"), limit=target.queue + 1)
        if len(await self.queue.list(waiting)) >= target.queue:
            return f"{target.queue} tasks wait for {to}, its limit (queue)"
        return ""

    async def filed(self, draft: OutboxEntry, parent: int) -> int:
        """Return the task that was filed with these words as part of the same one; 0 for none."""
        [to], same = draft.to, _words(draft.text)
        asked = Filter(agents=(to,), created_by=draft.sender, parent=parent)
        return next((j.id for j in await self.queue.list(asked) if _words(j.text) == same), 0)

    async def doubled(self, draft: OutboxEntry, parent: int) -> bool:
        """Whether an agent has a task of these words already, or it comes from one it had."""
        [to], same = draft.to, _words(draft.text)
        if any(_words(j.text) == same for j in await self.queue.list(_of(to))):
            return True
        while parent:
            try:
                job = await self.queue.get(parent)
            except SetupError:
                return False
            if job.agent == to and _words(job.text) == same:
                return True
            parent = job.parent
        return False

    async def file(self, draft: OutboxEntry, parent: int, repo: str) -> tuple[OutboxEntry, Job]:
        """Write the entry, then put the task into the queue."""
        entry = post(self.home, draft.sender, replace(draft, kind="task", job=parent, repo=repo))
        return entry, await self.follow_up(entry)

    async def follow_up(self, entry: OutboxEntry) -> Job:
        """Put the task of an entry into the queue, once however often this is called."""
        job = Job(
            agent=entry.to[0],
            group=entry.to[0],
            text=entry.text,
            repo=entry.repo,
            run=entry.run,
            created_by=entry.sender,
            parent=entry.job,
            depth=await self.depth(entry.job),
        )
        return await self.queue.add(job, key=key_of(entry))

    async def depth(self, parent: int) -> int:
        """Return how deep a task of this parent lies; a parent that is gone has none."""
        if not parent:
            return 0
        try:
            return (await self.queue.get(parent)).depth + 1
        except SetupError:
            return 0


def key_of(entry: OutboxEntry) -> str:
    """Return what makes filing an entry twice filing it once.

    It is of the words, not of the number: an entry that was written at a worker elsewhere gets
    another number when it comes home.
    """
    said = msgspec.json.encode((entry.to, entry.job, entry.run, entry.text))
    return f"entry:{entry.sender}:{entry.tick}:{hashlib.sha256(said).hexdigest()[:32]}"


def _of(agent: str) -> Filter:
    return Filter(agents=(agent,), states=OPEN)


def _words(text: str) -> str:
    return " ".join(text.split()).casefold()
