"""A command that keeps running: talked to through its pipes, measured, ended once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from samovar.sandboxes.process import CHUNK, Watched


class Running:
    """A core Session over a watched process; what `opened` holds is closed at its end."""

    def __init__(
        self, watched: Watched, measure: Callable[[], Awaitable[str]], opened: ExitStack
    ) -> None:
        self._watched = watched
        self._opened = opened
        self._helpers = [
            asyncio.create_task(watched.meter(measure)),
            asyncio.create_task(self._until(watched.command.seconds)),
        ]

    @property
    def stopped(self) -> str:
        """Which limit ended it; empty while it runs."""
        return self._watched.stopped

    async def send(self, data: bytes, /) -> None:
        """Write to its standard input. Raises ConnectionError when it has ended."""
        stream = self._watched.process.stdin
        assert stream is not None, "started with a pipe"
        if stream.is_closing() or self._watched.process.returncode is not None:
            raise BrokenPipeError("the command has ended")
        stream.write(data)
        await stream.drain()

    async def receive(self) -> bytes:
        """Return what it printed next; nothing at its end."""
        stream = self._watched.process.stdout
        assert stream is not None, "started with a pipe"
        return await stream.read(CHUNK)

    async def end(self) -> None:
        """Kill it and all it started."""
        for task in self._helpers:
            task.cancel()
        await asyncio.gather(*self._helpers, return_exceptions=True)
        if self._watched.process.stdin is not None:
            self._watched.process.stdin.close()
        await self._watched.end()
        self._opened.close()

    async def _until(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._watched.stop("time")
