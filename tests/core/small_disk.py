"""A program on a disk so small that it fills up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(size: str, program: Path, place: Path) -> str:
    """Run a Python program with the path of a small file system; return what it printed.

    The file system lies in a namespace of its own, so no rights are needed.
    """
    place.mkdir()
    words = f"mount -t tmpfs -o size={size} none {place} && exec {sys.executable} {program} {place}"
    # What the tests share is there for the program, too.
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = ["unshare", "-Urm", "sh", "-c", words]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout
