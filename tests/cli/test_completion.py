"""What the Tab key of a shell gets, asked as the script does that `--install-completion` leaves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = "from samovar.cli.main import main\n\nmain()\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("samovar do", {"do", "doctor"}),
        ("samovar model p", {"pull", "probe"}),
        ("samovar do --bud", {"--budget"}),
        ("samovar nothing-like-it", set()),
    ],
)
def test_commands_and_options_are_completed(typed: str, offered: set[str], tmp_path: Path) -> None:
    program = tmp_path / "samovar"
    program.write_text(MAIN)
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    done = subprocess.run(
        [sys.executable, str(program)],
        env=os.environ | {"_SAMOVAR_COMPLETE": "complete_bash"} | words,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == offered
