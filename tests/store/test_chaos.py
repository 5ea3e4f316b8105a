"""Workers that are killed, hang, or meet poison; credits and effects stay exact.

Each test has a short form for every push and a long one for `make chaos`.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from samovar.org.seams import Filter, Job, JobState
from samovar.store.store import open_store

CHILD = Path(__file__).parent / "worker_child.py"
LEASE = 1.5
OPEN: tuple[JobState, ...] = ("ready", "running")
LONG = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def url(request):
    kind = getattr(request, "param", "sqlite")
    return request.getfixturevalue("database") if kind == "postgresql" else ""


def often(short: int, long: int, first: str = "sqlite"):
    """A few times on one database for every push, many times on both for `make chaos`."""
    several = [(kind, long) for kind in ("sqlite", "postgresql")]
    rounds = [pytest.param(first, short), *(pytest.param(*each, marks=LONG) for each in several)]
    return pytest.mark.parametrize(("url", "times"), rounds, indirect=["url"])


class Team:
    """Worker processes over one store."""

    def __init__(self, home: Path, url: str, **spec):
        self.home, self.url = home, url
        self.spec = {"lease": LEASE, "seconds": 0.05, **spec}
        self.children: list[subprocess.Popen[bytes]] = []

    def start(self, number: int = 1) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, str(CHILD), str(self.home), self.url, json.dumps(self.spec)]
        for _ in range(number):
            self.children.append(subprocess.Popen(command, env=environment))

    def by_pid(self, pid: int) -> subprocess.Popen[bytes] | None:
        return next((c for c in self.children if c.pid == pid and c.poll() is None), None)

    def kill(self, child: subprocess.Popen[bytes]) -> None:
        child.kill()
        child.wait()
        self.children.remove(child)

    def alive(self) -> int:
        self.children = [c for c in self.children if c.poll() is None]
        return len(self.children)

    async def all_at_work(self) -> bool:
        """Whether every worker has begun some job, and so is ready for the next."""
        begun = {process for _, _, process in self.lines("begin")}
        return {c.pid for c in self.children} <= begun

    def lines(self, word: str) -> list[tuple[int, int, int]]:
        """Return (job, fence, process) of what was written to the log of effects."""
        path = self.home / "effects.log"
        text = path.read_text() if path.exists() else ""
        said = [line.split() for line in text.splitlines()]
        return [(int(j), int(f), int(p)) for w, j, f, p in said if w == word]

    def end(self) -> None:
        for child in self.children:
            child.send_signal(signal.SIGCONT)
            child.kill()
            child.wait()


@pytest.fixture
def team(tmp_path, url):
    made: list[Team] = []

    def make(**spec):
        made.append(Team(tmp_path, url, **spec))
        return made[-1]

    yield make
    for each in made:
        each.end()


async def add(store, number, **fields):
    for n in range(number):
        await store.queue.add(Job(**{"agent": "ada", "text": str(n), **fields}))


async def until(claim, seconds=60.0):
    """Wait until an awaitable claim holds."""
    end = time.monotonic() + seconds
    while not await claim():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.03)


def pid_of(job: Job) -> int:
    return int(job.owner.rsplit("-", 2)[1])


@often(4, 100, "postgresql")
async def test_a_killed_workers_job_runs_again_within_the_lease(
    tmp_path, url, team, times, record_property
):
    """Row Q1, and the credits of row D1: kill -9 at any moment."""
    dice, waits = random.Random(times), []
    workers = team(seconds=0.25, poll=0.2, charge=True)
    async with open_store(tmp_path, url) as store:
        await store.ledger.grant("ada", 1_000_000, by="test")
        jobs = 0

        async def at_work():
            nonlocal jobs
            if len(await store.queue.list(Filter(states=("ready",), limit=8))) < 8:
                await add(store, 16, tries=50)
                jobs += 16
            return await workers.all_at_work()

        while len(waits) < times:
            workers.start(4 - workers.alive())
            # What is measured is the lease, not how long a process takes to start.
            await until(at_work)
            await asyncio.sleep(dice.random() * 0.3)
            running = await store.queue.list(Filter(states=("running",)))
            held = [j for j in running if workers.by_pid(pid_of(j)) is not None]
            if not held:
                continue
            victim = dice.choice(held)
            killed = datetime.now(UTC)
            workers.kill(workers.by_pid(pid_of(victim)))

            async def again(victim=victim):
                job = await store.queue.get(victim.id)
                return job.fence > victim.fence or job.state == "done"

            await until(again)
            taken = await store.queue.get(victim.id)
            if taken.fence > victim.fence and taken.started > killed:
                # The database's own word, on this machine's clock: not when this test looked.
                waits.append((taken.started - killed).total_seconds())

        async def all_done():
            return not await store.queue.list(Filter(states=OPEN, limit=1))

        workers.start(4 - workers.alive())
        await until(all_done, 300)
        assert await store.queue.counts() == {"ada": {"done": jobs}}
        assert await store.ledger.balance("ada") == 1_000_000 - 7 * jobs
        assert len(await store.ledger.entries(limit=10_000)) == jobs + 1
    record_property("waits", [round(wait, 2) for wait in sorted(waits)])
    # A few kills on a busy machine prove no promise about time; a hundred do.
    assert times < 100 or sorted(waits)[98] <= LEASE + 2


@often(3, 50, "postgresql")
async def test_a_worker_that_wakes_up_after_its_lease_commits_nothing(tmp_path, url, team, times):
    """Row Q2: SIGSTOP, past the lease, another worker does the job, SIGCONT.

    On PostgreSQL the signal falls anywhere, also into a transaction; a process frozen in the
    middle of writing to SQLite holds the file until it goes on, so there it falls into the work.
    """
    workers = team(seconds=0.8, poll=0.1)
    async with open_store(tmp_path, url) as store:
        done = 0
        while done < times:
            workers.start(3 - workers.alive())
            await add(store, 3, tries=50)
            frozen = await freeze(store, workers, 2)

            async def over(frozen=frozen):
                jobs = [await store.queue.get(j.id) for j, _ in frozen]
                return all(
                    now.fence > then.fence or now.state == "done"
                    for now, (then, _) in zip(jobs, frozen, strict=True)
                )

            await until(over)
            await asyncio.sleep(0.2)
            for _, child in frozen:
                child.send_signal(signal.SIGCONT)
            done += len(frozen)

        async def all_done():
            return not await store.queue.list(Filter(states=OPEN, limit=1))

        await until(all_done, 120)
        await asyncio.sleep(1.0)
        jobs = await store.queue.list(Filter(limit=10_000))
    effects = Counter(job for job, _, _ in workers.lines("effect"))
    assert {j.state for j in jobs} == {"done"}
    assert effects == {j.id: 1 for j in jobs}
    final = {j.id: j.fence for j in jobs}
    assert all(fence == final[job] for job, fence, _ in workers.lines("effect"))


async def freeze(store, workers, most):
    """Stop up to so many workers that hold a job; return the jobs with their processes."""
    begun = len(workers.lines("begin"))
    while True:
        await asyncio.sleep(0.02)
        working = workers.lines("begin")[begun:] if not workers.url else None
        running = await store.queue.list(Filter(states=("running",)))
        held = [(job, workers.by_pid(pid_of(job))) for job in running]
        if working is not None:
            held = [(j, c) for j, c in held if (j.id, j.fence, pid_of(j)) in working]
        held = [(j, c) for j, c in held if c is not None][:most]
        for _, child in held:
            child.send_signal(signal.SIGSTOP)
        if held:
            return held


@often(1, 20)
async def test_poison_becomes_a_dead_letter_and_harms_no_other_job(tmp_path, url, team, times):
    """Row Q3: jobs that kill whoever works on them."""
    workers = team(seconds=0.02, poll=0.2)
    async with open_store(tmp_path, url) as store:
        for _ in range(times):
            await add(store, 1, text="poison")
            await add(store, 5)

        async def all_ended():
            workers.start(3 - workers.alive())
            return not await store.queue.list(Filter(states=OPEN, limit=1))

        await until(all_ended, 40 + 15 * times)
        dead = await store.queue.list(Filter(states=("dead",)))
        assert await store.queue.counts() == {"ada": {"dead": times, "done": 5 * times}}
    assert {(j.text, j.attempts) for j in dead} == {("poison", 3)}
    assert all("ran out" in j.reason and "attempt 3 of 3" in j.reason for j in dead)
    begun = Counter(job for job, _, _ in workers.lines("begin"))
    assert all(begun[j.id] == 3 for j in dead)


@often(2, 50)
async def test_sigterm_ends_a_worker_quickly_and_loses_nothing(tmp_path, url, team, times):
    """Row D10."""
    workers = team(seconds=1.0, lease=30.0)
    longest, added = 0.0, 0
    async with open_store(tmp_path, url) as store:

        async def two_run():
            nonlocal added
            open_jobs = await store.queue.list(Filter(states=OPEN))
            missing = max(0, 4 - len(open_jobs))
            await add(store, missing)
            added += missing
            return sum(job.state == "running" for job in open_jobs) == 2

        for _ in range(times):
            workers.start(2 - workers.alive())
            await until(two_run)
            child = workers.children[0]
            begin = time.monotonic()
            child.terminate()
            assert child.wait(5) == 0
            longest = max(longest, time.monotonic() - begin)
        for child in workers.children:
            child.terminate()
            assert child.wait(5) in (0, -signal.SIGTERM)
        assert not await store.queue.list(Filter(states=("running", "dead")))
        assert sum((await store.queue.counts())["ada"].values()) == added
    assert longest <= 5


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_a_database_that_goes_away_thirty_times_loses_nothing(tmp_path, team, postgres_alone):
    """Row D4: the server is stopped for 0 to 5 seconds, again and again, while 500 jobs run."""
    url, server = postgres_alone
    dice = random.Random(4)
    workers = team(seconds=0.5, lease=15.0, charge=True)
    workers.url = url
    async with open_store(tmp_path, url) as store:
        await store.ledger.grant("ada", 7 * 500, by="test")
        await add(store, 500)
        workers.start(4)
        for _ in range(30):
            await asyncio.sleep(0.5 + dice.random())
            server.stop(dice.choice(["fast", "immediate"]))
            await asyncio.sleep(dice.random() * 5)
            server.start()
        assert workers.alive() == 4, "no worker ended because the database was away"

        async def all_done():
            return not await store.queue.list(Filter(states=OPEN, limit=1))

        await until(all_done, 600)
        assert await store.queue.counts() == {"ada": {"done": 500}}
        assert await store.ledger.balance("ada") == 0
        assert len(await store.ledger.entries(limit=10_000)) == 501
