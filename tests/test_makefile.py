"""What the commands of the Makefile promise."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def smoke(folder: Path, *words: str, does: str = "exit 0") -> subprocess.CompletedProcess[str]:
    """Run `make smoke` with a Python that does something else."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{does}\n")
    python.chmod(0o755)
    command = ["make", "-o", ".venv/.ready", "smoke", f"BIN={folder}", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)


@pytest.mark.parametrize(
    ("does", "code", "said"),
    [
        ("exit 0", 0, ""),
        ("exit 3", 2, "Error 3"),
        ("exec sleep 40", 2, "make smoke: it took longer than 0.2 s"),
    ],
)
def test_smoke_fails_when_it_takes_too_long(tmp_path, does, code, said):
    done = smoke(tmp_path, "SMOKE=0.2" if "sleep" in does else "SMOKE=20", does=does)
    assert done.returncode == code and said in done.stderr
    assert ("took longer" in done.stderr) is ("sleep" in does)


def test_smoke_may_take_half_a_minute_and_no_more(tmp_path):
    assert " 30 " in smoke(tmp_path, "--dry-run").stdout


def test_format_writes_what_check_looks_at():
    def planned(name: str) -> list[str]:
        command = [
            "make",
            "-o",
            ".venv/.ready",
            "--dry-run",
            "--no-print-directory",
            name,
            "BIN=bin",
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)
        return done.stdout.splitlines()

    looked, linted = [line.replace(" --check", "") for line in planned("check")[:2]]
    fixed, written = planned("format")
    assert written == looked == "bin/ruff format src tests"
    assert fixed.replace(" --fix --exit-zero --quiet", "") == linted
