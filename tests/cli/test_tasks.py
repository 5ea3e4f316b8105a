"""The list of tasks, longer than a screen: what is left out is said, what is dead is found."""

import asyncio
import json
from pathlib import Path

import pytest

from samovar.cli.running import steps
from samovar.org.seams import Job
from samovar.store.store import open_store

from .conftest import Samovar, ok

WAITING = 120


async def filled(home: Path) -> None:
    """File a task that uses up its attempts, then many that nobody begins with."""
    async with open_store(home) as store:
        await store.queue.add(Job(agent="writer", text="kills its worker", tries=1))
        held = await store.claims.claim("w", 60)
        assert held is not None
        await store.claims.fail(held, "it died")
        for n in range(WAITING):
            await store.queue.add(Job(agent="writer" if n % 2 else "tester", text=f"task {n}"))


@pytest.fixture
def full(quick: Samovar, project: Path) -> Samovar:
    ok(quick("bootstrap", "--no-git"))
    asyncio.run(filled(project / ".samovar"))
    return quick


def test_a_dead_letter_is_found_however_many_tasks_came_after_it(full: Samovar) -> None:
    [dead] = json.loads(ok(full("queue", "list", "--state", "dead", "--json")))
    assert (dead["id"], dead["state"]) == (1, "dead") and "it died" in dead["reason"]
    assert ok(full("queue", "list", "--state", "dead")).startswith("#1 ")
    assert "1 without attempts left: samovar queue list --state dead" in ok(full("status"))
    ok(full("queue", "revive", "1"))
    assert ok(full("queue", "list", "--state", "dead,failed")) == "no task is failed or dead\n"


@pytest.mark.parametrize(
    ("words", "first", "left"),
    [
        ((), "#2 ", 20),
        (("--all",), "#121 ", 21),
        (("--state", "ready", "--agent", "writer", "--limit", "59"), "#3 ", 1),
    ],
)
def test_what_a_list_of_tasks_leaves_out_it_says(
    full: Samovar, words: tuple[str, ...], first: str, left: int
) -> None:
    *lines, last = ok(full("queue", "list", *words)).splitlines()
    assert lines[0].startswith(first)
    assert last == f"{left} more {'task' if left == 1 else 'tasks'}: --limit 0 lists all"
    rest = [word for word in words if word not in ("--limit", "59")]
    everything = ok(full("queue", "list", *rest, "--limit", "0")).splitlines()
    assert len(everything) == len(lines) + left and everything[-1].startswith("#")


def test_a_list_of_tasks_as_json_is_whole_unless_it_is_cut_on_purpose(full: Samovar) -> None:
    assert len(json.loads(ok(full("queue", "list", "--json")))) == WAITING
    cut = full("queue", "list", "--all", "--limit", "2", "--json")
    assert [job["id"] for job in json.loads(ok(cut))] == [121, 120]
    assert cut.stderr == "119 more tasks: --limit 0 lists all\n"


def test_a_state_nobody_knows_is_told_with_those_there_are(full: Samovar) -> None:
    wrong = full("queue", "list", "--state", "lost")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("samovar: tasks are never 'lost'; they are: ready, running,")


def test_one_task_is_shown_whole_with_what_it_was_handed_out_as(full: Samovar) -> None:
    shown = ok(full("queue", "show", "1"))
    assert "task       kills its worker\n" in shown
    assert "state      dead, attempt 1 of 1\n" in shown
    assert "it died" in shown
    long = "write\n\n\na line\nabout " + "steam " * 30
    ok(full("queue", "add", long, "--agent", "writer"))
    asyncio.run(handed_out(Path(".samovar"), WAITING + 2))
    shown = ok(full("queue", "show", str(WAITING + 2)))
    assert shown.startswith(
        "task       write\n           \n           a line\n           about steam"
    )
    assert shown.count("steam") == 30
    assert f"parts      #{WAITING + 3}" in shown and "read it aloud" in shown
    whole = json.loads(ok(full("queue", "show", str(WAITING + 2), "--json")))
    assert whole["task"]["text"] == long.strip()
    assert [part["text"] for part in whole["parts"]] == ["read it aloud"]
    nothing = full("queue", "show", "999")
    assert (nothing.returncode, nothing.stderr) == (
        2,
        "samovar: there is no task 999; see 'samovar queue list'\n",
    )


async def handed_out(home: Path, parent: int) -> None:
    async with open_store(home) as store:
        await store.queue.add(Job(agent="tester", text="read it aloud", parent=parent))


def test_what_goes_on_is_said_once_while_a_team_works(quick: Samovar, capsys) -> None:
    ok(quick("bootstrap"))
    ok(quick("queue", "add", "add() subtracts; make the tests pass", "--agent", "developer"))
    told = quick("run-once").stderr.splitlines()
    assert "... planning" in told and "... candidate 1: sums.py" in told, told
    live = steps()
    for text in ("trying small edits, 40 so far", "trying small edits, 80 so far", "documenting"):
        live("step", text)
        live("token", "def")
    assert capsys.readouterr().err.splitlines() == [
        "... trying small edits, 40 so far",
        "... documenting",
    ]
