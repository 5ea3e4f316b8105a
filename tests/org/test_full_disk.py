"""A disk that fills up under a team, at forty different points: nothing is lost or doubled."""

import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("full_disk.py")


@pytest.mark.timeout(300)
def test_a_team_on_a_full_disk_goes_on_when_there_is_space_again(tmp_path):
    """A small file system in a namespace of its own, so no rights are needed."""
    place = tmp_path / "small"
    place.mkdir()
    words = f"mount -t tmpfs -o size=20m none {place} && exec {sys.executable} {CHILD} {place}"
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", words], capture_output=True, text=True)
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert int(done.stdout) >= 1, "at some points not even the tick could be recorded"
