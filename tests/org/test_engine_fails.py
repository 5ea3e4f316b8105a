"""What goes wrong around an engine: crashes, a second engine, damaged files, a full disk."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from samovar.core.errors import ModelError, SetupError
from samovar.core.message import Request
from samovar.org import bookmark, lock
from samovar.org.bookmark import Bookmark
from samovar.org.journal import engine_log
from samovar.org.outbox import OutboxEntry, outbox_of, post
from samovar.org.seams import StoreAway
from samovar.org.standing import present
from samovar.store.store import memory

from .conftest import act, asked, hire, office, silent


async def test_one_agents_error_stops_no_other_and_is_said(home: Path) -> None:
    hire(home, "bad")
    hire(home, "good")

    def rule(request: Request) -> str:
        if asked(request) == "bad":
            raise KeyError("a mistake")
        return act("nothing")

    team = office(home, rule)
    await team.send("all", "hello all")
    ticked = await team.tick()
    assert ticked.turns == {"good": "nothing"}
    assert "KeyError" in ticked.failed["bad"]
    alert = (await team.messages("bad"))[0].entry
    assert (alert.kind, alert.to) == ("alert", ("person",))
    assert any("KeyError" in str(line) for line in team.log("bad"))


async def test_a_failing_agent_reads_its_message_later_and_rests_longer_and_longer(
    home: Path,
) -> None:
    hire(home, "a")
    ticks: list[int] = []

    def rule(_request: Request) -> str:
        ticks.append(present(home) + 1)
        if len(ticks) < 5:
            raise ModelError("the server is away")
        return act("nothing")

    team = office(home, rule)
    await team.send("a", "hello")
    for _ in range(40):
        await team.tick()
    assert len(ticks) == 5, "read once the server is back, and then no more"
    pauses = [b - a for a, b in pairwise(ticks)]
    assert pauses == sorted(pauses) and pauses[-1] > pauses[0]


async def test_a_turn_cut_off_after_its_entry_is_not_taken_again(home: Path) -> None:
    hire(home, "a")
    calls: list[str] = []

    def rule(request: Request) -> str:
        calls.append(asked(request))
        return act("task", "a", "look into it")

    store = memory()
    team = office(home, rule, store)
    await team.send("a", "hello")
    await team.tick()
    # As if the machine had stopped between the entry and the agent's state, and the queue.
    (home / "agents" / "a" / "state.json").unlink()
    (home / "tick.json").write_text('{"tick": 0}')
    again = memory()
    team = office(home, lambda _: act("nothing"), again)
    await team.tick()
    assert len(list(outbox_of(home, "a").glob("*.json"))) == 1
    jobs = await team.tasks("a")
    assert [j.text for j in jobs] == ["look into it"], "the task is in the queue, once"
    assert calls == ["a"]


async def test_the_database_that_goes_away_and_comes_back_stops_nothing(home: Path) -> None:
    hire(home, "a")
    store = memory()

    class Away:
        def __init__(self) -> None:
            self.left = 3

        def __getattr__(self, name: str) -> object:
            self.left -= 1
            if self.left >= 0:
                raise StoreAway("the database is away")
            return getattr(store.queue, name)

    team = office(home, lambda _: act("nothing"), store, queue=Away())
    await team.send("a", "hello")
    await team.run(pace=0.0, ticks=5)
    log = (home / "agents" / "a" / "logs" / "log.jsonl").read_text()
    assert log.count('"turn"') == 1


async def test_a_second_engine_is_refused_and_named(home: Path) -> None:
    hire(home, "a")
    team = office(home, silent)
    with lock.alone(home):
        assert lock.holder(home) == os.getpid()
        with pytest.raises(SetupError, match=str(os.getpid())):
            await team.tick()
    assert lock.holder(home) == 0
    await team.tick()


LOCKER = """
import sys, time
from itertools import pairwise
from pathlib import Path
from samovar.org import bookmark, lock
from samovar.org.bookmark import Bookmark
from samovar.org.journal import engine_log
from samovar.core.errors import SetupError
home, start = Path(sys.argv[1]), float(sys.argv[2])
time.sleep(max(0.0, start - time.time()))
try:
    with lock.alone(home):
        print("runs", flush=True)
        time.sleep(60)
except SetupError as error:
    print("refused", error)
"""


def test_of_fifty_engines_that_start_at_once_one_runs_and_its_death_frees_the_home(
    home: Path,
) -> None:
    start = time.time() + 3
    command = [sys.executable, "-c", LOCKER, str(home), str(start)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(50)]
    first = [p.stdout.readline() for p in running if p.stdout]
    assert sorted(line.split()[0] for line in first) == ["refused"] * 49 + ["runs"]
    one = running[[line.startswith("runs") for line in first].index(True)]
    assert all(str(one.pid) in line for line in first if line.startswith("refused"))
    one.send_signal(signal.SIGKILL)
    for process in running:
        process.communicate(timeout=30)
    assert lock.holder(home) == 0
    with lock.alone(home):
        assert lock.holder(home) == os.getpid()


@pytest.mark.parametrize(
    "damaged", ["{", "", "[]", '{"tick": -1}', '{"tick": 1e30}', '{"tock": 1}']
)
async def test_a_damaged_tick_file_is_made_anew_of_what_is_known_and_named(
    home: Path, damaged: str
) -> None:
    hire(home, "a")
    hire(home, "b")
    bookmark.save(home, "b", Bookmark(tick=44))
    post(home, "a", OutboxEntry(sender="a", tick=41, seq=0, text="x"))
    (home / "tick.json").write_text(damaged)
    team = office(home, silent)
    [problem] = (await team.status()).problems
    assert problem.line.startswith("tick.json is damaged") and "after tick 44" in problem.line
    assert problem in await team.validate()
    assert (await team.tick()).tick == 45
    assert present(home) == 45 and (await team.status()).problems == ()
    assert "tick.json is damaged" in engine_log(home).path.read_text()


async def test_what_a_person_wrote_tells_the_tick_too(home: Path) -> None:
    hire(home, "a")
    (home / "tick.json").write_text('{"tick": 7}')
    team = office(home, lambda _: act("nothing"))
    await team.send("a", "hello")
    (home / "tick.json").write_text("{")
    ticked = await team.tick()
    assert (ticked.tick, ticked.turns) == (8, {"a": "nothing"})


async def test_a_full_disk_ends_no_engine_and_loses_and_doubles_nothing(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hire(home, "a")
    hire(home, "b")
    calls: list[str] = []

    def rule(request: Request) -> str:
        calls.append(asked(request))
        return act("message", "person", "here it is")

    team = office(home, rule)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    running = asyncio.create_task(team.run(pace=0.01))
    async with asyncio.timeout(20):
        while not present(home):
            await asyncio.sleep(0.01)
    await team.send("a", "hello")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        await asyncio.sleep(0.3)
        assert not running.done(), "the engine goes on"
        assert len(calls) <= 1, "and asks no model again and again"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    await team.send("b", "hello")
    async with asyncio.timeout(20):
        while not (outbox_of(home, "a").exists() and outbox_of(home, "b").exists()):
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    team.engine.stop()
    await running
    for name in ("a", "b"):
        said = [x.entry for x in await team.messages(name) if x.entry.kind == "message"]
        assert [e.text for e in said] == ["here it is"]
    told = [r for r in caplog.records if r.message == "tick_not_finished"]
    assert len(told) == 1 and "tick.json" in told[0].error  # type: ignore[attr-defined]
    assert "no longer: cannot write" in engine_log(home).path.read_text()
