"""A running command seen from outside: fed, read, measured, and ended in time."""

import asyncio
import contextlib
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from time import monotonic

from samovar.core.seams import Command
from samovar.sandboxes.limits import Limits

CHUNK = 1 << 16
GRACE = 2.0
"""Seconds until a killed tree must be gone."""


class Kept:
    """The first and the last half of what was printed; the middle is dropped, not stored."""

    def __init__(self, most: int) -> None:
        self.most = max(most, 2)
        self.total = 0
        self._head = bytearray()
        self._tail = bytearray()

    def add(self, data: bytes) -> None:
        """Take more output."""
        self.total += len(data)
        room = self.most // 2 - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 4 * self.most + CHUNK:
            self._trim()

    def text(self) -> str:
        """Return it as text, with a line that says how much is left out."""
        self._trim()
        left_out = self.total - len(self._head) - len(self._tail)
        head, tail = (bytes(b).decode("utf-8", "replace") for b in (self._head, self._tail))
        return f"{head}\n[... {left_out} bytes left out ...]\n{tail}" if left_out else head + tail

    def _trim(self) -> None:
        del self._tail[: max(0, len(self._tail) - self.most // 2)]


class Watched:
    """One process tree, its output and the reason it was stopped, if it was."""

    def __init__(
        self, process: Process, command: Command, limits: Limits, kill: Callable[[], None]
    ) -> None:
        self.process = process
        self.command = command
        self.limits = limits
        self.kept = Kept(command.output)
        self.stopped = ""
        self.started = monotonic()
        self._kill = kill

    def stop(self, why: str) -> None:
        """Kill the whole tree; the first reason counts."""
        self.stopped = self.stopped or why
        self._kill()

    async def follow(self, measure: Callable[[], Awaitable[str]]) -> float:
        """Wait for the end or for a limit; return the seconds it took.

        `measure` is called again and again and names the limit that is exceeded, or nothing.
        When the caller is cancelled the tree is killed before the cancellation goes on.
        """
        helpers = [asyncio.create_task(self._feed()), asyncio.create_task(self.meter(measure))]
        reader = asyncio.create_task(self._read())
        left = self.command.seconds - (monotonic() - self.started)
        try:
            done, _ = await asyncio.wait({reader}, timeout=max(left, 0))
            if not done:
                self.stop("time")
        finally:
            for task in helpers:
                task.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await self.end(reader)
        return monotonic() - self.started

    async def end(self, reader: "asyncio.Task[None] | None" = None) -> None:
        """Kill what is left and wait until nobody holds the output any more: soon, after a kill."""
        self._kill()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader or self._read(), GRACE)
        await self.process.wait()

    async def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None, "started with a pipe"
        while data := await stream.read(CHUNK):
            if self.kept.total <= self.limits.flood:
                self.kept.add(data)
            else:
                self.stop("output")

    async def _feed(self) -> None:
        stream = self.process.stdin
        if stream is None:
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stream.write(self.command.stdin)
            await stream.drain()
        stream.close()

    async def meter(self, measure: Callable[[], Awaitable[str]]) -> None:
        """Stop the tree once `measure` names a limit."""
        while not self.stopped:
            await asyncio.sleep(0.1)
            why = await measure()
            if why:
                self.stop(why)
