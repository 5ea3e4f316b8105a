"""Workers on PostgreSQL bring what they should: so many times what one of them does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "bench" / "scaling.py"
LINEAR = 0.85
STARVED = 0.5
"""Of eight workers on fewer than four processors: there the processors are the limit."""


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_four_and_eight_workers_are_within_15_percent_of_linear():
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    linear = {row["workers"]: row["linear"] for row in rows if "linear" in row}
    assert set(linear) == {1, 2, 4, 8}, rows
    assert min(linear[2], linear[4]) >= LINEAR, rows
    assert linear[8] >= (LINEAR if (os.cpu_count() or 1) >= 4 else STARVED), rows
