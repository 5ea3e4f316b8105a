"""What a person reads on a terminal: nothing hidden, nothing that moves the cursor; how it ends."""

import subprocess
import sys
from pathlib import Path

import pytest
from unseen import SAMPLES, hidden

from samovar.cli.end import Pieces, printable

_STARTED = """
import asyncio
from samovar.cli.end import carry_out

class Half:
    def __del__(self):
        raise RuntimeError("Event loop is closed")

kept = []

async def work():
    kept.append(Half())
    raise KeyboardInterrupt
    return 0

carry_out(work())
"""


@pytest.mark.parametrize("sample", SAMPLES, ids=ascii)
def test_nothing_invisible_reaches_the_terminal(sample):
    shown = printable(sample)
    assert [c for c in shown if c not in "\n\t" and hidden(c)] == []
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u3164b", "a⟨U+3164⟩b"),
        ("a\u2800b", "a⟨U+2800⟩b"),
        ("x\ufe0f", "x⟨U+FE0F⟩"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
    ],
)
def test_what_was_hidden_is_written_out(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize("text", ["naïve ☕", "日本語", "👩‍💻 ❤️ 1️⃣", "a\tb\n", "x − y"])
def test_what_people_see_stays_in_one_piece_and_in_many(text):
    assert printable(text) == text
    pieces = Pieces()
    assert "".join(map(pieces.add, ["⚠", "", "\ufe0f", " x", "\ufe0f"])) == "⚠️ x⟨U+FE0F⟩"


def test_ctrl_c_while_a_program_is_started_says_nothing_of_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _STARTED], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "")
