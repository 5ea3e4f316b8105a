"""A model server that does what a test tells it, on a real socket of this machine."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from samovar.core.message import Message, Request
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@dataclass
class Heard:
    """One HTTP request, and the way to answer it."""

    path: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter

    @property
    def fields(self) -> dict:
        return json.loads(self.body)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int, data: bytes, kind="application/json", more="") -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
        await self.send(f"{head}{more}Connection: close\r\n\r\n".encode() + data)

    async def say(self, *texts: str, finish="stop", usage: dict | None = None) -> None:
        """Stream a chat answer as it should be."""
        await self.send(HEAD + b"".join(piece(text) for text in texts) + end(finish, usage))


def piece(text: str) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": text}}]})


def end(finish="stop", usage: dict | None = None, timings: dict | None = None) -> bytes:
    choice = {"index": 0, "delta": {}, "finish_reason": finish}
    last = {"choices": [choice], "usage": usage, "timings": timings}
    return event(last) + b"data: [DONE]\n\n"


def event(chunk: object) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


Behaviour = Callable[[Heard], Awaitable[None]]


@dataclass
class Fake:
    """The server: its address and what it was asked."""

    behaviour: Behaviour
    port: int = 0
    asked: list[Heard] = field(default_factory=list)

    def endpoint(self, **fields) -> Endpoint:
        return Endpoint(**{"url": f"http://127.0.0.1:{self.port}/v1", "model": "fake", **fields})

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard = await _read(reader, writer)
            self.asked.append(heard)
            await self.behaviour(heard)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away, as it may
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Heard(head[0].split()[1], headers, body, writer)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Behaviour], Awaitable[Fake]]]:
    """Start servers; they end with the test."""
    servers: list[asyncio.Server] = []
    talks: set[asyncio.Task] = set()

    async def start(behaviour: Behaviour) -> Fake:
        fake = Fake(behaviour)

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talk = asyncio.get_running_loop().create_task(fake.handle(reader, writer))
            talks.add(talk)
            talk.add_done_callback(talks.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=1 << 24)
        servers.append(server)
        fake.port = server.sockets[0].getsockname()[1]
        return fake

    yield start
    for server in servers:
        server.close()
    ending = list(talks)
    for talk in ending:
        talk.cancel()
    for outcome in await asyncio.gather(*ending, return_exceptions=True):
        assert outcome is None or isinstance(outcome, asyncio.CancelledError)


@pytest.fixture
async def open_shop() -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """Start the model server over an endpoint, a keeper or a source; return its port."""
    # Litestar takes a second to import, which the other tests of this folder need not pay.
    from samovar.models.dialects.action import Action
    from samovar.models.dialects.rescue import Rescued
    from samovar.models.serve import run
    from samovar.models.serve.app import Shop, application
    from samovar.models.serve.keeper import Fixed, Keeper
    from samovar.models.serve.upstream import Upstream

    running: list[asyncio.Task] = []

    async def start(behind, dialect=None, **fields) -> int:
        keeper = behind if isinstance(behind, Keeper) else None
        told = asyncio.Event()
        source = behind
        if isinstance(behind, Endpoint | Keeper):
            source = Upstream(keeper or Fixed(behind))
        shop = Shop(source, dialect or Rescued(Action()), "tiny", **fields)
        listening = run.listen("127.0.0.1", 0)
        work = run.serve(application(shop), listening, keeper, told.set)
        running.append(asyncio.create_task(work))
        await asyncio.wait_for(told.wait(), 10)
        return listening.getsockname()[1]

    yield start
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


@pytest.fixture
def closed_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def fast() -> Profile:
    """A profile by which waiting is short."""
    return Profile(context=4096, prefill=1e6, generate=1e5)


@pytest.fixture
def ask() -> Callable[..., Request]:
    """Make a request of one user message."""

    def request(text="Say yes.", *, limit=64, **fields) -> Request:
        return Request(messages=(Message("user", text),), limit=limit, **fields)

    return request


@pytest.fixture
def speech() -> tuple[Callable, Callable, bytes]:
    """The bytes a stream is made of: a piece, the end, the head."""
    return piece, end, HEAD
