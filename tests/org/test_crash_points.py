"""`kill -9` at named points of a team's work: nothing lost or doubled, the books exact."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("crash_points.py")


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(90, marks=pytest.mark.timeout(400)),
        pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
)
def test_a_team_killed_at_named_points_goes_on_as_if_nothing_had_been(kills, tmp_path):
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    words = (sys.executable, str(CHILD), str(tmp_path), str(kills))
    done = subprocess.run(words, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["points"] >= 40, told
    assert told["kills"] == kills <= told["ways"], "each kill is at another call"
