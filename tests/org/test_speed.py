"""How fast a thousand agents with ten thousand entries are, and that their memory is flat."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "bench" / "organisation.py"
GROWN = 1.05
"""What memory may grow to over 2,000 ticks."""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_agents_keep_to_what_was_promised(tmp_path):
    words = [sys.executable, str(SCRIPT), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    measured = {row.pop("measure"): row for row in map(json.loads, done.stdout.splitlines())}
    idle, command, chatter = (measured[name] for name in ("idle", "command", "chatter"))
    assert idle["tick"] < 0.2, idle
    assert command["best"] < 0.5, command
    for messages in (measured["messages"], measured["messages, large"]):
        assert messages["delivered"] == messages["wanted"] and messages["in_order"], messages
        assert messages["per_second"] >= 200, messages
    for held in (idle, chatter):
        assert held["memory_after"] <= GROWN * held["memory_before"], held
