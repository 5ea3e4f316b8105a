"""Runs this server works on, one at a time: one model is enough for one machine.

Nobody is asked here: a run with a question ends as waiting. A word given for one exact act takes
the run up again and counts for that act of that run alone.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from samovar.app import App, Wish
from samovar.core.errors import SamovarError, SetupError
from samovar.core.event import Asked, Entry, Opened
from samovar.core.seams import Live
from samovar.flow.kit import Ask

Stage = Literal["queued", "running", "ended", "failed"]
Open = Callable[[Ask, Live], AbstractAsyncContextManager[App]]
"""Opens the repository for work, as `boot.at_work` does."""
IDLE = 300.0
"""Seconds a model is kept for the next order."""
KEPT = 50
"""Orders remembered; the oldest are forgotten, their runs are not."""
WAITING = 20
"""Orders that may wait at a time."""


@dataclass
class Order:
    """A run to begin, or to go on with."""

    name: str
    """What it is called until its run has begun."""
    wish: Wish | None = None
    """None to go on with a run."""
    run: str = ""
    stage: Stage = "queued"
    step: str = ""
    """What is being done right now."""
    error: str = ""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the run has a name, or never will."""
    task: "asyncio.Task[None] | None" = None

    @property
    def open(self) -> bool:
        """Whether it is still worked on, or will be."""
        return self.stage in ("queued", "running")


class Works:
    """Works off orders in the order they came."""

    def __init__(self, open: Open) -> None:
        self._open = open
        self._queue: asyncio.Queue[Order] = asyncio.Queue()
        self._orders: deque[Order] = deque(maxlen=KEPT)
        self._words: dict[tuple[str, str, str], bool] = {}
        self._current: Order | None = None
        self._count = 0

    def submit(self, wish: Wish) -> Order:
        """Ask for a new run. Raises SetupError for too many at a time."""
        self._count += 1
        return self._add(Order(f"order-{self._count}", wish))

    def answer(self, run: str, asked: Asked, yes: bool) -> Order:
        """Give a person's word on one exact act, and go on with the run that asked."""
        if any(o.run == run and o.open for o in self._orders):
            raise SetupError(f"run {run} is being worked on: wait until it asks again")
        order = self._add(Order(run, run=run))
        self._words[run, asked.act, asked.digest] = yes
        return order

    def stop(self, name: str) -> Order:
        """Stop a run after what it is doing; it is kept. Raises SetupError."""
        order = self.find(name)
        if order is None or not order.open:
            raise SetupError(f"{name} is not worked on by this server")
        if order.stage == "queued":
            self._end(order, "failed", "taken back")
        elif order.task is not None:
            order.task.cancel()
        return order

    def find(self, name: str) -> Order | None:
        """Return the latest order of that name, or for that run."""
        return next((o for o in reversed(self._orders) if name in (o.name, o.run)), None)

    @asynccontextmanager
    async def open_day(self) -> AsyncGenerator[None]:
        """Work off orders until the block ends; a run in progress stops there and is kept."""
        working = asyncio.create_task(self._work())
        try:
            yield
        finally:
            working.cancel()
            await asyncio.wait({working})

    def _add(self, order: Order) -> Order:
        if sum(o.stage == "queued" for o in self._orders) >= WAITING:
            raise SetupError(f"{WAITING} runs wait already: stop one or come back later")
        if order.run:
            order.begun.set()
        self._orders.append(order)
        self._queue.put_nowait(order)
        return order

    async def _work(self) -> None:
        while True:
            order = await self._queue.get()
            try:
                async with self._open(self._ask, self._hear) as app:
                    order = await self._work_off(app, order)
            except (SamovarError, OSError) as error:
                self._end(order, "failed", str(error))

    async def _work_off(self, app: App, order: Order) -> Order:
        """Work until nothing came for a while; return the last order."""
        last, more = order, True
        while more:
            await self._carry_out(app, last)
            found = await self._next()
            last, more = found or last, found is not None
        return last

    async def _next(self) -> Order | None:
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._queue.get(), IDLE)
        return None

    async def _carry_out(self, app: App, order: Order) -> None:
        if order.stage != "queued":
            return
        order.stage, self._current = "running", order
        order.task = asyncio.create_task(self._follow(app, order))
        try:
            await asyncio.wait({order.task})
        finally:
            order.task.cancel()
            await asyncio.wait({order.task}, timeout=10.0)
            self._current = None
        if order.task.cancelled():
            self._end(order, "failed", "stopped; go on with: samovar resume")
            return
        error = order.task.exception()
        self._end(order, "failed" if error else "ended", str(error or ""))

    async def _follow(self, app: App, order: Order) -> None:
        entries = app.resume(order.run) if order.wish is None else app.start(order.wish)
        async for entry in _closing(entries):
            if isinstance(entry.event, Opened):
                order.run = entry.event.run
                order.begun.set()

    def _end(self, order: Order, stage: Stage, error: str) -> None:
        if not order.open:
            return
        order.stage, order.error, order.step = stage, error, ""
        order.begun.set()
        for word in [w for w in self._words if w[0] == order.run]:
            del self._words[word]

    async def _ask(self, asked: Asked, _text: str, /) -> bool | None:
        """Return the word given for this act; None makes the run wait."""
        run = self._current.run if self._current else ""
        return self._words.pop((run, asked.act, asked.digest), None)

    def _hear(self, kind: str, text: str, /) -> None:
        if self._current is not None and kind in ("step", "note"):
            self._current.step = text


async def _closing(entries: AsyncIterator[Entry]) -> AsyncIterator[Entry]:
    """Yield entries; whoever stops reading ends the run at once, so that its lock is free."""
    try:
        async for entry in entries:
            yield entry
    finally:
        if isinstance(entries, AsyncGenerator):
            await entries.aclose()
