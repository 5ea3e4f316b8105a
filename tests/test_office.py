"""What the office keeps of a home."""

import os
import subprocess
from pathlib import Path

import pytest

from samovar.office import History
from samovar.org.journal import engine_log, tail


@pytest.fixture
def home(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "note.md").write_text("one")
    return tmp_path


def said(home: Path) -> list[str]:
    return [str(row) for row in tail(engine_log(home).path, 10)]


async def test_a_tick_is_a_commit_and_a_tick_of_nothing_is_none(home: Path) -> None:
    await History(home).keep(1)
    await History(home).keep(2)
    log = subprocess.run(
        ["git", "-C", home, "log", "--format=%s"], check=True, capture_output=True, text=True
    )
    assert log.stdout.split("\n") == ["tick 1", ""]
    assert said(home) == []


async def test_what_people_said_and_the_budgets_are_in_the_history(home: Path) -> None:
    await History(home).keep(1)
    (home / "people" / "outbox").mkdir(parents=True)
    (home / "people" / "outbox" / "one.json").write_text("{}")
    (home / "credits.json").write_text("{}")
    (home / "web.token").write_text("secret")
    await History(home).keep(2)
    found = subprocess.run(
        ["git", "-C", home, "ls-files"], check=True, capture_output=True, text=True
    )
    assert found.stdout.split() == ["agents/note.md", "credits.json", "people/outbox/one.json"]
    assert said(home) == []


async def test_a_history_that_stops_says_so(home: Path) -> None:
    (home / ".git" / "index.lock").write_text("")
    await History(home).keep(1)
    [row] = said(home)
    assert "history" in row and "index.lock" in row


async def test_a_lock_that_a_killed_git_left_does_not_end_the_history(home: Path) -> None:
    for name in ("index.lock", "HEAD.lock"):
        (home / ".git" / name).write_text("")
        os.utime(home / ".git" / name, (0, 0))
    await History(home).keep(1)
    assert (
        "tick 1"
        in subprocess.run(
            ["git", "-C", home, "log", "--format=%s"], check=True, capture_output=True, text=True
        ).stdout
    )
    assert len(said(home)) == 2 and all("left by a kill" in row for row in said(home))
