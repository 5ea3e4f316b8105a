"""`kill -9` of the whole command at any moment: `samovar resume` goes on, nothing is doubled."""

import asyncio
import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from samovar.core.log import read
from samovar.core.state import replay
from samovar.models import weights
from samovar.models.embedded import embedded

from .conftest import BAD, CODE, COMMAND, GOOD, QUICK, Server, git

EXAMPLE = Path(__file__).parents[2] / "example"
SHIPPED = weights.CATALOGUE[0]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.mark.parametrize(
    "kills",
    [2, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
)
def test_a_killed_command_is_resumed_to_exactly_one_commit(
    kills: int, server: Server, project: Path, environment: dict[str, str]
) -> None:
    answers = (BAD, "no code at all", GOOD)
    url = server.url
    start = _starter(project, environment | {"SAMOVAR_MODEL_URL": url})
    dice = random.Random(kills)
    done = rounds = 0
    while done < kills:
        server.answer = answers[min(rounds % 4, 2)] if rounds % 4 < 2 else GOOD
        words = ("do", f"add() subtracts; round {rounds}", *QUICK, "--yes", "--budget", "200")
        done += _until_finished(start, project, words, lambda: dice.uniform(0.2, 1.6))
        rounds += 1
    assert (project / "sums.py").read_text() == CODE
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or not weights.here(SHIPPED),
    reason=f"needs {SHIPPED.name}: run 'samovar model pull'",
)
async def test_a_killed_run_of_the_real_model_is_resumed(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    project = tmp_path / "example"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "start")
    dice = random.Random(1)
    words = ("do", (EXAMPLE / "ISSUE.md").read_text(), "--yes")
    async with embedded(weights.place(SHIPPED), threads=1, key="") as there:
        start = _starter(project, environment | {"SAMOVAR_MODEL_URL": there.url})
        kills = await asyncio.to_thread(
            _until_finished, start, project, words, lambda: dice.uniform(2, 25), 6
        )
    assert kills >= 1
    assert git(project, "status", "--porcelain") == ""


def _until_finished(
    start: Start, project: Path, words: tuple[str, ...], pause: Callable[[], float], most: int = 8
) -> int:
    """Kill a run again and again, at most `most` times, then let it end; return the kills."""
    known = set(_runs(project))
    kills, child = 0, start(*words)
    while True:
        try:
            code = child.wait(pause() if kills < most else 900)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            kills += 1
            begun = [r for r in _runs(project) if r not in known and _log(project, r)]
            child = start("resume", begun[0], "--yes") if begun else start(*words)
            continue
        break
    for run in set(_runs(project)) - known:
        _judge(project, run, code)
    return kills


def _judge(project: Path, run: str, code: int) -> None:
    """A run is whole: one commit if it is done and none if not, each act once, a receipt."""
    entries = _log(project, run)
    if not entries:
        return
    state = replay(e.event for e in entries)
    assert state.closed is not None, f"{run} ended with {code} but is not closed"
    listed = git(project, "log", "--branches", f"--grep=^Samovar-Run: {run}$", "--format=%H")
    assert listed.split() == [d.result for d in state.done]
    assert len(state.done) == (1 if state.closed.ok else 0)
    assert len(state.intended) <= 1
    facts = json.loads((project / ".samovar" / "runs" / run / "receipt.json").read_bytes())
    assert facts["commit"] == (state.done[0].result if state.done else "")
    for done in state.done:
        assert json.loads(git(project, "notes", "--ref=samovar", "show", done.result)) == facts


def _runs(project: Path) -> list[str]:
    folder = project / ".samovar" / "runs"
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def _log(project: Path, run: str) -> tuple[object, ...]:
    return read(project / ".samovar" / "runs" / run / "events.jsonl")


def _starter(project: Path, environment: dict[str, str]) -> Start:
    def start(*words: str) -> subprocess.Popen[bytes]:
        time.sleep(0.01)
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    return start
