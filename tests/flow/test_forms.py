"""What a result is made into, learned from what is expected."""

import ast

import pytest

from samovar.flow.forms import formatted, forms
from samovar.flow.grafts import expected, grafts


def made(wanted, result):
    """Return what the forms of some values make of a result."""
    found = []
    for form in forms(wanted):
        try:
            found.append(eval(form.replace("{0}", "result"), {"result": result}))
        except (TypeError, ValueError, AttributeError):
            continue
    return found


@pytest.mark.parametrize(
    ("wanted", "result", "value"),
    [
        (["gifgs rhurx grlm", "nrmwy oldrm tob", "bvh"], "gvhgrmtg", "gvhgr mtg"),
        (["12-34-56", "78"], "246800", "24-68-00"),
        (["1,234,567"], 9876543, "9,876,543"),
        (["Hello, Ann!", "Hello, Bob!"], "Cid", "Hello, Cid!"),
        (["one\ntwo"], ["a", "b", "c"], "a\nb\nc"),
        (["a, b and c"], [1, 2], "1, 2"),
        (["007", "042"], 9, "009"),
        (["Name", "Other"], "third", "Third"),
        (["Big Name", "No"], "third one", "Third One"),
        (["cba"], "xyz", "zyx"),
        ([["a b", "c"]], "d e\nf", ["d e", "f"]),
        ([["a", "b"]], "x, y", ["x", "y"]),
        ([["ab", "c"]], [("x", "y")], ["xy"]),
        ([[1, 2]], ["3", "4"], [3, 4]),
        ([[[1], [2]]], [(3,), (4,)], [[3], [4]]),
        ([[(1, 2), (2, 3)]], [[3, 4]], [(3, 4)]),
        ([["a"], ["b"]], "c", ["c"]),
        ([[3, 2, 1], [9, 8]], [1, 5, 4], [5, 4, 1]),
        ([[1, 2, 3]], [1, 1, 7], [1, 7]),
        ([(1, 2)], ["3"], (3,)),
        ([35.88, 2.4], 1.23456, 1.23),
        ([3], 2.9, 3),
        ([{"a": 1}], [("b", 2)], {"b": 2}),
    ],
)
def test_a_result_takes_the_form_of_what_is_expected(wanted, result, value):
    assert value in made(wanted, result)


@pytest.mark.parametrize(
    "wanted",
    [[], [None], [True, False], ["ab cde f"], ["plain"], [[]]],
)
def test_what_shows_no_groups_gives_none(wanted):
    assert not any("range" in form for form in forms(wanted))


def test_true_and_false_are_no_numbers():
    assert forms([True, False]) == []


@pytest.mark.parametrize(
    ("text", "wanted", "other"),
    [
        ("f'{h}:{m}'", ["08:00", "23:59"], "f'{h:02d}:{m:02d}'"),
        ("f'{h}:{m}'", ["10:05", "23:09"], "f'{h}:{m:02d}'"),
        ("f'{total} euro'", ["1.50 euro"], "f'{total:.2f} euro'"),
        ("f'{total} euro'", ["1,500 euro"], "f'{total:,} euro'"),
    ],
)
def test_values_in_a_text_are_padded_rounded_and_grouped(text, wanted, other):
    node = ast.parse(text, mode="eval").body
    assert other in list(formatted(node, wanted))


def test_a_value_with_a_form_of_its_own_keeps_it():
    node = ast.parse("f'{h:>2}:{m:x}'", mode="eval").body
    assert list(formatted(node, ["08:00"])) == []


SOURCE = """def encode(text):
    return ''.join(c for c in text if c.isalpha())
"""
TESTS = """def test_long():
    assert encode("a b c d e f g") == "abc def g"


def test_short():
    assert encode("a b") == "ab"
"""


def test_the_edit_names_a_result_that_is_used_more_than_once():
    donors = expected(TESTS, ["test_long"])
    assert donors.values == ("abc def g",)
    (found,) = [v for v in grafts(SOURCE, 1, None, donors) if "range" in v.text]
    place = {}
    exec(found.apply(SOURCE), place)
    assert place["encode"]("abcdefgh") == "abc def gh"
    assert "    result = ''.join(" in found.apply(SOURCE)
