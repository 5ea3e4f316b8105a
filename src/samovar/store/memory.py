"""The queue and its claims in memory, as long as the process lives; for tests and trials."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf

from msgspec.structs import replace

from samovar.core.errors import Missing, SetupError
from samovar.core.text import storable
from samovar.org.seams import Ending, Filter, Job, JobState, Overtaken
from samovar.store.clock import Clock
from samovar.store.queue import LEFT, SHUT, arranged, edited


@dataclass
class Jobs:
    """What a MemoryQueue and the MemoryClaims beside it share."""

    clock: Clock = field(default_factory=Clock)
    held: dict[int, Job] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    ends: dict[int, float] = field(default_factory=dict)
    """Lease time: the end of a lease, or of a pause."""

    def one(self, id: int) -> Job:
        """Return a job. Raises Missing."""
        if id not in self.held:
            raise Missing(f"there is no task {id}; see 'samovar queue list'")
        until = self.ends.get(id, 0.0)
        job = self.held[id]
        if not until or job.state not in ("running", "ready"):
            return replace(job, until=None)
        left = until - self.clock.steady()
        return replace(job, until=self.clock.wall() + timedelta(seconds=left))

    def keep(self, job: Job, seconds: float | None = None) -> Job:
        """Store a job; with seconds, its lease or pause ends so long from now."""
        self.held[job.id] = replace(
            job,
            text=storable(job.text),
            reason=storable(job.reason),
            result=storable(job.result),
        )
        if seconds is not None:
            self.ends[job.id] = self.clock.steady() + seconds if seconds else 0.0
        return self.one(job.id)

    def passed(self, id: int) -> bool:
        """Return whether a lease or pause is over."""
        return self.ends.get(id, 0.0) <= self.clock.steady()

    def last(self) -> int:
        """Return the position behind all jobs."""
        return max((j.position for j in self.held.values()), default=0) + 1


class MemoryQueue:
    """`samovar.org.seams.Queue` in memory."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs

    async def add(self, job: Job, /, *, key: str = "") -> Job:
        """Store a new job; with a key that was used before, return the job of that time."""
        if key in self.jobs.keys:
            return self.jobs.one(self.jobs.keys[key])
        new = replace(
            job,
            id=len(self.jobs.held) + 1,
            position=self.jobs.last(),
            state="waiting" if job.state == "waiting" else "ready",
            attempts=0,
            owner="",
            fence=0,
            result="",
            created=self.jobs.clock.wall(),
            started=None,
            ended=None,
        )
        if key:
            self.jobs.keys[key] = new.id
        return self.jobs.keep(new)

    async def get(self, id: int, /) -> Job:
        """Return one job. Raises Missing when there is none."""
        return self.jobs.one(id)

    async def list(self, filter: Filter, /) -> Sequence[Job]:
        """Return the jobs that fit."""
        fits = [j.id for j in self.jobs.held.values() if _fits(filter, j)]
        found = [self.jobs.one(i) for i in fits if not filter.due or self.jobs.passed(i)]
        return sorted(found, key=_ORDERS[filter.order])[: filter.limit or None]

    async def counts(self) -> Mapping[str, Mapping[JobState, int]]:
        """Return how many jobs each agent has in each state."""
        found: dict[str, Counter[JobState]] = {}
        for job in self.jobs.held.values():
            found.setdefault(job.agent, Counter())[job.state] += 1
        return {agent: dict(counted) for agent, counted in found.items()}

    async def cancel(self, id: int, reason: str, /) -> Job:
        """End a job that is not done; its worker, if any, loses it. Raises SetupError."""
        ended = self.jobs.clock.wall()
        job = self._in(id, LEFT)
        return self.jobs.keep(replace(job, state="cancelled", reason=reason, owner="", ended=ended))

    async def move(self, id: int, agent: str, /) -> Job:
        """Give a ready or waiting job to another agent, at the end of its queue."""
        job = self._in(id, ("ready", "waiting"))
        group = agent if job.group == job.agent else job.group
        return self.jobs.keep(replace(job, agent=agent, group=group, position=self.jobs.last()))

    async def edit(self, id: int, text: str, /) -> Job:
        """Change the text of a ready job that nobody began with. Raises SetupError."""
        job = self._in(id, ("ready",))
        return edited(job if job.started else self.jobs.keep(replace(job, text=text)), text)

    async def reorder(self, id: int, before: int, /) -> Job:
        """Put a ready job before another one of the same agent; 0 puts it last."""
        agent = self.jobs.one(id).agent
        ready = await self.list(Filter(agents=(agent,), states=("ready",), limit=0))
        priority, order = arranged([(j.id, j.priority) for j in ready], id, before)
        places = sorted(j.position for j in ready)
        for each, place in zip(order, places, strict=True):
            self.jobs.keep(replace(self.jobs.held[each], position=place))
        return self.jobs.keep(replace(self.jobs.held[id], priority=priority))

    async def revive(self, id: int, /) -> Job:
        """Make a waiting, failed, dead or cancelled job ready again, with fresh attempts."""
        job = self._in(id, SHUT)
        return self.jobs.keep(replace(job, state="ready", attempts=0, ended=None, owner=""), 0.0)

    def _in(self, id: int, states: Sequence[JobState]) -> Job:
        job = self.jobs.one(id)
        if job.state not in states:
            raise SetupError(f"job {id} is {job.state}; this works for {', '.join(states)} only")
        return job


class MemoryClaims:
    """`samovar.org.seams.Claims` in memory."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs

    async def claim(self, owner: str, seconds: float, agents: Sequence[str] = (), /) -> Job | None:
        """Return the next job, held for that time; of any agent when none is named."""
        self._sweep()
        busy = {j.group for j in self.jobs.held.values() if j.state == "running"} - {""}
        free = [
            j
            for j in self.jobs.held.values()
            if j.state == "ready" and self.jobs.passed(j.id) and j.group not in busy
        ]
        for job in sorted(free, key=_next):
            if agents and job.agent not in agents:
                continue
            taken = replace(
                job,
                state="running",
                owner=owner,
                fence=job.fence + 1,
                attempts=job.attempts + 1,
                started=self.jobs.clock.wall(),
            )
            return self.jobs.keep(taken, seconds)
        return None

    async def sweep(self) -> None:
        """Make jobs ready again whose lease ran out, or dead after their last attempt."""
        self._sweep()

    async def rest(self, agents: Sequence[str] = (), /) -> float:
        """Return how many seconds it is until a lease or a pause of these agents' jobs ends."""
        timed = [
            self.jobs.ends.get(j.id, 0.0) - self.jobs.clock.steady()
            for j in self.jobs.held.values()
            if j.state == "running" or (j.state == "ready" and not self.jobs.passed(j.id))
            if not agents or j.agent in agents
        ]
        return max(0.0, min(timed, default=inf))

    async def beat(self, job: Job, seconds: float, /) -> Job:
        """Hold a job for that time from now."""
        return self.jobs.keep(self._held(job), seconds)

    async def look(self, job: Job, /) -> None:
        """Return if a job is held. Raises Overtaken."""
        self._held(job)

    async def finish(self, job: Job, state: Ending, text: str, /) -> Job:
        """End the attempt; the text becomes the result of a done job, else the reason."""
        known = self.jobs.one(job.id)
        said = known.result if state == "done" else known.reason
        if (known.fence, known.state, said) == (job.fence, state, storable(text)):
            return known
        held = replace(self._held(job), state=state, owner="")
        held = replace(held, result=text) if state == "done" else replace(held, reason=text)
        ended = None if state == "waiting" else self.jobs.clock.wall()
        return self.jobs.keep(replace(held, ended=ended))

    async def fail(self, job: Job, reason: str, pause: float = 0.0, /) -> Job:
        """Count a failed attempt: ready again after the pause, or dead after the last one."""
        return self.jobs.keep(self._failed(self._held(job), reason), pause)

    async def release(self, job: Job, reason: str, pause: float = 0.0, /) -> Job:
        """Put a job back as if it had not been claimed: the attempt is not counted."""
        held = self._held(job)
        back = replace(held, state="ready", owner="", reason=reason, attempts=held.attempts - 1)
        return self.jobs.keep(back, pause)

    def _held(self, job: Job) -> Job:
        known = self.jobs.one(job.id)
        if known.state != "running" or known.fence != job.fence:
            raise Overtaken(f"job {job.id} is no longer held by {job.owner} (claim {job.fence})")
        return known

    def _failed(self, job: Job, reason: str) -> Job:
        last = job.attempts >= job.tries
        return replace(
            job,
            state="dead" if last else "ready",
            owner="",
            reason=f"{reason} (attempt {job.attempts} of {job.tries})",
            ended=self.jobs.clock.wall() if last else None,
        )

    def _sweep(self) -> None:
        over = [
            j for j in self.jobs.held.values() if j.state == "running" and self.jobs.passed(j.id)
        ]
        for job in over:
            reason = f"the lease of {job.owner} ran out: it hangs, or has died"
            self.jobs.keep(self._failed(job, reason), 0.0)


def _next(job: Job) -> tuple[float, ...]:
    return (-job.priority, job.position, job.id)


_ORDERS: Mapping[str, Callable[[Job], tuple[float, ...]]] = {
    "claim": _next,
    "newest": lambda job: (-job.id,),
    "ended": lambda job: (-job.ended.timestamp() if job.ended else inf, -job.id),
}


def _fits(filter: Filter, job: Job) -> bool:
    return (
        (not filter.agents or job.agent in filter.agents)
        and (not filter.states or job.state in filter.states)
        and (not filter.kinds or job.kind in filter.kinds)
        and filter.created_by in ("", job.created_by)
        and filter.parent in (0, job.parent)
        and (not filter.below or job.id < filter.below)
    )
