"""Edits of what conditions, loops and comprehensions let through."""

import ast

import pytest

from samovar.flow.filters import filters, operands
from samovar.flow.grafts import Donors, grafts


def versions(text):
    return [v.apply(text) for v in grafts(text, 1, None, Donors())]


LOOP = """
def f(word, words):
    found = []
    for one in words:
        if sorted(one) == sorted(word):
            found.append(one)
    return found
"""
MADE = "def f(word, words):\n    return [w for w in words if sorted(w) == sorted(word)]\n"


@pytest.mark.parametrize(
    ("before", "old", "new"),
    [
        (
            LOOP,
            "if sorted(one) == sorted(word)",
            "if (sorted(one) == sorted(word)) and one != word",
        ),
        (MADE, "if sorted(w) == sorted(word)", "if (sorted(w) == sorted(word)) and w != word"),
        (MADE, "if sorted(w) == sorted(word)", "if True"),
        (MADE, "if sorted(w) == sorted(word)", "if not (sorted(w) == sorted(word))"),
        ("def f(t):\n    return [c for c in t]\n", "in t]", "in t if c.isalpha()]"),
        (LOOP, "    if sorted", "    if one == word:\n            continue\n        if sorted"),
        ("def f(a, b):\n    return a > 0\n", "a > 0", "(a > 0) and a != b"),
    ],
)
def test_what_is_let_through_is_one_edit_away(before, old, new):
    assert before.count(old) == 1
    wanted = ast.unparse(ast.parse(before.replace(old, new)))
    assert wanted in {ast.unparse(ast.parse(each)) for each in versions(before)}


def test_values_are_what_the_function_names_or_computes():
    text = "def f(a):\n    b = len(a)\n    if b:\n        return other(x)\n"
    [function] = ast.parse(text).body

    def segment(node):
        return ast.get_source_segment(text, node) or ""

    said = [new for _, _, new in filters(function, operands(function, segment), segment)]
    assert "(b) and a != b" in said
    assert "(b) and b != len(a)" in said
    assert not any("other" in new.split(")", 1)[1] for new in said)


def test_a_function_without_conditions_and_loops_has_none():
    [function] = ast.parse("def f(a):\n    return a\n").body
    assert list(filters(function, operands(function, ast.unparse), ast.unparse)) == []


def test_a_comment_in_a_loop_stays_and_a_value_over_several_lines_is_left_alone():
    text = (
        "def f(rows, own):\n    for row in rows:\n        # kept\n        if (\n            row\n"
        "            .strip()\n        ):\n            return row  # too\n"
    )
    made = [each for each in versions(text) if "continue" in each]
    assert made
    assert all("# kept" in each and "# too" in each for each in made)
