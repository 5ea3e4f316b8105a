"""Killing a run at any moment loses nothing and does nothing twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from doubles import WRONG

from samovar.core.log import read
from samovar.core.state import replay

CHILD = Path(__file__).parent / "killed_run.py"
LONGEST = 20.0
"""Seconds one run may take before the test gives up."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "kills", [80, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])]
)
def test_killed_runs_go_on_to_exactly_one_commit_that_is_pushed_once(
    kills, project, tmp_path, run_git
):
    remote = tmp_path / "remote.git"
    run_git(tmp_path, "init", "-q", "--bare", str(remote))
    run_git(remote, "config", "core.logAllRefUpdates", "true")
    run_git(project, "remote", "add", "origin", str(remote))
    dice = random.Random(kills)
    done = rounds = 0
    log = tmp_path / "log-0.jsonl"
    killed_at: set[int] = set()
    while done < kills:
        if _killed(project, log, dice):
            done += 1
            killed_at.add(len(read(log)))
        else:
            _judge(project, log, run_git)
            rounds += 1
            log = tmp_path / f"log-{rounds}.jsonl"
            for place in (project, remote):
                run_git(place, "branch", "-q", "-D", "samovar/killed")
    assert _start(project, log).wait(LONGEST) == 0
    _judge(project, log, run_git)
    assert len(killed_at) >= 3, "the kills fell on different moments"


def _killed(project: Path, log: Path, dice: random.Random) -> bool:
    """Kill a run a moment after its log has grown; return False when it ended before."""
    child = _start(project, log)
    length = log.stat().st_size if log.exists() else 0
    wanted, pause = dice.randrange(0, 4), dice.random() * 0.03
    end = time.monotonic() + LONGEST
    grown = 0
    while grown < wanted and child.poll() is None:
        assert time.monotonic() < end, "the run hangs"
        size = log.stat().st_size if log.exists() else 0
        grown += size > length
        length = size
        time.sleep(0.002)
    time.sleep(pause)
    if child.poll() is not None:
        assert child.returncode == 0
        return False
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    return True


def _start(project: Path, log: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(CHILD.parent)])}
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(project), str(log)],
        env=environment,
        start_new_session=True,
    )


def _judge(project: Path, log: Path, run_git) -> None:
    state = replay(e.event for e in read(log))
    assert state.closed is not None and state.closed.ok
    listed = run_git(
        project, "log", "--branches", "--grep=^Samovar-Run: killed$", "--format=%H"
    ).splitlines()
    assert [(d.act, d.result) for d in state.done] == [
        ("commit", listed[0]),
        ("push", "origin/samovar/killed"),
    ]
    assert len(listed) == 1
    remote = Path(run_git(project, "remote", "get-url", "origin"))
    updates = run_git(remote, "reflog", "--format=%H", "samovar/killed").splitlines()
    assert updates == listed, "the remote was moved once, to this commit"
    assert run_git(project, "rev-list", "--count", "main..samovar/killed") == "1"
    assert run_git(project, "status", "--porcelain") == ""
    assert (project / "middle.py").read_text() == WRONG
    assert run_git(project, "symbolic-ref", "HEAD") == "refs/heads/main"
