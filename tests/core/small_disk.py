"""A program on a disk so small that it fills up."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PAGE = 4096


def fill(path: Path, pages: int) -> None:
    """Fill the disk with one file until only so many pages are left."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * PAGE)
        except OSError:
            file.truncate(max(0, file.tell() - pages * PAGE))


def run(size: str, program: Path, place: Path, env: Mapping[str, str] = os.environ) -> str:
    """Run a Python program with the path of a small file system; return what it printed.

    The file system lies in a namespace of its own, so no rights are needed.
    """
    place.mkdir()
    words = f"mount -t tmpfs -o size={size} none {place} && exec {sys.executable} {program} {place}"
    # What the tests share is there for the program, too.
    paths = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", words],
        capture_output=True,
        text=True,
        env={**env, "PYTHONPATH": paths},
    )
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout
