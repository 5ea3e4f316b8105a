"""What the commands of a team say to programs, and the exit codes they end with."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from samovar.core.errors import SandboxMissing
from samovar.office import open_team
from samovar.org.journal import agent_log
from samovar.org.seams import Approval

from .conftest import Samovar, ok


async def ask(home: Path) -> None:
    """Let the writer ask a person for something."""
    asked = Approval(agent="writer", act="push", digest="d" * 64, text="push it", task=1)
    async with open_team(home) as team:
        await team.engine.turns.kit.approvals.ask(asked, 60.0)


def holds(said: Any, wanted: Any) -> bool:
    """Whether what was said has everything that is wanted, at the same places."""
    if isinstance(wanted, dict):
        return all(holds(said[name], value) for name, value in wanted.items())
    return said == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("agent", "new", "poet"), {"agent": "poet"}),
        (("send", "writer", "hello"), {"entry": {"to": ["writer"], "text": "hello"}}),
        (("queue", "move", "1", "writer"), {"id": 1, "agent": "writer"}),
        (("queue", "reorder", "2", "1"), {"id": 2, "position": 1}),
        (("queue", "edit", "1", "said better"), {"id": 1, "text": "said better"}),
        (("queue", "cancel", "1", "--note", "why"), {"state": "cancelled", "reason": "why"}),
        (("queue", "revive", "3"), {"id": 3, "state": "ready"}),
        (("credits", "add", "writer", "0.5"), {"agent": "writer", "left": 1_000_500_000}),
        (("approve", "1", "--note", "go"), {"id": 1, "state": "granted", "note": "go"}),
        (("refuse", "1", "--note", "not now"), {"id": 1, "state": "refused", "note": "not now"}),
    ],
    ids=lambda given: " ".join(given[:2]) if isinstance(given, tuple) else "",
)
def test_every_verb_says_in_json_what_it_did(
    quick: Samovar, project: Path, words: tuple[str, ...], wanted: dict[str, Any]
) -> None:
    ok(quick("bootstrap", "--no-git"))
    for text in ("one", "two", "three"):
        ok(quick("queue", "add", text))
    ok(quick("queue", "cancel", "3"))
    asyncio.run(ask(project / ".samovar"))
    said = json.loads(ok(quick(*words, "--json")))
    [row] = said if isinstance(said, list) else [said]
    assert holds(row, wanted), row


def test_the_end_of_a_log_has_as_many_lines_as_were_asked_for(
    quick: Samovar, project: Path
) -> None:
    ok(quick("bootstrap", "--no-git"))
    for text in ("one", "two", "three"):
        agent_log(project / ".samovar", "writer").add("turn", text=text)
    said = ok(quick("logs", "writer", "--lines", "2", "--json")).splitlines()
    assert [json.loads(line)["text"] for line in said] == ["two", "three"]
    [line] = ok(quick("logs", "writer", "--lines", "1")).splitlines()
    assert line.endswith("three")


def test_a_tick_that_finds_no_sandbox_ends_with_its_own_code(
    quick: Samovar, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nowhere(_allow_none: bool) -> None:
        raise SandboxMissing("bubblewrap is missing")

    monkeypatch.setattr("samovar.boot.find_sandbox", nowhere)
    ok(quick("bootstrap", "--no-git"))
    ok(quick("queue", "add", "make the tests pass", "--agent", "developer"))
    done = quick("run-once", "--json")
    assert done.returncode == 5
    assert json.loads(done.stdout)["codes"]["#1"] == 5
    [job] = json.loads(ok(quick("queue", "list", "--json")))
    assert job["reason"].startswith("bubblewrap is missing")
