"""Holding a job while it is worked on: the lease is renewed, and the end is recorded.

The engine and every worker do it here. Whoever was slow, hung or cut off from the database learns
at the next heartbeat that the job is another's, drops the work and writes nothing more.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from math import ceil
from typing import Any

from samovar.core.errors import SamovarError, Unreachable, Unwritable
from samovar.org.resume import Absent
from samovar.org.seams import Claims, Ended, Hold, Job, NoCredit, Overtaken, StoreAway, Work

_log = logging.getLogger(__name__)
_LET_GO = 2.0
"""Seconds a task that was broken off has for letting go of what it holds."""
_LOOK = 2.0
"""Seconds, at most, until work is broken off on a task that a person took away."""


@dataclass(frozen=True)
class Manner:
    """How jobs are held; all in seconds."""

    lease: float = 60.0
    """How long a job stays with somebody who is not heard of; heard of thrice as often."""
    pause: float = 5.0
    """Before the next attempt of a failed job; doubled each time."""
    patience: float = 30.0
    """Before a job is taken up again that wants a model, a database, credits, room or an agent."""


async def carry(claims: Claims, job: Job, work: Work, manner: Manner) -> Ended:
    """Have a claimed job worked on once, record how that ended and return it.

    Raises Overtaken when the job was lost, and what the work raised once that is recorded:
    Unreachable, NoCredit, StoreAway, Unwritable and Absent put the job back, everything else counts
    the attempt. To cancel it breaks the work off and puts the job back, uncounted.
    """
    lease = _Lease(claims, job, manner)
    working = asyncio.create_task(_call(work, job, lease.hold))
    beating = asyncio.create_task(lease.beat())
    try:
        await asyncio.wait((working, beating), return_when=asyncio.FIRST_COMPLETED)
        ended = working.done() and not working.cancelled()
    except asyncio.CancelledError:
        await _end(working)
        await lease.leave(working)
        raise
    finally:
        # Nothing may go on that nobody watches.
        await _end(working)
        await _end(beating)
    if ended:
        await lease.record(working)
        return working.result()
    raise _error(beating) or Overtaken(f"the work on job {job.id} was broken off")


@dataclass
class _Lease:
    """The lease of one attempt."""

    claims: Claims
    job: Job
    manner: Manner
    until: float = 0.0

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.manner.lease

    async def hold(self) -> None:
        """Renew the lease now; a database that is away is waited for until the lease is over.

        Raises Overtaken.
        """
        while True:
            asked = time.monotonic()
            try:
                beat = self.claims.beat(self.job, self.manner.lease)
                await asyncio.wait_for(beat, max(0.0, self.until - asked))
            except StoreAway:
                await asyncio.sleep(min(1.0, self.manner.lease / 12))
            except TimeoutError as error:
                late = "the database did not answer before the lease was over"
                raise Overtaken(f"job {self.job.id} is lost: {late}") from error
            else:
                self.until = asked + self.manner.lease
                return

    async def beat(self) -> None:
        """Renew the lease again and again; in between, look whether it was lost.

        To look is to read one row; to renew it waits for the disk. Raises Overtaken.
        """
        third = self.manner.lease / 3
        looks = ceil(third / _LOOK)
        for last in cycle([False] * (looks - 1) + [True]):
            await asyncio.sleep(third / looks)
            await (self.hold() if last else self.look())

    async def look(self) -> None:
        """Raise Overtaken where the job was taken away; a database that is away says nothing."""
        with suppress(StoreAway, TimeoutError):
            async with asyncio.timeout(_LOOK):
                await self.claims.look(self.job)

    async def record(self, working: asyncio.Task[Ended]) -> None:
        """Record how the work ended. Raises what `tell` raises."""
        claims, pause = self.claims, self.manner.pause * 2 ** (self.job.attempts - 1)
        match error := working.exception():
            case None:
                ended = working.result()
                await self.tell(claims.finish, ended.state, ended.text)
            case Overtaken():
                return
            case Unreachable() | NoCredit() | StoreAway() | Unwritable() | Absent():
                await self.tell(claims.release, str(error), self.manner.patience)
            case SamovarError():
                await self.tell(claims.fail, str(error), pause)
            case _:
                said = f"a mistake in samovar: {type(error).__name__}: {error}"
                await self.tell(claims.fail, said, pause)

    async def leave(self, working: asyncio.Task[Ended]) -> None:
        """Record what was done in spite of being stopped, else put the job back; in short time.

        Where the database does not answer at once, the job is left to the end of its lease.
        """
        done = working.done() and not working.cancelled()
        with suppress(Overtaken, StoreAway, TimeoutError):
            async with asyncio.timeout(_LET_GO):
                if done and working.exception() is None:
                    await self.record(working)
                else:
                    await self.tell(self.claims.release, "the worker was stopped", 0.0)

    async def tell(self, say: Callable[..., Awaitable[Job]], *what: Any) -> None:
        """Record the end of an attempt, if need be again until the lease would be over.

        Raises Overtaken, and StoreAway when the database did not come back in that time.
        """
        end = time.monotonic() + self.manner.lease
        while True:
            try:
                await say(self.job, *what)
            except StoreAway as error:
                _log.warning("store_away", extra={"job": self.job.id, "error": str(error)})
                if time.monotonic() >= end:
                    raise
                await asyncio.sleep(min(1.0, self.manner.lease / 10))
            else:
                return


async def _call(work: Work, job: Job, hold: Hold) -> Ended:
    return await work(job, hold)


async def _end(task: asyncio.Task[Any]) -> None:
    """Break off a task; one that does not let go in time is left behind."""
    task.cancel()
    await asyncio.wait((task,), timeout=_LET_GO)
    if not task.done():
        _log.error("does_not_stop", extra={"task": repr(task)})
    # Asked for, so that the loop does not complain of what nobody asked for.
    _error(task)


def _error(task: asyncio.Task[Any]) -> BaseException | None:
    return None if task.cancelled() or not task.done() else task.exception()
