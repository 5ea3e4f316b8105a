"""Runs a server works on itself, one at a time: one model is enough for one machine.

A question never blocks the workshop. Nobody answers it here, so the run ends as waiting; a person's
word takes the run up again, and counts for exactly the act it was given for, of that run alone.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import structlog

from samovar.app import App, Wish
from samovar.core.errors import SamovarError, SetupError
from samovar.core.event import Asked, Entry, Opened
from samovar.core.seams import Live
from samovar.flow.kit import Ask, Word

Stage = Literal["queued", "running", "ended", "failed"]
Open = Callable[[Path, Ask, Live], AbstractAsyncContextManager[App]]
"""Opens the repository of a home for work, as `boot.at_work` does."""

IDLE = 300.0
"""Seconds a model is kept for the next order."""
KEPT = 50
"""Orders remembered; the oldest are forgotten, their runs are not."""
WAITING = 20
"""Orders that may wait at a time."""
TAIL = 400
"""Characters shown of what a model is saying."""

log = structlog.get_logger("samovar.workshop")


@dataclass
class Order:
    """A run to begin, or to go on with."""

    id: int
    home: Path
    """Whose repository it is about."""
    text: str
    wish: Wish | None = None
    """None to go on with a run."""
    run: str = ""
    """Known once the run has begun."""
    words: dict[tuple[str, str], Word] = field(default_factory=dict)
    """A person's answers, by act and digest; each is spent once."""
    stage: Stage = "queued"
    step: str = ""
    said: str = ""
    """The end of what the model is saying right now."""
    tokens: int = 0
    error: str = ""
    at: float = field(default_factory=time.time)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the run has a name, or never will."""
    task: "asyncio.Task[None] | None" = None

    @property
    def name(self) -> str:
        """What it is called: its run's name, before that one of its own."""
        return self.run or f"order-{self.id}"

    @property
    def open(self) -> bool:
        """Whether it is still worked on, or will be."""
        return self.stage in ("queued", "running")


class Workshop:
    """Works off orders in the order they came."""

    def __init__(self, open: Open) -> None:
        self._open = open
        self.poke: Callable[[], None] = lambda: None
        """Called whenever something changed that a page shows."""
        self._queue: asyncio.Queue[Order] = asyncio.Queue()
        self._orders: deque[Order] = deque(maxlen=KEPT)
        self._current: Order | None = None
        self._count = 0

    @property
    def orders(self) -> list[Order]:
        """The latest orders, the latest first."""
        return list(reversed(self._orders))

    def submit(self, home: Path, wish: Wish) -> Order:
        """Ask for a new run, kept in a home; work is done in the repository it belongs to.

        Raises SetupError when there is nothing to do, or too much.
        """
        if not wish.text.strip():
            raise SetupError("the task is empty; say what to do")
        return self._add(Order(self._count, home, " ".join(wish.text.split())[:120], wish))

    def resume(self, home: Path, run: str) -> Order:
        """Ask to go on with a run of a home. Raises SetupError while it is worked on."""
        if self.works_on(run):
            raise SetupError(f"run {run} is being worked on: wait until it asks or ends")
        return self._add(Order(self._count, home, f"go on with {run}", run=run))

    def answer(self, home: Path, run: str, asked: Asked, word: Word) -> Order:
        """Give a person's word on one exact act, and go on with the run that asked."""
        order = self.resume(home, run)
        order.words[asked.act, asked.digest] = word
        return order

    def find(self, name: str) -> Order | None:
        """Return the latest order of that name, or for that run."""
        known = (o for o in reversed(self._orders) if name in (o.run, f"order-{o.id}"))
        return next(known, None) if name else None

    def stop(self, name: str) -> None:
        """Stop a run after what it is doing; it can be taken up again. Raises SetupError."""
        order = self.find(name)
        if order is None or not order.open:
            raise SetupError(f"{name} is not worked on by this server: stop it where it was begun")
        self.drop(order.id)

    async def undo(self, home: Path, run: str) -> str:
        """Take back what a run committed; return what was done in one line."""
        async with self._open(home, self._ask, self._hear) as app:
            return await app.undo(run)

    def drop(self, id: int) -> None:
        """Take an order back, begun or not."""
        for order in self._orders:
            if order.id == id and order.stage == "queued":
                self._end(order, "failed", "taken back")
            if order.id == id and order.task is not None:
                order.task.cancel()

    def works_on(self, run: str) -> bool:
        """Say whether an order for this run is open."""
        order = self.find(run)
        return order is not None and order.open

    @asynccontextmanager
    async def open_day(self) -> AsyncGenerator[None]:
        """Work off orders until the block ends; a run in progress stops there and is kept."""
        working = asyncio.create_task(self._work())
        try:
            yield
        finally:
            working.cancel()
            await asyncio.wait({working})

    async def _work(self) -> None:
        next_one: Order | None = None
        while True:
            order = next_one or await self._queue.get()
            try:
                next_one = await self._session(order)
            except (SamovarError, OSError) as error:
                next_one = None
                self._end(order, "failed", str(error))

    async def _session(self, first: Order) -> Order | None:
        """Work off orders of one home; return the first of another home, None after a pause."""
        order: Order | None = first
        async with self._open(first.home, self._ask, self._hear) as app:
            while order is not None and order.home == first.home:
                await self._carry_out(app, order)
                order = await self._next()
        return order

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
        error = None if order.task.cancelled() else order.task.exception()
        stopped = "stopped; it can be taken up again" if order.task.cancelled() else ""
        if error is not None and not isinstance(error, SamovarError | OSError):
            log.error("run.broken", run=order.run, error=repr(error))
        self._end(order, "failed" if error else "ended", str(error or stopped))

    async def _follow(self, app: App, order: Order) -> None:
        entries = app.resume(order.run) if order.wish is None else app.start(order.wish)
        async for entry in _closing(entries):
            if isinstance(entry.event, Opened):
                order.run = entry.event.run
                order.begun.set()
            order.said, order.tokens = "", 0
            self.poke()

    def _end(self, order: Order, stage: Stage, error: str) -> None:
        if not order.open:
            return
        order.stage, order.error, order.step, order.said = stage, error, "", ""
        order.task = None
        order.begun.set()
        self.poke()

    async def _ask(self, asked: Asked, _text: str, /) -> Word | None:
        """Return the word given for this act; None makes the run wait."""
        words = self._current.words if self._current else {}
        return words.pop((asked.act, asked.digest), None)

    def _hear(self, kind: str, text: str, /) -> None:
        order = self._current
        if order is None:
            return
        if kind == "token":
            order.tokens += 1
            order.said = (order.said + text)[-TAIL:]
        else:
            order.step, order.said, order.tokens = text, "", 0
        self.poke()

    def _add(self, order: Order) -> Order:
        if sum(o.stage == "queued" for o in self._orders) >= WAITING:
            raise SetupError(f"{WAITING} runs wait already: stop one or come back later")
        if order.run:
            order.begun.set()
        self._count += 1
        self._orders.append(order)
        self._queue.put_nowait(order)
        self.poke()
        return order


async def _closing(entries: AsyncIterator[Entry]) -> AsyncIterator[Entry]:
    """Yield entries; whoever stops reading ends the run at once, so that its lock is free."""
    try:
        async for entry in entries:
            yield entry
    finally:
        if isinstance(entries, AsyncGenerator):
            await entries.aclose()
