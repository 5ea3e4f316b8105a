"""A connection to one MCP server, held by a task of its own.

The `mcp` package opens and closes a connection in one task; conversations come and go in others.
Source: https://modelcontextprotocol.io/specification, transports; `mcp` 2.3.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from samovar.core.errors import SamovarError, ToolError
from samovar.tools.foreign import line

_END = 6.0
"""Seconds a connection has for closing."""
_LISTENS = 5.0
"""Seconds in which a server that owes us an answer still tells its tools; else it hangs."""

T = TypeVar("T")


class Offer(Struct, frozen=True):
    """A tool, as its server describes it."""

    name: str
    description: str
    schema: Any


class Answer(Struct, frozen=True):
    """What a server returned."""

    text: str
    ok: bool


class Speaker(Protocol):
    """An open connection."""

    async def offers(self) -> Sequence[Offer]:
        """Return the tools of the server."""
        ...

    async def call(self, name: str, arguments: dict[str, Any], /) -> Answer:
        """Use a tool."""
        ...


@dataclass
class End:
    """How a connection ended that may not break by itself; nothing while it stands."""

    said: str = ""


Open = Callable[[], AbstractAsyncContextManager[Speaker]]


class Wire:
    """Keeps a connection; what goes wrong with it is a ToolError of one line."""

    def __init__(self, name: str, open: Open, end: End) -> None:
        self.name = name
        self._open = open
        self._end = end
        self._stop = asyncio.Event()
        self._ready: asyncio.Future[Speaker] = asyncio.get_running_loop().create_future()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether the connection stands."""
        return self._keeper is not None and not self._keeper.done() and not self._end.said

    async def start(self, seconds: float) -> Sequence[Offer]:
        """Connect and return the server's tools. Raises ToolError."""
        self._keeper = asyncio.create_task(self._keep())
        try:
            return await self._raced(self._offers(), seconds)
        except BaseException:
            await self.end()
            raise

    async def call(self, name: str, arguments: dict[str, Any], seconds: float) -> Answer:
        """Use a tool. Raises ToolError when no answer came; with a server that hangs it ends."""
        try:
            return await self._raced(self._ready.result().call(name, arguments), seconds)
        except ToolError as error:
            if self.alive and not await self._listens():
                self._end.said = "it hangs"
                raise ToolError(f"{error}, and hangs: the next call starts it again") from error
            raise

    async def end(self) -> None:
        """Close the connection; once is enough, more does no harm."""
        self._stop.set()
        if self._keeper is None:
            return
        if self._ready.done():
            await asyncio.wait({self._keeper}, timeout=_END)
        self._keeper.cancel()
        await asyncio.wait({self._keeper}, timeout=_END)
        _error(self._keeper)

    async def _keep(self) -> None:
        async with self._open() as speaker:
            self._ready.set_result(speaker)
            await self._stop.wait()

    async def _offers(self) -> Sequence[Offer]:
        return await (await asyncio.shield(self._ready)).offers()

    async def _listens(self) -> bool:
        # Not by a ping, which protocol 2026-07-28 has no more.
        try:
            await self._raced(self._offers(), _LISTENS)
        except ToolError:
            return False
        return True

    async def _raced(self, work: Awaitable[T], seconds: float) -> T:
        """Wait for an answer, the end of the connection, or the end of patience."""
        assert self._keeper is not None, "started"
        asked = asyncio.ensure_future(work)
        try:
            both = {asked, self._keeper}
            await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done() and self._keeper.done():
                await asyncio.wait({asked}, timeout=0.1)
            broken = asked.done() and not asked.cancelled() and _error(asked) is not None
            if broken and not self._keeper.done():
                # A server that dies breaks the call first and the connection a moment later.
                await asyncio.wait({self._keeper}, timeout=0.3)
            if asked.done() and not broken:
                return asked.result()
            raise ToolError(f"MCP server {self.name}: {self._why(asked, seconds)}")
        finally:
            asked.cancel()
            await asyncio.wait({asked}, timeout=1.0)
            _error(asked)

    def _why(self, asked: "asyncio.Future[T]", seconds: float) -> str:
        assert self._keeper is not None, "started"
        said = _error(self._keeper) or _error(asked)
        # A limit we set, or the way it could not be started, tells more than its own end.
        ended = "" if isinstance(said, SamovarError) else self._end.said
        if ended:
            return ended
        if said is not None:
            return reason(said)
        return "it ended" if self._keeper.done() else f"it did not answer within {seconds:g} s"


def reason(error: BaseException) -> str:
    """Return the first cause in a group of errors, as one short line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return line(str(error) or type(error).__name__, 300)


def _error(task: "asyncio.Future[Any]") -> BaseException | None:
    return None if task.cancelled() or not task.done() else task.exception()
