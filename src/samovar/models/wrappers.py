"""Models around models: each adds one thing to any model."""

import asyncio
import os
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import UNREADABLE, ModelError, SetupError, Unusable
from samovar.core.message import Reply, Request, Usage
from samovar.core.seams import Live, Model
from samovar.models.failures import Busy, Rejected


@dataclass(frozen=True)
class Retrying:
    """Asks again after a failure that may pass, waiting longer each time."""

    model: Model
    tries: int = 3
    pause: float = 1.0
    """Seconds before the second try; doubled before each further one."""
    longest: float = 120.0
    """A server that asks for more seconds than this is given up."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    live: Live | None = None
    """Called with ("note", text) before each further try: what came of the one before is void."""

    async def reply(self, request: Request, /) -> Reply:
        """Return the first answer of use, with the tokens and the time of those that were of none.

        Raises the ModelError of the last try.
        """
        attempt, lost, seconds = 0, Usage(), 0.0
        while True:
            try:
                reply = await self.model.reply(request)
                return replace(reply, usage=reply.usage + lost, seconds=reply.seconds + seconds)
            except ModelError as error:
                wait, attempt = self._wait(error, attempt), attempt + 1
                if isinstance(error, Unusable):
                    lost = error.usage = error.usage + lost
                    seconds = error.seconds = error.seconds + seconds
                again = _varied(request) if isinstance(error, Unusable) else request
                final = attempt == self.tries or isinstance(error, Rejected)
                if final or again is None or wait > self.longest:
                    raise
                if self.live is not None:
                    self.live("note", f"{str(error).partition(';')[0]}; asking again")
            await self.sleep(wait)
            request = again

    def _wait(self, error: ModelError, attempt: int) -> float:
        asked = error.after if isinstance(error, Busy) else 0.0
        return max(asked, self.pause * 2.0**attempt)


def _varied(request: Request) -> Request | None:
    """Return a request that may be answered otherwise; None when the answer would be the same."""
    drawn = request.sampling
    if drawn.temperature == 0:
        return None
    if drawn.seed is None:
        return request
    return replace(request, sampling=replace(drawn, seed=drawn.seed + 1))


@dataclass
class Counted:
    """Adds up what was asked and spent, for callers that see no reply."""

    model: Model
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    seconds: float = 0.0

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer."""
        self.calls += 1
        try:
            reply = await self.model.reply(request)
        except Unusable as error:
            self.usage += error.usage
            self.seconds += error.seconds
            raise
        self.usage += reply.usage
        self.seconds += reply.seconds
        return reply


class Exchange(Struct, frozen=True, omit_defaults=True):
    """A request and what came of it: a reply, or the text of an error."""

    request: Request
    reply: Reply | None = None
    error: str = ""


@dataclass(frozen=True)
class Recorded:
    """Writes every exchange into a file, one line of JSON each, for Replayed."""

    model: Model
    path: Path

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer. Raises what the model raises."""
        try:
            reply = await self.model.reply(request)
        except ModelError as error:
            _append(self.path, Exchange(request, error=str(error)))
            raise
        _append(self.path, Exchange(request, reply))
        return reply


def _append(path: Path, exchange: Exchange) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Prompts hold people's code.
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, msgspec.json.encode(exchange) + b"\n")
    finally:
        os.close(handle)


class Replayed:
    """Answers as a file of Recorded says; the same request gets its answers in their order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._left: dict[bytes, deque[Exchange]] = defaultdict(deque)
        try:
            for line in path.read_bytes().splitlines():
                exchange = msgspec.json.decode(line, type=Exchange)
                self._left[msgspec.json.encode(exchange.request)].append(exchange)
        except (OSError, *UNREADABLE) as error:
            raise SetupError(f"cannot replay {path}: {error}") from error

    async def reply(self, request: Request, /) -> Reply:
        """Return the recorded answer. Raises ModelError when none is left, or one was recorded."""
        left = self._left[msgspec.json.encode(request)]
        if not left:
            raise ModelError(f"{self.path} holds no further answer to this request: record again")
        exchange = left.popleft()
        if exchange.reply is None:
            raise ModelError(exchange.error)
        return exchange.reply
