"""Row Q4: messages of twenty agents through the queue, none lost, none doubled, in order.

A short form for every push, ten thousand for `make chaos`.
"""

import asyncio
import resource
import time
from collections import defaultdict
from pathlib import Path

import pytest

from samovar.org.filing import Filing
from samovar.org.outbox import OutboxEntry
from samovar.org.seams import Ended, Filter
from samovar.store.bell import LocalBell
from samovar.store.store import open_store
from samovar.worker import Worker

AGENTS = tuple(f"agent{n}" for n in range(20))
WORKERS = 4
LONG = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("sqlite", 200),
        pytest.param("sqlite", 10_000, marks=LONG),
        pytest.param("postgresql", 10_000, marks=LONG),
    ],
)
async def test_no_message_is_lost_and_each_senders_order_is_kept(
    kind, count, request, tmp_path, record_property
):
    url = request.getfixturevalue("database") if kind == "postgresql" else ""
    heard: dict[tuple[str, str], list[int]] = defaultdict(list)
    stop = asyncio.Event()

    async def work(job, hold):
        heard[job.created_by, job.agent].append(int(job.text))
        if sum(map(len, heard.values())) == count:
            stop.set()
        return Ended()

    async with open_store(tmp_path, url) as store:
        filing = Filing(tmp_path, store.queue)
        begin, spent = time.monotonic(), time.process_time()

        async def send(sender):
            for n in range(count // len(AGENTS)):
                to = AGENTS[n * 7 % len(AGENTS)]
                entry = OutboxEntry(sender=sender, tick=n, seq=n + 1, to=(to,), text=str(n))
                # As after a crash: followed up twice, filed once.
                await filing.follow_up(entry)
                if n % 10 == 0:
                    await filing.follow_up(entry)

        workers = [Worker(store.claims, LocalBell(), work, poll=0.1) for _ in range(WORKERS)]
        working = [asyncio.create_task(worker.run(stop)) for worker in workers]
        await asyncio.gather(*(send(sender) for sender in AGENTS))
        await asyncio.gather(*working)
        spent = time.process_time() - spent
        counts = await store.queue.counts()
        assert not await store.queue.list(Filter(states=("ready", "running"), limit=1))
    record_property("per second", round(count / (time.monotonic() - begin), 1))
    record_property("per second of processor", round(count / spent, 1))
    record_property("megabytes", round(megabytes()))
    assert sum(states["done"] for states in counts.values()) == count
    assert sum(map(len, heard.values())) == count
    assert all(numbers == sorted(set(numbers)) for numbers in heard.values())
    if count >= 10_000:
        # What a quiet machine does is in the properties; this finds a step back on a busy one.
        assert count / spent >= 30
        assert megabytes() < 300


def megabytes() -> float:
    """Return what this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
