"""`kill -9` or Ctrl-C at any moment: `samovar resume` goes on, nothing is doubled."""

import asyncio
import ctypes
import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from samovar.core.log import read
from samovar.core.state import replay
from samovar.models import weights
from samovar.models.embedded import embedded

from .conftest import BAD, CODE, COMMAND, GOOD, QUICK, Server, git

EXAMPLE = Path(__file__).parents[2] / "example"
SHIPPED = weights.CATALOGUE[0]
AT = Path(__file__).with_name("killed_at.py")
LOADED = "from samovar.cli.main import main; print('loaded', flush=True); main()"
"""The command; what it prints first tells when Python has loaded it."""
ADOPT = 36
"""PR_SET_CHILD_SUBREAPER, prctl(2): whoever loses its parent becomes our child."""
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.mark.parametrize(
    ("how", "times"),
    [
        (signal.SIGKILL, 2),
        (signal.SIGINT, 6),
        *(
            pytest.param(how, 100, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])
            for how in (signal.SIGKILL, signal.SIGINT)
        ),
    ],
)
def test_a_stopped_command_is_resumed_to_exactly_one_commit(
    how: signal.Signals, times: int, server: Server, project: Path, environment: dict[str, str]
) -> None:
    answers = (BAD, "no code at all", GOOD)
    url = server.url
    start = _starter(project, environment | {"SAMOVAR_MODEL_URL": url})
    dice = random.Random(times)
    done = rounds = 0
    while done < times:
        server.answer = answers[min(rounds % 4, 2)] if rounds % 4 < 2 else GOOD
        words = ("do", f"add() subtracts; round {rounds}", *QUICK, "--yes", "--budget", "200")
        done += _until_finished(start, project, words, lambda: dice.uniform(0.0, 1.4), how=how)
        rounds += 1
    assert (project / "sums.py").read_text() == CODE
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "place",
    [
        "samovar.repo.git:Git.commit",
        "samovar.repo.git:Git.push",
        "samovar.repo.git:Git.note",
        "samovar.app:App._close",
    ],
)
def test_a_command_killed_while_it_delivers_pushes_one_commit_once(
    moment: str, place: str, server: Server, project: Path, environment: dict[str, str]
) -> None:
    remote = project.parent / "remote.git"
    git(project, "init", "-q", "--bare", str(remote))
    git(remote, "config", "core.logAllRefUpdates", "true")
    git(project, "remote", "add", "origin", str(remote))
    here = environment | {"SAMOVAR_MODEL_URL": server.url}
    deadly = (sys.executable, str(AT), f"{moment} {place}")

    def code(program: tuple[str, ...], *words: str) -> int:
        return subprocess.run(
            [*program, *words], cwd=project, env=here, stdin=subprocess.DEVNULL, timeout=60
        ).returncode

    begun = code(deadly, "do", "add() subtracts", *QUICK, "--yes", "--push")
    [run] = _runs(project)
    onward = ("resume", run, "--yes", "--push-yes")
    assert -signal.SIGKILL in (begun, code(deadly, *onward))
    # 2: the run was over, and only its process had still to end.
    assert code(COMMAND, *onward) in (0, 2)
    _judge(project, run, 0)
    state = replay(e.event for e in _log(project, run))
    [commit] = [d.result for d in state.done if d.act == "commit"]
    assert [d.result for d in state.done if d.act == "push"] == [f"origin/samovar/{run}"]
    moves = git(remote, "reflog", "--format=%H", f"samovar/{run}")
    assert moves.split() == [commit], "the remote was moved once, to this commit"


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
    start: Start,
    project: Path,
    words: tuple[str, ...],
    pause: Callable[[], float],
    most: int = 8,
    how: signal.Signals = signal.SIGKILL,
) -> int:
    """Stop a run again and again, at most `most` times, then let it end; return the stops."""
    known = set(_runs(project))
    stops, child = 0, start(*words)
    while True:
        try:
            child.communicate(timeout=pause() if stops < most else 900)
        except subprocess.TimeoutExpired:
            _stop(child, how)
            stops += 1
            begun = [r for r in _runs(project) if r not in known and _log(project, r)]
            child = start("resume", begun[0], "--yes") if begun else start(*words)
            continue
        break
    for run in set(_runs(project)) - known:
        _judge(project, run, child.returncode)
    return stops


def _stop(child: "subprocess.Popen[bytes]", how: signal.Signals) -> None:
    """Send a signal to the command; what Ctrl-C ends says at most one line and leaves nothing."""
    with _orphans() as left:
        os.killpg(child.pid, how)
        _, said = child.communicate(timeout=60)
        if how is not signal.SIGINT:
            return
        # 0 and 1: it came to its own end before the signal; 2: so had the run it was to resume.
        assert child.returncode in (130, 0, 1, 2), said
        assert said.count(b"\n") <= 1 and b"Traceback" not in said, said
        assert left() == set(), "programs that the command started and left behind"


@contextmanager
def _orphans() -> Iterator[Callable[[], set[int]]]:
    """Give what tells the living processes that became ours because their parent is gone."""
    before, adopt = _children(), ctypes.CDLL(None).prctl
    adopt(ADOPT, 1, 0, 0, 0)
    try:
        yield lambda: _children() - before
    finally:
        adopt(ADOPT, 0, 0, 0, 0)


def _children() -> set[int]:
    """Return the children of this process that have not ended."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = place.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                found.add(int(place.parent.name))
    return found


def _judge(project: Path, run: str, code: int) -> None:
    """A run is whole: one commit if it is done and none if not, each act once, a receipt."""
    entries = _log(project, run)
    if not entries:
        return
    state = replay(e.event for e in entries)
    assert state.closed is not None, f"{run} ended with {code} but is not closed"
    listed = git(project, "log", "--branches", f"--grep=^Samovar-Run: {run}$", "--format=%H")
    made = [d.result for d in state.done if d.act == "commit"]
    assert listed.split() == made
    assert len(made) == (1 if state.closed.ok else 0)
    acts = [i.act for i in state.intended]
    assert len(acts) == len(set(acts)), "each act is begun once"
    facts = json.loads((project / ".samovar" / "runs" / run / "receipt.json").read_bytes())
    assert facts["commit"] == (made[0] if made else "")
    for commit in made:
        assert json.loads(git(project, "notes", "--ref=samovar", "show", commit)) == facts


def _runs(project: Path) -> list[str]:
    folder = project / ".samovar" / "runs"
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def _log(project: Path, run: str) -> tuple[object, ...]:
    return read(project / ".samovar" / "runs" / run / "events.jsonl")


def _starter(project: Path, environment: dict[str, str]) -> Start:
    def start(*words: str) -> subprocess.Popen[bytes]:
        time.sleep(0.01)
        child = subprocess.Popen(
            [sys.executable, "-c", LOADED, *words],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert child.stdout is not None and child.stdout.readline() == b"loaded\n"
        return child

    return start
