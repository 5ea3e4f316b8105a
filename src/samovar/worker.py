"""A worker: claims jobs, has them worked on, and lets go of them, whatever happens.

It may be killed at any moment: its jobs are claimed again when their leases run out.
"""

import asyncio
import logging
import os
import secrets
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from samovar.core.errors import SamovarError
from samovar.org.hold import Manner, carry
from samovar.org.resume import Absent
from samovar.org.seams import Bell, Claims, Ended, Job, StoreAway, Work

_log = logging.getLogger(__name__)
_FIRST = asyncio.FIRST_COMPLETED
_LONGEST_STOP = 4.5
"""Seconds from the word to stop until a worker's process ends, come what may."""
_SOONEST = 0.01
"""Seconds between two looks at the queue, at least."""


def name_worker() -> str:
    """Return a name no other worker has."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"


@dataclass
class Worker:
    """Works on one job at a time; several of them may share a process. Times are in seconds."""

    claims: Claims
    bell: Bell
    work: Work
    agents: Sequence[str] = ()
    """Whose jobs it takes; everybody's when none is named."""
    manner: Manner = field(default_factory=Manner)
    poll: float = 2.0
    """The longest a new job lies unseen if its bell is lost."""
    grace: float = 2.0
    """How long work may go on after the worker was told to stop; then it is broken off."""
    name: str = field(default_factory=name_worker)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; the job at hand is then finished or put back."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                job = await self._next(stopping)
                if job is not None:
                    await self._attempt(job, stopping)
        finally:
            stopping.cancel()

    async def drain(self) -> int:
        """Work until nothing is ready; return how many attempts that took."""
        never = asyncio.create_task(asyncio.Event().wait())
        attempts = 0
        try:
            while job := await self._claim():
                await self._attempt(job, never)
                attempts += 1
        finally:
            never.cancel()
        return attempts

    async def _next(self, stopping: asyncio.Task[Any]) -> Job | None:
        """Return a job to work on; None after there was nothing for a while."""
        try:
            job = await self._claim()
            if job is None:
                await self._idle(stopping)
        except StoreAway as error:
            _log.warning("store_away", extra={"worker": self.name, "error": str(error)})
            await asyncio.sleep(self.poll / 2)
            return None
        return job

    async def _claim(self) -> Job | None:
        return await self.claims.claim(self.name, self.manner.lease, self.agents)

    async def _attempt(self, job: Job, stopping: asyncio.Task[Any]) -> None:
        """Carry a claimed job; when told to stop, put it back after a while of grace."""
        carrying = asyncio.create_task(carry(self.claims, job, self.work, self.manner))
        try:
            await asyncio.wait((carrying, stopping), return_when=_FIRST)
            await asyncio.wait((carrying,), timeout=self.grace)
        finally:
            carrying.cancel()
            await asyncio.wait((carrying,))
        self._note(job, carrying)

    def _note(self, job: Job, carried: asyncio.Task[Ended]) -> None:
        """Say in the log what the job's own reason does not."""
        error = None if carried.cancelled() else carried.exception()
        if isinstance(error, Absent):
            # It comes back every half a minute; `status` names it.
            return
        if isinstance(error, SamovarError):
            _log.warning("job_not_done", extra={"job": job.id, "error": str(error)})
        elif error is not None:
            _log.error("work_broke", exc_info=error, extra={"job": job.id})

    async def _idle(self, stopping: asyncio.Task[Any]) -> None:
        """Wait for the bell, the end of a lease or a pause, or the next look."""
        # Leases and pauses end without a ring.
        rest = min(self.poll, max(_SOONEST, await self.claims.rest(self.agents)))
        waiting = asyncio.create_task(self.bell.wait(self.agents, rest))
        try:
            await asyncio.wait((waiting, stopping), return_when=_FIRST)
        finally:
            waiting.cancel()
            await asyncio.wait((waiting,))


def end_within(seconds: float) -> None:
    """End the process after so long, come what may, unless it has ended by then.

    A thread, a task or a broken driver may not let go; leases and logs are made for exactly this.
    """
    asyncio.get_running_loop().call_later(seconds, os._exit, 0)


async def run_workers(workers: Sequence[Worker]) -> None:
    """Run workers until SIGTERM or SIGINT; what is not put down in time is left to its lease."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        stop.set()
        end_within(_LONGEST_STOP)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    await asyncio.gather(*(worker.run(stop) for worker in workers))
