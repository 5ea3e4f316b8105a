"""A worker: claims jobs, has them worked on, and lets go of them, whatever happens.

It may be killed at any moment: its jobs are claimed again when their leases run out. Whoever was
slow, hung or cut off from the database learns at the next heartbeat that the job is another's.
"""

import asyncio
import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from samovar.core.errors import SamovarError, Unreachable
from samovar.org.seams import Bell, Claims, Ended, Hold, Job, NoCredit, Overtaken, StoreAway, Work

_log = logging.getLogger(__name__)
_FIRST = asyncio.FIRST_COMPLETED
_LET_GO = 2.0
"""Seconds a task that was broken off has for letting go of what it holds."""
_LONGEST_STOP = 4.5
"""Seconds from the word to stop until the process ends, come what may."""


class _LeaseOver(Exception):
    """The database could not be told in time that the work goes on."""


@dataclass(frozen=True)
class Manner:
    """How a worker works; all in seconds."""

    lease: float = 60.0
    """How long a job stays with a worker that is not heard of; it is heard of thrice as often."""
    poll: float = 2.0
    """The longest a job lies unseen if its bell is lost."""
    pause: float = 5.0
    """Before the next attempt of a failed job; doubled each time."""
    patience: float = 30.0
    """Before a job is taken up again that wants a model, a database or credits to be had first."""
    grace: float = 2.0
    """How long work may go on after the worker was told to stop; then it is broken off."""


def name_worker() -> str:
    """Return a name no other worker has."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"


@dataclass
class Worker:
    """Works on one job at a time; several of them may share a process."""

    claims: Claims
    bell: Bell
    work: Work
    agents: Sequence[str] = ()
    """Whose jobs it takes; everybody's when none is named."""
    manner: Manner = Manner()
    name: str = field(default_factory=name_worker)
    steady: Callable[[], float] = time.monotonic

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; the job at hand is then finished or put back."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                job = await self._claim()
                if job is None:
                    await self._idle(stopping)
                else:
                    await self.attempt(job, stopping)
        finally:
            stopping.cancel()

    async def drain(self) -> int:
        """Work until nothing is ready; return how many attempts that took."""
        never = asyncio.create_task(asyncio.Event().wait())
        attempts = 0
        try:
            while job := await self.claims.claim(self.name, self.manner.lease, self.agents):
                await self.attempt(job, never)
                attempts += 1
        finally:
            never.cancel()
        return attempts

    async def attempt(self, job: Job, stopping: asyncio.Task[Any]) -> None:
        """Have a claimed job worked on once, and record how that ended."""
        held = _Held(self, job)
        working = asyncio.create_task(_call(self.work, job, held.hold))
        beating = asyncio.create_task(held.beat())
        try:
            await asyncio.wait((working, beating, stopping), return_when=_FIRST)
            if stopping.done() and not beating.done():
                ends = (working, beating)
                await asyncio.wait(ends, timeout=self.manner.grace, return_when=_FIRST)
        finally:
            # Also when this very task is cancelled: nothing may go on that nobody watches.
            broken_off = not working.done()
            await _end(working)
            await _end(beating)
        if broken_off:
            return await self._break_off(job, beating)
        return await self._record(job, working)

    async def _idle(self, stopping: asyncio.Task[Any]) -> None:
        waiting = asyncio.create_task(self.bell.wait(self.agents, self.manner.poll))
        await asyncio.wait((waiting, stopping), return_when=_FIRST)
        await _end(waiting)

    async def _claim(self) -> Job | None:
        try:
            return await self.claims.claim(self.name, self.manner.lease, self.agents)
        except StoreAway as error:
            _log.warning("store_away", extra={"worker": self.name, "error": str(error)})
            await asyncio.sleep(self.manner.poll / 2)
            return None

    async def _break_off(self, job: Job, beating: asyncio.Task[None]) -> None:
        lost = _error(beating)
        if lost is None:
            await self._tell(self.claims.release, job, "the worker was stopped", 0.0)
        else:
            _log.warning("job_lost", extra={"job": job.id, "error": str(lost)})

    async def _record(self, job: Job, working: asyncio.Task[Ended]) -> None:
        match _error(working):
            case None:
                ended = working.result()
                await self._tell(self.claims.finish, job, ended.state, ended.text)
            case Overtaken() as error:
                _log.warning("job_lost", extra={"job": job.id, "error": str(error)})
            case Unreachable() | NoCredit() | StoreAway() as error:
                await self._tell(self.claims.release, job, str(error), self.manner.patience)
            case SamovarError() as error:
                await self._fail(job, str(error))
            case error:
                _log.error("work_broke", exc_info=error, extra={"job": job.id})
                await self._fail(job, f"a mistake in samovar: {type(error).__name__}: {error}")

    async def _fail(self, job: Job, reason: str) -> None:
        pause = self.manner.pause * 2 ** (job.attempts - 1)
        await self._tell(self.claims.fail, job, reason, pause)

    async def _tell(self, say: Callable[..., Awaitable[Job]], job: Job, *what: Any) -> None:
        """Record the end of an attempt, if need be again until the lease would be over."""
        end = self.steady() + self.manner.lease
        while True:
            try:
                await say(job, *what)
            except Overtaken as error:
                _log.warning("job_lost", extra={"job": job.id, "error": str(error)})
            except StoreAway as error:
                _log.warning("store_away", extra={"job": job.id, "error": str(error)})
                await asyncio.sleep(min(1.0, self.manner.poll))
                if self.steady() < end:
                    continue
            return


@dataclass
class _Held:
    """The lease of one attempt."""

    worker: Worker
    job: Job
    until: float = 0.0

    def __post_init__(self) -> None:
        self.until = self.worker.steady() + self.worker.manner.lease

    async def hold(self) -> None:
        """Renew the lease now. Raises Overtaken."""
        asked = self.worker.steady()
        await self.worker.claims.beat(self.job, self.worker.manner.lease)
        self.until = asked + self.worker.manner.lease

    async def beat(self) -> None:
        """Renew the lease again and again. Raises Overtaken or _LeaseOver when it is lost."""
        third = self.worker.manner.lease / 3
        wait = third
        while True:
            await asyncio.sleep(wait)
            wait = third
            try:
                await asyncio.wait_for(self.hold(), max(0.0, self.until - self.worker.steady()))
            except StoreAway:
                wait = min(1.0, third / 4)
            except TimeoutError as error:
                raise _LeaseOver("the database did not answer before the lease was over") from error


async def _call(work: Work, job: Job, hold: Hold) -> Ended:
    return await work(job, hold)


async def _end(task: asyncio.Task[Any]) -> None:
    """Break off a task; one that does not let go in time is left behind."""
    task.cancel()
    await asyncio.wait((task,), timeout=_LET_GO)
    if not task.done():
        _log.error("does_not_stop", extra={"task": repr(task)})


def _error(task: asyncio.Task[Any]) -> BaseException | None:
    return None if task.cancelled() or not task.done() else task.exception()


async def run_workers(workers: Sequence[Worker]) -> None:
    """Run workers until SIGTERM or SIGINT; what is not put down in time is left to its lease."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        stop.set()
        # A thread or a broken driver may not let go; leases are made for exactly this.
        loop.call_later(_LONGEST_STOP, os._exit, 0)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    await asyncio.gather(*(worker.run(stop) for worker in workers))
