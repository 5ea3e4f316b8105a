"""A Python that remembers from call to call, in the sandbox."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from samovar.core.errors import UNREADABLE, ToolError
from samovar.core.seams import Command, Host, Session
from samovar.core.text import file_name, shorten, visible
from samovar.core.tool import Tool, tool
from samovar.tools.interpreter import Interpreter
from samovar.tools.workspace import Workspace, megabytes

GRACE = 3.0
"""Seconds a cell may take to notice that its time is over, before it is killed."""
LASTS = 86_400.0
"""Seconds until a session that nobody ended is killed."""
_LONGEST = 1 << 20
_ENVIRONMENT = {"MPLBACKEND": "Agg", "COLUMNS": "100", "PYTHONWARNINGS": "ignore"}


class Answer(Struct, frozen=True):
    """What the program inside says of a cell; it may lie."""

    value: str = ""
    error: str = ""
    over: bool = False
    made: tuple[tuple[str, int], ...] = ()
    more: int = 0
    """Files beside those in `made`."""
    all: bool = True
    """Whether all files of the workspace were looked at."""
    seconds: float = 0.0
    printed: str = ""


@dataclass
class Repl:
    """One session, started when it is needed and again when it died."""

    place: Workspace
    host: Host
    interpreter: Interpreter
    memory: int = 2 << 30
    again: bool = False
    """Whether there was a session before: of the next one it is said that it is new."""
    _session: Session | None = None
    _rest: bytes = b""
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, code: str, seconds: float) -> str:
        """Run a cell; return what it printed, is worth and made.

        Raises ToolError when the session died of it; then the next call begins a new one.
        """
        async with self._one:
            note = await self._standing()
            asked = msgspec.json.encode({"code": code, "seconds": seconds}) + b"\n"
            try:
                async with asyncio.timeout(seconds + GRACE):
                    answer = await self._asked(asked)
            except TimeoutError as error:
                await self.end()
                raise ToolError(
                    f"it did not stop after {seconds:.0f} s and was killed: variables and imports "
                    "are gone, the next call begins a new session"
                ) from error
            return note + _shown(answer, seconds)

    async def end(self) -> None:
        """Kill the session, if there is one."""
        session, self._session, self._rest = self._session, None, b""
        if session is not None:
            await session.end()

    async def _standing(self) -> str:
        """Start a session unless one runs; return what to say of it."""
        if self._session is not None:
            return ""
        self._session = await self.host.start(
            Command(
                argv=self.interpreter.argv("repl"),
                workspace=self.place.root,
                seconds=LASTS,
                memory=self.memory,
                readable=self.interpreter.shown,
                environment=_ENVIRONMENT,
            )
        )
        again, self.again = self.again, True
        return "[a new session: earlier variables and imports are gone]\n" if again else ""

    async def _asked(self, asked: bytes) -> Answer:
        """Send a cell and wait for its answer. Raises ToolError when none can come."""
        session = self._session
        assert session is not None, "it stands"
        with contextlib.suppress(ConnectionError):
            await session.send(asked)
        try:
            while b"\n" not in self._rest:
                more = await session.receive()
                self._rest += more
                if not more or len(self._rest) > _LONGEST:
                    raise await self._death(session)
        except asyncio.CancelledError:
            # The cell may still run: what it does next must not be taken for another's answer.
            await self.end()
            raise
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            return msgspec.json.decode(line, type=Answer)
        except UNREADABLE as error:
            self._rest = line
            raise await self._death(session) from error

    async def _death(self, session: Session) -> ToolError:
        said = self._rest[-300:].decode("utf-8", "replace").strip().splitlines()
        why = f"it exceeded its {session.stopped}" if session.stopped else "it ended"
        last = f" ({visible(said[-1])})" if said else ""
        await self.end()
        return ToolError(
            f"the Python session died: {why}{last}; variables and imports are gone, the next call "
            "begins a new session"
        )


def python(repl: Repl) -> Tool:
    """Return the tool that runs Python."""

    async def python(
        code: Annotated[str, Meta(description="statements; the last expression is shown")],
        seconds: Annotated[float, Meta(gt=0, le=600, description="time limit")] = 30.0,
    ) -> str:
        """Run Python that remembers variables between calls; it starts in /w, the workspace."""
        return await repl.run(code, seconds)

    return tool(python, "run", {"code": "rows = [1, 2, 3]\nsum(rows)", "seconds": 30})


def _shown(answer: Answer, seconds: float) -> str:
    parts = [answer.printed.rstrip("\n"), answer.value, answer.error]
    if answer.over:
        parts.append(f"[stopped after {seconds:.0f} s; variables are kept]")
    if answer.made or not answer.all:
        names = [f"{file_name(name)} ({megabytes(size)})" for name, size in answer.made] or [
            "none seen"
        ]
        more = f" and {answer.more} more" if answer.more else ""
        rest = "" if answer.all else "; there are too many files to look at all"
        parts.append(f"[files made or changed: {', '.join(names)}{more}{rest}]")
    text = "\n".join(p for p in parts if p)
    return shorten(visible(text), "print less, or write to a file", 6000) or "(no output)"
