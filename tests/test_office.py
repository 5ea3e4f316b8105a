"""What the office keeps of a home."""

import os
import subprocess
from pathlib import Path

import pytest

from samovar.core.errors import SetupError
from samovar.office import History, history_of, open_outpost, open_team
from samovar.org.found import HISTORY
from samovar.org.journal import engine_log, tail
from samovar.org.seams import Job
from samovar.store.database import sqlite
from samovar.store.store import open_store

from .org.conftest import hire


@pytest.fixture
def home(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / HISTORY], check=True)
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "note.md").write_text("one")
    return tmp_path


def held(home: Path) -> list[str]:
    """Return the paths in the latest commit of the history."""
    listed = subprocess.run(
        ["git", "-C", home / HISTORY, "ls-tree", "-r", "--name-only", "HEAD"],
        check=True,
        capture_output=True,
        text=True,
    )
    return listed.stdout.split()


def said(home: Path) -> list[str]:
    return [str(row) for row in tail(engine_log(home).path, 10)]


async def test_a_tick_is_a_commit_and_a_tick_of_nothing_is_none(home: Path) -> None:
    await History(home, home / HISTORY).keep(1)
    await History(home, home / HISTORY).keep(2)
    log = subprocess.run(
        ["git", "-C", home / HISTORY, "log", "--format=%s"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert log.stdout.split("\n") == ["tick 1", ""]
    assert said(home) == []


async def test_what_people_said_and_the_budgets_are_in_the_history(home: Path) -> None:
    await History(home, home / HISTORY).keep(1)
    (home / "people" / "outbox").mkdir(parents=True)
    (home / "people" / "outbox" / "one.json").write_text("{}")
    (home / "credits.json").write_text("{}")
    (home / "web.token").write_text("secret")
    await History(home, home / HISTORY).keep(2)
    assert held(home) == ["agents/note.md", "credits.json", "people/outbox/one.json"]
    assert said(home) == []


async def test_a_history_that_stops_says_so(home: Path) -> None:
    (home / HISTORY / "index.lock").write_text("")
    await History(home, home / HISTORY).keep(1)
    [row] = said(home)
    assert "history" in row and "index.lock" in row


async def test_a_lock_that_a_killed_git_left_does_not_end_the_history(home: Path) -> None:
    for name in ("index.lock", "HEAD.lock"):
        (home / HISTORY / name).write_text("")
        os.utime(home / HISTORY / name, (0, 0))
    await History(home, home / HISTORY).keep(1)
    assert (
        "tick 1"
        in subprocess.run(
            ["git", "-C", home / HISTORY, "log", "--format=%s"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    assert len(said(home)) == 2 and all("left by a kill" in row for row in said(home))


async def test_a_home_that_hides_itself_has_a_history_without_what_changes_all_the_time(
    home: Path,
) -> None:
    (home / ".gitignore").write_text("*\n")
    for name in (
        "logs/log.jsonl",
        "state.json",
        "memory/notes.db-wal",
        "files/.env",
        "outbox/one.json",
    ):
        path = home / "agents" / "ada" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    await History(home, home / HISTORY).keep(1)
    assert said(home) == []
    assert held(home) == ["agents/ada/outbox/one.json", "agents/note.md"]
    (home / "agents" / "ada" / "outbox" / "two.json").write_text("{}")
    await History(home, home / HISTORY).keep(2)
    assert said(home) == [], "what git knows by now is hidden as before"
    assert "agents/ada/outbox/two.json" in held(home)


async def test_what_a_person_ignores_in_a_home_is_left_out(home: Path) -> None:
    (home / ".gitignore").write_text("note.md\n")
    (home / "agents" / "other.md").write_text("two")
    await History(home, home / HISTORY).keep(1)
    assert held(home) == ["agents/other.md"]


def commit(home: Path, who: str, words: str) -> None:
    identity = ["-c", f"user.name={who}", "-c", f"user.email={who}@localhost"]
    made = ["git", "-C", home, *identity, "commit", "-q", "--allow-empty", "-m", words]
    subprocess.run(made, check=True)


async def test_a_home_of_before_goes_on_with_its_history(tmp_path: Path) -> None:
    assert await history_of(tmp_path) is None
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    commit(tmp_path, "samovar", "tick 6")
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "note.md").write_text("one")
    old = await history_of(tmp_path)
    assert old == tmp_path / ".git"
    await History(tmp_path, old).keep(7)
    log = subprocess.run(
        ["git", "-C", tmp_path, "log", "--format=%s"], check=True, capture_output=True, text=True
    )
    assert log.stdout == "tick 7\ntick 6\n"


async def test_a_repository_of_a_person_is_no_history_of_a_home(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert await history_of(tmp_path) is None, "nothing is in it yet"
    commit(tmp_path, "ann", "tick 1")
    commit(tmp_path, "samovar", "tick 2")
    assert await history_of(tmp_path) is None
    subprocess.run(["git", "-C", tmp_path, "checkout", "-q", "--orphan", "other"], check=True)
    commit(tmp_path, "samovar", "A run's first commit")
    assert await history_of(tmp_path) is None, "a run committed for somebody without a name"
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / HISTORY], check=True)
    assert await history_of(tmp_path) == tmp_path / HISTORY


async def test_a_task_that_is_filed_away_from_the_home_rings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMOVAR_DATABASE_URL", sqlite(tmp_path / "samovar.db"))
    async with open_outpost(tmp_path) as outpost:
        await outpost.work.__self__.queue.add(Job(agent="ada"))
        assert await outpost.bell.wait(["ada"], 0.1)


async def test_two_teams_do_not_share_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "worker"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("SAMOVAR_DATABASE_URL", sqlite(tmp_path / "samovar.db"))
    hire(tmp_path / "a", "ada")
    hire(tmp_path / "b", "ada")
    async with open_team(tmp_path / "a") as team:
        await team.submit("mend the parser", "ada", by="ann")
    with pytest.raises(SetupError, match=r"belongs to the team in .*/a on .*SAMOVAR_DATABASE_URL"):
        async with open_team(tmp_path / "b"):
            pass
    async with open_outpost(tmp_path / "worker") as outpost:
        job = await outpost.claims.claim("w", 60, ("ada",))
        assert job is not None and job.text == "mend the parser"
    monkeypatch.delenv("SAMOVAR_DATABASE_URL")
    async with open_team(tmp_path / "b") as team:
        assert await team.tasks() == []


async def test_its_bell_listens_for_everybody_who_has_a_task(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SAMOVAR_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}")
    monkeypatch.setenv("SAMOVAR_BELL_URL", "redis://127.0.0.1:9")
    monkeypatch.setenv("SAMOVAR_CARRY_MEGABYTES", "8")
    place = tmp_path / "empty"
    place.mkdir()
    async with open_outpost(place) as outpost:
        assert list(await outpost.bell.agents()) == []
        async with open_store(place, f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}") as store:
            await store.queue.add(Job(agent="bob"))
            await store.queue.add(Job(agent="ada"))
        assert list(await outpost.bell.agents()) == ["ada", "bob"]
