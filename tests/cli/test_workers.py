"""`samovar worker` on PostgreSQL with a bell between processes: several, beside an engine, killed.

Everything is real but the model: the commands, the database, the bell.
"""

import asyncio
import json
import re
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from samovar.office import open_team
from samovar.org.seams import Job
from samovar.org.team import Team

from .conftest import COMMAND, Samovar, Server, without_tools

AGENTS = ("writer", "spec_writer")
LEASE = 5.0
"""Seconds; long enough for a busy machine, where a process may not have its turn for a while."""
PATIENCE = 90.0
"""Seconds anything here may take."""
PROSE = "Steam rises slowly."
NOTHING = json.dumps({"action": "nothing", "to": "person", "text": ""})

Start = Callable[..., "subprocess.Popen[bytes]"]


class Voice:
    """Answers tasks in prose: lines 0 and 1 wait for each other, one is held until it speaks."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        """The tasks it was asked about, in this order."""
        self.held = ""
        self.speaks = threading.Event()
        self._both = threading.Barrier(2, timeout=PATIENCE)

    def __call__(self, asked: dict[str, Any]) -> str:
        if "response_format" in asked:
            return NOTHING
        found = re.search(r"line \d+", asked["messages"][-1]["content"])
        assert found is not None
        self.heard.append(found[0])
        if found[0] in ("line 0", "line 1"):
            self._both.wait()
        if found[0] == self.held:
            self.speaks.wait(PATIENCE)
        return PROSE


@pytest.fixture
def voice(server: Server) -> Iterator[Voice]:
    made = server.say = Voice()
    yield made
    made.speaks.set()


@pytest.fixture(params=["redis", "postgresql"])
def bell(request: pytest.FixtureRequest) -> str:
    """Return the address of a bell."""
    if request.param == "redis":
        return str(request.getfixturevalue("redis").url)
    return str(request.getfixturevalue("database"))


@pytest.fixture
def home(
    served: Samovar, server: Server, bell: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Path:
    """Return a home with its books on PostgreSQL, as every process there finds in its .env."""
    home = tmp_path / "team"
    made = served("bootstrap", str(home))
    assert made.returncode == 0, made.stderr
    books = request.getfixturevalue("database").replace("postgresql:", "postgresql+psycopg:", 1)
    places = {"DATABASE": books, "BELL": bell, "MODEL": server.url}
    (home / ".env").write_text("".join(f"SAMOVAR_{n}_URL='{v}'\n" for n, v in places.items()))
    for agent in AGENTS:
        without_tools(home, agent)
    return home


@pytest.fixture
async def team(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Give the team as a person's own process has it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    async with open_team(home) as opened:
        yield opened


@pytest.fixture
def start(home: Path, environment: dict[str, str]) -> Iterator[Start]:
    """Start commands that go on until the test ends."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*words: str) -> "subprocess.Popen[bytes]":
        child = subprocess.Popen([*COMMAND, *words, "--home", str(home)], env=environment)
        started.append(child)
        return child

    yield begin
    for child in started:
        child.kill()
        child.wait()


async def done(team: Team, job: Job) -> Job:
    """Wait until a task is done; return it."""
    end = time.monotonic() + PATIENCE
    while job.state != "done":
        assert job.state in ("ready", "running") and time.monotonic() < end, job
        await asyncio.sleep(0.02)
        job = await team.engine.turns.kit.queue.get(job.id)
    return job


async def heard(voice: Voice, count: int) -> None:
    """Wait until the model was asked so often."""
    async with asyncio.timeout(PATIENCE):
        while len(voice.heard) < count:
            await asyncio.sleep(0.02)


async def two_at_work(team: Team) -> list[Job]:
    """Return two tasks that were done at the same time: so there are two processes that work."""
    pair = [await team.submit(f"line {n}", agent) for n, agent in enumerate(AGENTS)]
    return [await done(team, job) for job in pair]


async def each_was_done_once(team: Team, voice: Voice, jobs: list[Job]) -> None:
    """See that nothing was lost or doubled: answers, reports, charges."""
    assert sorted(voice.heard) == sorted(job.text for job in jobs)
    said = [letter.entry for letter in await team.messages()]
    assert sorted(e.job for e in said if e.kind == "report") == sorted(j.id for j in jobs)
    paid = [line.task for line in await team.entries() if line.spent and line.task]
    assert sorted(paid) == sorted(j.id for j in jobs)
    assert all(job.result == PROSE for job in jobs)


async def test_an_engine_and_two_workers_do_each_task_once(team, start, voice):
    children = [start("run"), start("worker"), start("worker")]
    jobs = await two_at_work(team)
    more = [await team.submit(f"line {n}", AGENTS[n % 2]) for n in range(2, 10)]
    jobs += [await done(team, job) for job in more]
    await each_was_done_once(team, voice, jobs)
    assert {job.attempts for job in jobs} == {1}
    for child in children:
        child.terminate()
    assert [child.wait(20) for child in children] == [0, 0, 0]


async def test_a_worker_begins_when_the_bell_rings_and_not_at_its_next_look(team, start, voice):
    """Also beside an engine, which hears the bell too and has something else to do."""
    voice.held = "line 2"
    start("run")
    long = await team.submit(voice.held, "spec_writer")
    await heard(voice, 1)
    start("worker", "--agent", "writer")
    jobs = [await done(team, await team.submit(f"line {n}", "writer")) for n in range(3, 10)]
    waits = [(job.started - job.created).total_seconds() for job in jobs[1:]]
    # It looked right before each of these was filed, and looks again two seconds later.
    assert statistics.median(waits) < 1, waits
    voice.speaks.set()
    await each_was_done_once(team, voice, [await done(team, long), *jobs])


@pytest.mark.parametrize("bell", ["redis"], indirect=True)
async def test_a_killed_workers_task_runs_again_on_the_other_within_its_lease(team, start, voice):
    workers = [start("worker", "--lease", str(LEASE)) for _ in range(2)]
    jobs = await two_at_work(team)
    voice.held = "line 2"
    lost = await team.submit(voice.held, "writer")
    await heard(voice, 3)
    held = await team.engine.turns.kit.queue.get(lost.id)
    [victim] = [w for w in workers if str(w.pid) == held.owner.split("-")[-2]]
    victim.kill()
    killed = datetime.now(UTC)
    voice.speaks.set()
    beside = await done(team, await team.submit("line 3", "spec_writer"))
    assert beside.attempts == 1
    taken = await done(team, lost)
    assert taken.attempts == 2 and taken.fence == held.fence + 1
    assert (taken.started - killed).total_seconds() <= LEASE + 2
    assert voice.heard.pop(2) == "line 2", "what the killed one asked for nobody heard"
    await each_was_done_once(team, voice, [*jobs, beside, taken])
