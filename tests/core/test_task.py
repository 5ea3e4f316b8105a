"""Applying edits to texts."""

import pytest

from samovar.core.task import PROOFS, Edit, apply, lines


@pytest.mark.parametrize(
    ("old", "edit", "new"),
    [
        ("a\nb\n", Edit("f", "x\n"), "x\n"),
        ("a\nb\nc\n", Edit("f", "x\n", 2, 2), "a\nx\nc\n"),
        ("a\nb\n", Edit("f", "x\n", 2, 1), "a\nx\nb\n"),
        ("a\nb", Edit("f", "", 1, 1), "b"),
        ("", Edit("f", "new\n"), "new\n"),
        ("a\r\nb\r\n", Edit("f", "x\r\n", 1, 1), "x\r\nb\r\n"),
        ("a = '\x0c\u2028'\nb\n", Edit("f", "x\n", 2, 2), "a = '\x0c\u2028'\nx\n"),
    ],
)
def test_lines_become_the_text_of_the_edit(old, edit, new):
    assert apply((edit,), {"f": old}) == {"f": new}


def test_edits_of_one_file_do_not_move_each_other():
    edits = (Edit("f", "one\ntwo\n", 1, 1), Edit("f", "z\n", 3, 3))
    assert apply(edits, {"f": "a\nb\nc\n"}) == {"f": "one\ntwo\nb\nz\n"}


def test_files_without_an_edit_are_left_out():
    assert set(apply((Edit("f", "x"),), {"f": "", "g": "y"})) == {"f"}


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("a", 1), ("a\n", 1), ("a\r\nb\rc\n\x0cd\x1ce\u2028f\n", 4), ("\n\n", 2)],
)
def test_lines_are_counted_as_python_counts_them(text, count):
    assert "".join(lines(text)) == text
    assert len(lines(text)) == count


def test_proofs_are_ordered_by_strength():
    assert PROOFS[0] == "project tests"
    assert PROOFS[-1] == "none"
