"""Who works on which job: leases with a fencing number, in a database.

A lease ends by a clock nobody sets: on SQLite the steady clock of the machine, on PostgreSQL the
server's. If the server's clock is set back, a lease is counted anew from then.
"""

from collections.abc import Sequence
from math import inf
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Text,
    Update,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from samovar.core.text import storable
from samovar.org.seams import Ending, Job, Overtaken
from samovar.store.database import Database
from samovar.store.rows import job as read
from samovar.store.rows import passed
from samovar.store.tables import tasks

_TRIES = 20
"""Claims that another worker of the same group was quicker than, before this one gives up."""


class SqlClaims:
    """What a worker does with jobs; `samovar.org.seams.Claims` on a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def claim(self, owner: str, seconds: float, agents: Sequence[str] = (), /) -> Job | None:
        """Return the next job, held for that time; of any agent when none is named."""
        for _ in range(_TRIES):
            try:
                async with self.database.writing() as connection:
                    await self._sweep(connection)
                    row = (await connection.execute(self._taken(owner, seconds, agents))).first()
            except IntegrityError:
                continue
            return read(self.database, row) if row else None
        return None

    async def sweep(self) -> None:
        """Make jobs ready again whose lease ran out, or dead after their last attempt."""
        async with self.database.writing() as connection:
            await self._sweep(connection)

    async def rest(self, agents: Sequence[str] = (), /) -> float:
        """Return how many seconds it is until a lease or a pause of these agents' jobs ends."""
        now, here = self.database.steady(), tasks.c.boot == self.database.boot
        # What another start of the machine left behind is over.
        end = case((here, tasks.c.until), else_=now)
        pausing = and_(tasks.c.state == "ready", here, tasks.c.until > now)
        timed = [or_(tasks.c.state == "running", pausing)]
        timed += [tasks.c.agent.in_(agents)] if agents else []
        async with self.database.reading() as connection:
            left = (await connection.execute(select(func.min(end) - now).where(*timed))).scalar()
        return inf if left is None else max(0.0, float(left))

    async def beat(self, job: Job, seconds: float, /) -> Job:
        """Hold a job for that time from now."""
        return await self._held(job, self._until(seconds))

    async def look(self, job: Job, /) -> None:
        """Return if a job is held. Raises Overtaken."""
        async with self.database.reading() as connection:
            row = (await connection.execute(select(tasks.c.id).where(_held(job)))).first()
        if row is None:
            raise _lost(job)

    async def finish(self, job: Job, state: Ending, text: str, /) -> Job:
        """End the attempt; the text becomes the result of a done job, else the reason.

        Said twice, because the first answer was lost, it counts once.
        """
        said = {"result": text} if state == "done" else {"reason": text}
        ended = {"ended": self.database.wall()} if state != "waiting" else {}
        try:
            return await self._held(job, {"state": state, "owner": "", **said, **ended})
        except Overtaken:
            same = (tasks.c.id == job.id) & (tasks.c.fence == job.fence)
            asked = select(tasks).where(same, tasks.c.state == state)
            async with self.database.reading() as connection:
                row = (await connection.execute(asked)).first()
            if row is None or storable(text) not in (row.result, row.reason):
                raise
            return read(self.database, row)

    async def fail(self, job: Job, reason: str, pause: float = 0.0, /) -> Job:
        """Count a failed attempt: ready again after the pause, or dead after the last one."""
        return await self._held(
            job, self._failed(literal(reason, tasks.c.reason.type)) | self._until(pause)
        )

    async def release(self, job: Job, reason: str, pause: float = 0.0, /) -> Job:
        """Put a job back as if it had not been claimed: the attempt is not counted."""
        values = {"state": "ready", "owner": "", "reason": reason}
        uncounted = {"attempts": tasks.c.attempts - 1}
        return await self._held(job, values | uncounted | self._until(pause))

    async def _held(self, job: Job, values: dict[str, Any]) -> Job:
        """Change a job that is still held under its fence. Raises Overtaken."""
        async with self.database.writing() as connection:
            changed = await connection.execute(
                update(tasks).where(_held(job)).values(values).returning(tasks)
            )
            row = changed.first()
        if row is None:
            raise _lost(job)
        return read(self.database, row)

    async def _sweep(self, connection: AsyncConnection) -> None:
        """End attempts whose lease is over; count anew those whose clock was set back."""
        over = and_(tasks.c.state == "running", passed(self.database))
        now = self.database.steady()
        held = and_(tasks.c.state.in_(("running", "ready")), tasks.c.until > now)
        back = and_(held, tasks.c.until > now + 2 * tasks.c.span)
        for which in (over, back):
            if (await connection.execute(select(tasks.c.id).where(which).limit(1))).first() is None:
                continue
            values = {"until": now + tasks.c.span} if which is back else self._ran_out()
            free = self._free(which)
            await connection.execute(update(tasks).where(tasks.c.id.in_(free)).values(values))

    def _ran_out(self) -> dict[str, Any]:
        who = literal("the lease of ") + tasks.c.owner
        return self._failed(who + literal(" ran out: it hangs, or has died")) | {"until": 0.0}

    def _free(self, *which: ColumnElement[bool]) -> ScalarSelect[int]:
        """Choose jobs no other transaction is changing; two sweeps then never block one another."""
        return select(tasks.c.id).where(*which).with_for_update(skip_locked=True).scalar_subquery()

    def _failed(self, reason: ColumnElement[str]) -> dict[str, Any]:
        last = tasks.c.attempts >= tasks.c.tries
        number, tries = cast(tasks.c.attempts, Text), cast(tasks.c.tries, Text)
        counted = reason + literal(" (attempt ") + number + literal(" of ") + tries + literal(")")
        return {
            "state": case((last, "dead"), else_="ready"),
            "reason": counted,
            "owner": "",
            "ended": case((last, self.database.wall()), else_=None),
        }

    def _taken(self, owner: str, seconds: float, agents: Sequence[str]) -> Update:
        busy = select(tasks.c.job_group).where(tasks.c.state == "running", tasks.c.job_group != "")
        fits = [
            tasks.c.state == "ready",
            passed(self.database),
            or_(tasks.c.job_group == "", tasks.c.job_group.not_in(busy)),
        ]
        fits += [tasks.c.agent.in_(agents)] if agents else []
        order = (tasks.c.priority.desc(), tasks.c.position, tasks.c.id)
        chosen = select(tasks.c.id).where(*fits).order_by(*order).limit(1)
        free = chosen.with_for_update(skip_locked=True).scalar_subquery()
        values = {
            "state": "running",
            "owner": owner,
            "fence": tasks.c.fence + 1,
            "attempts": tasks.c.attempts + 1,
            "started": self.database.wall(),
            **self._until(seconds),
        }
        # Its state is asked again: another worker may have taken it since the inner question.
        again = update(tasks).where(tasks.c.id == free, tasks.c.state == "ready")
        return again.values(values).returning(tasks)

    def _until(self, seconds: float) -> dict[str, Any]:
        if not seconds:
            return {"until": 0.0}
        end = self.database.steady() + seconds
        return {"until": end, "span": seconds, "boot": self.database.boot}


def _held(job: Job) -> ColumnElement[bool]:
    return and_(tasks.c.id == job.id, tasks.c.fence == job.fence, tasks.c.state == "running")


def _lost(job: Job) -> Overtaken:
    return Overtaken(f"job {job.id} is no longer held by {job.owner} (claim {job.fence})")
