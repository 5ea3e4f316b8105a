"""Live pages: one stream a page, shared by everybody who looks at it.

A source is looked at only while somebody listens; what it has to say is rendered once and sent to
all. At most ten updates a second leave for each page: what happens in between is merged.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import structlog
from msgspec import Struct

from samovar.core.errors import SamovarError
from samovar.web.plots.svg import element
from samovar.web.words import cut

GAP = 0.1
"""Seconds between two updates, at least."""
BEAT = 15.0
"""Seconds after which a silent stream says that it is alive."""
BEHIND = 100
"""Updates a listener may be behind; then its stream ends, and it asks for what it missed."""
LISTENERS = 1_000

log = structlog.get_logger("samovar.web")


class Update(Struct, frozen=True):
    """What changed, as HTML parts that name their targets."""

    id: str
    html: str


class Trouble(Struct, frozen=True):
    """Why nothing can be told now; an empty text says that it can again."""

    text: str


News = Update | Trouble | None
"""What a listener gets; None now and then as a sign of life."""
END = Update("", "")
"""What ends a stream."""


class Source(Protocol):
    """Something that changes."""

    @property
    def pace(self) -> float:
        """Seconds until it is looked at again when nobody says that it changed."""
        ...

    async def look(self) -> Update | None:
        """Return what changed since the last look."""
        ...

    async def since(self, id: str, /) -> Update | None:
        """Return what somebody missed who has seen everything up to this id."""
        ...


@dataclass
class Channel:
    """One source and its listeners."""

    source: Source
    _listeners: dict[asyncio.Queue[News], str] = field(default_factory=dict)
    """Each with the session it belongs to; empty for a bearer of the token."""
    _first: "asyncio.Task[Update | None] | None" = None
    """The first look: everybody who comes before its end waits for this one."""
    _task: "asyncio.Task[None] | None" = None
    _poked: asyncio.Event = field(default_factory=asyncio.Event)
    _trouble: str = ""

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def poke(self) -> None:
        """Say that the source may have changed."""
        self._poked.set()

    def close(self) -> None:
        """End every stream."""
        for queue in list(self._listeners):
            self._drop(queue)

    def leave(self, session: str) -> None:
        """End the streams of one session."""
        for queue in [q for q, whose in self._listeners.items() if whose == session]:
            self._drop(queue)

    async def listen(self, last: str, session: str = "") -> AsyncGenerator[News]:
        """Yield what was missed, then every update."""
        queue: asyncio.Queue[News] = asyncio.Queue(BEHIND)
        self._listeners[queue] = session
        try:
            await self._looked()
            missed = await self.source.since(last)
            if missed is not None:
                yield missed
            if self._trouble and queue.empty():
                yield Trouble(self._trouble)
            while (update := await queue.get()) is not END:
                yield update
        finally:
            self._listeners.pop(queue, None)

    async def _looked(self) -> None:
        """Return once the source was looked at, and is watched."""
        if self._first is None or self._task is None or self._task.done():
            self._first = asyncio.create_task(self._look())
            self._task = asyncio.create_task(self._watch(self._first))
        # Who goes away takes nothing from those who wait, too.
        await asyncio.shield(self._first)

    async def _watch(self, first: "asyncio.Task[Update | None]") -> None:
        clock = asyncio.get_running_loop().time
        spoke, cost = clock(), 0.0
        try:
            await first
            # What is missed is told before the next look: else it would be told twice.
            await self._pause(cost)
            while self._listeners:
                began, spent = clock(), time.process_time()
                update = await self._look()
                if update is not None or began - spoke > BEAT:
                    self._send(update)
                    spoke = began
                # Two hundred pages that open during a look are not its cost; that is like the last.
                cost = min(time.process_time() - spent, 2 * cost + GAP / 8)
                await self._pause(cost)
        finally:
            for queue in list(self._listeners):
                self._drop(queue)

    async def _look(self) -> Update | None:
        try:
            found = await self.source.look()
        except (SamovarError, OSError) as error:
            self._tell(str(error))
            return None
        self._tell("")
        return found

    def _tell(self, trouble: str) -> None:
        """Say, once, that looks fail now, or no longer do."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble:
            log.warning("live.failed", error=trouble)
        self._send(Trouble(trouble))

    def _send(self, news: News) -> None:
        for queue in list(self._listeners):
            if queue.full():
                self._drop(queue)
            else:
                queue.put_nowait(news)

    def _drop(self, queue: asyncio.Queue[News]) -> None:
        """End a stream; its page comes back and asks for what it missed."""
        self._listeners.pop(queue, None)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(END)

    async def _pause(self, cost: float) -> None:
        """Wait for the next look; all looks together take at most a fifth of a processor."""
        await asyncio.sleep(max(GAP, cost * 4))
        try:
            await asyncio.wait_for(self._poked.wait(), min(self.source.pace - GAP, BEAT))
        except TimeoutError:
            return
        finally:
            self._poked.clear()


@dataclass
class Hub:
    """Every page somebody looks at."""

    _channels: dict[str, Channel] = field(default_factory=dict)

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return sum(c.listeners for c in self._channels.values())

    @property
    def full(self) -> bool:
        """Whether no further stream is taken."""
        return self.listeners >= LISTENERS

    def poke(self) -> None:
        """Say that something changed."""
        for channel in self._channels.values():
            channel.poke()

    def close(self) -> None:
        """End every stream: the server stops."""
        for channel in self._channels.values():
            channel.close()

    def leave(self, session: str) -> None:
        """End the streams of a session that is over; a bearer of the token has none."""
        for channel in self._channels.values() if session else ():
            channel.leave(session)

    async def listen(
        self, name: str, make: Callable[[], Source], last: str = "", session: str = ""
    ) -> AsyncIterator[News]:
        """Yield the updates of the source of that name, which is made when nobody has it yet."""
        channel = self._channels.setdefault(name, Channel(make()))
        try:
            async with aclosing(channel.listen(last, session)) as updates:
                async for update in updates:
                    yield update
        finally:
            if not channel.listeners and self._channels.get(name) is channel:
                del self._channels[name]


def partial(target: str, html: str, swap: str = "innerMorph") -> str:
    """Return a part for htmx that replaces, or is put at the end of, the element of that id."""
    return f'<hx-partial hx-target="#{target}" hx-swap="{swap}">{html}</hx-partial>'


@lru_cache(maxsize=256)
def encode(news: News) -> bytes:
    """Return news as a server-sent event (WHATWG HTML, section 9.2); a sign of life as a comment.

    A trouble stands where the page says that it is live. It has no id: nothing was seen by it.
    """
    match news:
        case None:
            return b": alive\n\n"
        case Trouble(text):
            said = element("span", {"class": "bad"}, f"no news: {cut(text)}") if text else "live"
            return f"data: {partial('live', said)}\n\n".encode()
        case Update(id, html):
            data = "\n".join(f"data: {line}" for line in html.splitlines())
            return f"id: {id}\n{data}\n\n".encode()
