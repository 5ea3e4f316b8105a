"""Tasks of an agent that is not here: they wait, are named, and go on when they are moved."""

import shutil
from pathlib import Path

import pytest

from samovar.cli import status
from samovar.cli.team import _tasks
from samovar.core.message import Request
from samovar.org import bookmark
from samovar.org.bookmark import Bookmark
from samovar.org.journal import agent_log, engine_log, tail
from samovar.org.outbox import OutboxEntry, post
from samovar.org.resume import Absent
from samovar.org.roster import Folder
from samovar.org.seams import Job
from samovar.store.bell import LocalBell
from samovar.store.store import memory, open_store
from samovar.worker import Worker

from .conftest import act, hire, office

NAMED = (
    "agents/old is not here, and tasks wait for it: 1; "
    "samovar queue list --agent old; samovar queue move ID AGENT, or queue cancel ID"
)


def named(home: Path) -> list[str]:
    return [r["text"] for r in tail(engine_log(home).path, 99) if r["event"] == "problem"]


async def test_tasks_of_a_removed_agent_are_named_once_and_go_on_when_moved(home: Path) -> None:
    hire(home, "old")
    hire(home, "new")
    team = office(home, lambda request: "done" if request.schema is None else act("work"))
    job = await team.submit("write", "old")
    shutil.rmtree(home / "agents" / "old")
    for _ in range(3):
        assert (await team.tick()).turns == {}
    assert named(home) == [NAMED]
    assert [p.line for p in (await team.status()).problems] == [NAMED]
    assert [p.line for p in await team.validate()] == [NAMED]
    await team.move(job.id, "new")
    assert (await team.tick()).turns == {"new": "work"}
    assert not (await team.status()).problems and not await team.validate()


async def test_the_commands_name_them_without_opening_the_team(home: Path) -> None:
    hire(home, "new")
    async with open_store(home) as store:
        await store.queue.add(Job(agent="old", text="write"))
        await store.queue.add(Job(agent="new", text="write"))
    found = status._status(home)
    assert [p.line for p in found.problems] == [NAMED] and found.jobs == {"ready": 2}
    assert [p.line for p in _tasks(home, Folder(home).read())] == [NAMED]
    (home / "samovar.db").write_bytes(b"no database")
    [problem] = _tasks(home, Folder(home).read())
    assert problem.weight == "error"
    assert problem.line.startswith("tasks cannot be looked at; the database ")


@pytest.mark.parametrize("broken", [False, True])
async def test_a_worker_leaves_them_as_the_engine_does(home: Path, broken: bool) -> None:
    hire(home, "new")
    if broken:
        hire(home, "old").write_text("{")
    store = memory()
    team = office(home, lambda request: "done" if request.schema is None else act("work"), store)
    job = await store.queue.add(Job(agent="old", text="write"))
    await team.submit("write", "new")
    await team.engine.grant(team.engine.folder.read())
    assert await Worker(store.claims, LocalBell(), team.engine.turns.crew.work).drain() == 2
    left = await store.queue.get(job.id)
    assert (left.state, left.attempts) == ("ready", 0)
    assert left.reason == "old cannot work: its resume is missing or broken (samovar validate)"
    assert [j.state for j in await team.tasks("new")] == ["done"]


@pytest.mark.parametrize("chosen", ["work", "message"])
async def test_a_folder_that_is_removed_during_a_turn_is_not_made_anew(
    home: Path, chosen: str
) -> None:
    hire(home, "old")
    hire(home, "new")
    folder = home / "agents" / "old"

    def rule(request: Request) -> str:
        if request.schema is None or chosen == "message":
            shutil.rmtree(folder)
        return "done" if request.schema is None else act(chosen, "person", "hello")

    team = office(home, rule)
    await team.send("old", "hello", by="ann")
    job = await team.submit("write", "old")
    assert (await team.tick()).failed == {
        "old": f"old is not here any more: its folder {folder} is gone"
    }
    assert (await team.tick()).failed == {} and not folder.exists()
    [left] = await team.tasks("old")
    assert (left.id, left.state, left.attempts) == (job.id, "ready", 0)
    assert [p.agent for p in (await team.status()).problems] == ["old"]


def test_nothing_is_written_for_an_agent_whose_folder_is_gone(home: Path) -> None:
    hire(home, "old")
    agent_log(home, "old").add("turn")
    bookmark.save(home, "old", Bookmark(tick=1))
    assert bookmark.load(home, "old").tick == 1 and tail(agent_log(home, "old").path, 9)
    shutil.rmtree(home / "agents" / "old")
    agent_log(home, "old").add("turn")
    bookmark.save(home, "old", Bookmark(tick=2))
    with pytest.raises(Absent, match="is not here any more"):
        post(home, "old", OutboxEntry(sender="old", tick=1, seq=0, text="hello"))
    assert not (home / "agents" / "old").exists()
