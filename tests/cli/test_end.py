"""What a person reads on a terminal: nothing hidden, nothing that moves the cursor."""

import pytest
from unseen import SAMPLES, hidden

from samovar.cli.end import Pieces, printable


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
