"""A bell between machines: one SAQ queue per agent, on Redis or PostgreSQL.

A ring is an SAQ job without content. SAQ loses some jobs when workers are killed, and Redis all
of them at a power cut; here that costs a few seconds, until the next look at the tasks table.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from saq.job import Job, Status
from saq.queue.base import Queue

from samovar.store.bell import Known

_log = logging.getLogger(__name__)
PREFIX = "samovar-"
"""What the name of an agent's SAQ queue begins with."""
_MOST = 16
"""Rings of one agent that wait to be heard; more would say nothing new."""
_TURN = 2.0
"""Seconds a listener stays with one question to the server."""
_RING = 1.0
"""Seconds a ring may take; whoever rings has other things to do."""
_QUIET = 5.0
"""Seconds without ringing after the server did not answer."""
_HOUSEKEEPING = 30.0
"""Seconds between two sweeps of rings whose listener died."""


@dataclass
class SaqBell:
    """`samovar.org.seams.Bell` over SAQ."""

    make: Callable[[str], Queue]
    """Returns the SAQ queue of an agent, not yet connected."""
    agents: Known
    """Asked at each wait for which nobody is named: whom to listen for."""
    troubles: tuple[type[Exception], ...]
    """What a server out of order raises; OSError, and so TimeoutError, is among them."""
    prepare: Callable[[], Awaitable[None]]
    """Done once, before the first queue is used."""
    ending: Callable[[], Awaitable[None]]
    queues: dict[str, Queue] = field(default_factory=dict)
    _waiting: dict[asyncio.Event, Sequence[str]] = field(default_factory=dict)
    _listening: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _swept: dict[str, float] = field(default_factory=dict)
    _quiet_until: float = 0.0
    _preparing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _prepared: bool = False

    async def ring(self, agent: str, /) -> None:
        """Say that an agent has work. Never raises: a bell out of order is logged."""
        if time.monotonic() < self._quiet_until:
            return
        try:
            await asyncio.wait_for(self._enqueue(agent), _RING)
        except self.troubles as error:
            self._quiet_until = time.monotonic() + _QUIET
            _log.warning("bell_out_of_order", extra={"agent": agent, "error": str(error)})

    async def wait(self, agents: Sequence[str], seconds: float, /) -> bool:
        """Return True once it rang for one of these agents (any by default), else False in time.

        Raises what asking for the agents raises.
        """
        rang = asyncio.Event()
        self._waiting[rang] = agents or tuple(await self.agents())
        for agent in self._waiting[rang]:
            if agent not in self._listening:
                self._listening[agent] = asyncio.create_task(self._listen(agent))
        try:
            await asyncio.wait_for(rang.wait(), seconds)
        except TimeoutError:
            return False
        finally:
            del self._waiting[rang]
        return True

    async def shown(self, agents: Sequence[str], /) -> dict[str, Queue]:
        """Return the queues of these agents, for SAQ's own page; none while the server is away."""
        try:
            for agent in agents:
                await self._queue(agent)
        except self.troubles as error:
            _log.warning("bell_out_of_order", extra={"error": str(error)})
        return self.queues

    async def close(self) -> None:
        """Stop listening and give back every connection."""
        tasks = list(self._listening.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(*self.troubles):
            for queue in self.queues.values():
                await queue.disconnect()
        with suppress(*self.troubles):
            await self.ending()

    async def _enqueue(self, agent: str) -> None:
        queue = await self._queue(agent)
        if await queue.count("queued") < _MOST:
            await queue.enqueue(Job(function="ring", ttl=-1, timeout=10))

    async def _queue(self, agent: str) -> Queue:
        async with self._preparing:
            if not self._prepared:
                await self.prepare()
                self._prepared = True
        if agent not in self.queues:
            queue = self.make(agent)
            await queue.connect()
            self.queues[agent] = queue
        return self.queues[agent]

    async def _listen(self, agent: str) -> None:
        """Take rings while somebody waits for them; leave them to other workers otherwise."""
        try:
            while self._waits(agent):
                await self._hear(agent)
        finally:
            self._listening.pop(agent, None)

    async def _hear(self, agent: str) -> None:
        try:
            queue = await self._queue(agent)
            await self._keep_house(agent, queue)
            ring = await queue.dequeue(timeout=_TURN)
            if ring is not None:
                await queue.finish(ring, Status.COMPLETE)
        except self.troubles as error:
            _log.warning("bell_out_of_order", extra={"agent": agent, "error": str(error)})
            await asyncio.sleep(_TURN)
            return
        if ring is None:
            return
        waits = self._waits(agent)
        for event in waits:
            event.set()
        if not waits:
            await self.ring(agent)

    def _waits(self, agent: str) -> list[asyncio.Event]:
        return [e for e, agents in self._waiting.items() if agent in agents and not e.is_set()]

    async def _keep_house(self, agent: str, queue: Queue) -> None:
        now = time.monotonic()
        if now - self._swept.get(agent, -_HOUSEKEEPING) < _HOUSEKEEPING:
            return
        self._swept[agent] = now
        await queue.sweep(lock=int(_HOUSEKEEPING), abort=0.1)
        name = f"{socket.gethostname()}-{os.getpid()}"
        # SAQ's own page lists the listeners; it knows no other word for them than workers.
        await queue.write_worker_info(
            name,
            {
                "stats": {"complete": 0, "failed": 0, "retried": 0, "aborted": 0, "uptime": 0},
                "queue_key": queue.name,
                "metadata": None,
            },
            ttl=int(2 * _HOUSEKEEPING),
        )
