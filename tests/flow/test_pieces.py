"""What a change consists of."""

import ast

import pytest

from samovar.flow.pieces import parts, pieces

OLD = "def f(a):\n    b = g(a)\n    return b\n"


def without(new):
    """Return the text without each of its pieces."""
    rows = new.splitlines(keepends=True)
    return ["".join([*rows[:i], *kept, *rows[j:]]) for i, j, kept in pieces(OLD, new)]


def test_statements_that_came_in_side_by_side_are_pieces_of_their_own():
    new = "def f(a):\n    if a:\n        return 0\n    a = a.lower()\n    b = g(a)\n    return b\n"
    assert without(new) == [
        "def f(a):\n    if a:\n        return 0\n    b = g(a)\n    return b\n",
        "def f(a):\n    a = a.lower()\n    b = g(a)\n    return b\n",
    ]


def test_lines_that_changed_in_place_are_pieces():
    new = "def f(a):\n    b = g(a + 1)\n    return b + 1\n"
    assert without(new) == [
        "def f(a):\n    b = g(a + 1)\n    return b\n",
        "def f(a):\n    b = g(a)\n    return b + 1\n",
    ]


def test_a_change_of_one_piece_is_taken_whole():
    assert pieces(OLD, OLD) == []
    assert pieces(OLD, OLD.replace("g(a)", "g(a + 1)")) == []
    assert (
        pieces(OLD, "def f(a):\n    while a:\n        a -= 1\n    b = g(a)\n    return b\n") == []
    )


def test_lines_that_became_more_are_one_piece():
    old = "def f(a):\n    b = g(a)\n    c = 1\n    return b\n"
    new = "def f(a):\n    b = (\n        g(a)\n    )\n    c = 1\n    return c\n"
    assert pieces(old, new) == [(5, 6, ["    return b\n"]), (1, 4, ["    b = g(a)\n"])]


def test_what_is_no_program_is_taken_line_by_line():
    assert pieces("a\n", "a\nif (\n") == []
    assert pieces("a\nb\n", "x (\na\nb\ny (\n") == [(3, 4, []), (0, 1, [])]


def said(old, new):
    return sorted(ast.unparse(ast.parse(t).body[0].body[0].test) for t in parts(old, new))


def test_a_part_of_a_condition_that_came_in_can_go_alone():
    old = "def f(a, b):\n    if a > 0 and b:\n        return 1\n"
    new = "def f(a, b):\n    if ((a > 0 and b) and a != b) and len(a) > 2:\n        return 1\n"
    assert said(old, new) == ["(a > 0 and b) and a != b", "(a > 0 and b) and len(a) > 2"]


@pytest.mark.parametrize(
    ("before", "after"),
    [("0 <= x and x < n", "0 <= x and x <= n"), ("a and b > 0", "a is not None and b > 0")],
)
def test_what_became_of_a_condition_does_not_go(before, after):
    old, new = (f"def f(a, b, n, x):\n    if {t}:\n        return 1\n" for t in (before, after))
    assert parts(old, new) == []


def test_a_text_that_is_no_program_has_no_parts():
    assert parts("a and b", "a and (") == []
    deep = "x = " + " + ".join(["1"] * 3000) + "\nif a and b:\n    pass\n"
    assert isinstance(parts(deep, deep), list)
