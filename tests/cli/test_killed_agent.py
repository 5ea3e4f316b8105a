"""`kill -9` of a worker whose agent acts with tools: it goes on, and nothing is lost or doubled."""

import json
import random
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from model_server import serving

from samovar.core.event import Done, Entry
from samovar.core.log import read
from samovar.core.talk import Began, Replied, Stopped, Used

from .conftest import COMMAND, Samovar, git

LEASE = 6.0
"""Seconds until a killed worker's task is taken up again; a busy machine makes none so late."""
CALLS = (
    {"tool": "search", "arguments": {"pattern": "return"}},
    {"tool": "edit_text", "arguments": {"path": "sums.py", "search": "a - b", "replace": "a + b"}},
    {"tool": "write_file", "arguments": {"path": "notes.md", "content": "It adds now.\n"}},
    {"tool": "reply", "arguments": {"text": "add() adds."}},
)


def next_call(asked: dict[str, Any]) -> str:
    """Return what comes next in the conversation the model is shown."""
    said = sum(m["role"] == "assistant" for m in asked["messages"])
    time.sleep(0.1)
    return json.dumps(CALLS[min(said, len(CALLS) - 1)])


@pytest.fixture
def model() -> Iterator[str]:
    with serving(next_call) as url:
        yield url


@pytest.mark.parametrize(
    "rounds",
    [1, pytest.param(12, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
)
def test_a_killed_agent_goes_on_where_its_log_ends(
    rounds: int, model: str, samovar: Samovar, project: Path, environment: dict[str, str]
) -> None:
    here = environment | {"SAMOVAR_MODEL_URL": model}
    home = project / ".samovar"
    assert samovar("bootstrap", SAMOVAR_MODEL_URL=model).returncode == 0
    _equip(home / "agents" / "writer" / "resume.json")
    dice = random.Random(rounds)
    for number in range(1, rounds + 1):
        task = f"mend the sum, please, round {number}"
        added = samovar("queue", "add", task, "--agent", "writer", "--repo", str(project))
        assert added.returncode == 0, added.stderr
        # The third attempt is the last one.
        for lines in sorted(dice.sample(range(2, 16), 2)):
            _work(here, project, home, lambda n=lines: len(_log(home)) >= n, kill=True)
        _work(here, project, home, lambda: False, kill=False)
        _judge(project, home, number)


def _equip(resume: Path) -> None:
    whole = json.loads(resume.read_bytes())
    whole["permissions"] |= {"tools": [c["tool"] for c in CALLS[:-1]], "repositories": []}
    resume.write_text(json.dumps(whole))


def _work(
    here: dict[str, str], project: Path, home: Path, enough: Callable[[], bool], *, kill: bool
) -> None:
    """Let a worker work until it was enough or the task is over; then kill it, or let it end."""
    words = (*COMMAND, "worker", "--agent", "writer", "--lease", str(LEASE))
    with subprocess.Popen(words, cwd=project, env=here, stderr=subprocess.DEVNULL) as child:
        end = time.monotonic() + 90
        while not enough() and _state(home) in ("ready", "running"):
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.005)
        child.kill() if kill else child.terminate()
        child.wait(60)


def _judge(project: Path, home: Path, number: int) -> None:
    assert _state(home) == "done"
    events = [e.event for e in _log(home)]
    for kind, count in ((Began, 1), (Replied, len(CALLS)), (Stopped, 1), (Done, 1)):
        assert sum(isinstance(e, kind) for e in events) == count, kind
    used = [e.result for e in events if isinstance(e, Used) and e.result.call.id]
    assert [r.call.tool for r in used] == [c["tool"] for c in CALLS[:-1]], "none twice"
    [run] = [e.run for e in events if isinstance(e, Began)]
    listed = git(project, "log", "--branches", f"--grep=^Samovar-Run: {run}$", "--format=%H")
    assert len(listed.split()) == 1, "one commit, on one branch"
    shown = git(project, "show", f"samovar/{run}:sums.py")
    # A change that was begun and lost may be there or not; the model was told so.
    lost = [r.call.tool for r in used if not r.ok]
    assert "a + b" in shown or "edit_text" in lost
    assert not (home / "runs" / run / "work").exists()
    boxes = [json.loads(p.read_bytes()) for p in (home / "agents/writer/outbox").glob("*.json")]
    assert sum(b["kind"] == "report" and b["job"] == number for b in boxes) == 1
    with closing(sqlite3.connect(home / "samovar.db")) as base:
        [(paid,)] = base.execute("SELECT count(*) FROM ledger WHERE task = ?", (number,))
    assert len(CALLS) <= paid <= len(CALLS) + 2, "each answer once, and one lost with each kill"


def _log(home: Path) -> tuple[Entry, ...]:
    """Return what happened in the latest run."""
    logs = sorted((home / "runs").glob("*/events.jsonl"), key=lambda p: p.stat().st_mtime)
    return read(logs[-1]) if logs else ()


def _state(home: Path) -> str:
    with closing(sqlite3.connect(home / "samovar.db", timeout=30)) as base:
        [state] = base.execute("SELECT state FROM tasks ORDER BY id DESC LIMIT 1").fetchone()
    return str(state)
