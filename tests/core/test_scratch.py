"""Folders for a while, and what killed processes leave of them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from samovar.core.scratch import ENTERED, FRESH, PREFIX, Scratch, sweep

KILLED = """
import sys
from samovar.core.scratch import Scratch
made = Scratch()
(made.path / "big").write_text("left behind")
print(made.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def aged(folder: Path) -> Path:
    old = folder.stat().st_mtime - 2 * FRESH
    os.utime(folder, (old, old))
    return folder


def test_a_folder_is_there_for_a_while(tmp_path: Path) -> None:
    with Scratch(ENTERED) as folder:
        (folder / "file").write_text("x")
        assert folder.parent == tmp_path and folder.stat().st_mode & 0o777 == ENTERED
    assert not folder.exists()


def test_what_a_killed_process_left_is_cleared_away_and_nothing_else(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    theirs = Path(process.stdout.readline().strip())
    mine = Scratch()
    fresh, other, old = (tmp_path / n for n in (f"{PREFIX}fresh", "other", f"{PREFIX}old"))
    for folder in (fresh, other, old):
        folder.mkdir()
    link = tmp_path / f"{PREFIX}link"
    link.symlink_to(other)
    for folder in (theirs, mine.path, other, old):
        aged(folder)
    sweep()
    assert not old.exists()
    assert (theirs / "big").exists(), "its process lives"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    sweep()
    assert not theirs.exists()
    assert all(f.exists() for f in (mine.path, fresh, other, link))
    mine.close()
