"""What tells the calls that ought to raise from those that ought not."""

import ast

import pytest

from samovar.flow import guards
from samovar.flow.grafts import Donors, grafts
from samovar.flow.guards import Call, raising, returning
from samovar.flow.source import Function

TESTS = """
import unittest, pytest
from mines import annotate

class T(unittest.TestCase):
    def test_empty(self):
        self.assertEqual(annotate([]), [])

    def test_mines(self):
        board = ["*  ", "  *"]
        self.assertEqual(annotate(board), ["*11", "11*"])

    def test_ragged(self):
        with self.assertRaises(ValueError) as err:
            annotate(["* ", "*"])
        self.assertEqual(err.exception.args[0], "The board is invalid.")

    def test_letter(self):
        self.assertRaises(ValueError, annotate, ["X* "])

def test_computed():
    annotate([" " * n for n in range(3)])
"""


def calls(tests: str, failing: list[str]) -> tuple[Call, ...]:
    functions = [n for n in ast.walk(ast.parse(tests)) if isinstance(n, Function)]
    return guards.calls(functions, failing)


def said(tests: str, failing: list[str], function: str, *names: str) -> list[str]:
    return raising([c for c in calls(tests, failing) if c.name == function], names)


def test_calls_are_read_with_what_is_expected_of_them() -> None:
    made = [c for c in calls(TESTS, ["test_letter"]) if c.name == "annotate"]
    assert [(c.args, c.raises, c.red) for c in made] == [
        (([],), False, False),
        ((["*  ", "  *"],), False, False),
        ((["* ", "*"],), True, False),
        ((["X* "],), True, True),
    ], "arguments that are not literals are left out"


@pytest.mark.parametrize(
    ("failing", "guard"),
    [
        ("test_ragged", "len(set(map(len, board))) > 1"),
        ("test_letter", "any(c not in ' *' for v in board for c in v)"),
    ],
)
def test_a_guard_holds_for_what_ought_to_raise_only(failing: str, guard: str) -> None:
    assert guard in said(TESTS, [failing], "annotate", "board")
    assert "not board" not in said(TESTS, [failing], "annotate", "board")


def test_nothing_is_said_of_green_tests_or_of_other_functions() -> None:
    assert said(TESTS, [], "annotate", "board") == []
    assert said(TESTS, ["test_ragged"], "other", "board") == []


@pytest.mark.parametrize(
    ("wrong", "right", "guard"),
    [
        ("f(0, 9)", "f(1, 2); f(64, 2)", "a < 1"),
        ("f(65, 9)", "f(1, 2); f(64, 2)", "a > 64"),
        ("f('ab', 'abc')", "f('ab', 'ba')", "len(a) != len(b)"),
        ("f('ac', 'ab')", "f('ab', 'ba')", "sorted(a) != sorted(b)"),
        ("f('1a', b=1)", "f('12', b=1)", "not a.isdigit()"),
        ("f('{', 1)", "f('}', 1)", "any(c not in '}' for c in a)"),
        ("f([1, 2], 2)", "f([1, 0], 2)", "any(v >= b for v in a)"),
        ("f('abcde', 4)", "f('abcd', 4); f('', 4)", "len(a) > 4"),
    ],
)
def test_bounds_alphabets_and_pairs_are_learned(wrong: str, right: str, guard: str) -> None:
    tests = f"""
def test_wrong():
    with raises(ValueError):
        {wrong}

def test_right():
    {right}
"""
    found = said(tests, ["test_wrong"], "f", "a", "b")
    assert guard in found
    assert all(compile(g, "guard", "eval") for g in found)


def test_values_of_mixed_kinds_are_no_error() -> None:
    tests = """
def test_wrong():
    with raises(TypeError):
        f(None, 1)
        f("x", [2])
        f(3.0, {})

def test_right():
    f(1, 2)
    f([1], "a")
"""
    assert said(tests, ["test_wrong"], "f", "a", "b") == ["not a", "not b"]


@pytest.mark.parametrize(
    "case",
    [
        "self.assertIs(f([0, 0]), False)\n    self.assertIs(f([1, 2]), True)",
        "self.assertEqual(False, f([0, 0]))\n    self.assertEqual(f([1, 2]), True)",
        "self.assertFalse(f([0, 0]))\n    self.assertTrue(f([1, 2]))",
        "assert f([0, 0]) is False\n    assert f([1, 2]) == True",
        "assert not f([0, 0])\n    assert f([1, 2])",
    ],
)
def test_a_plain_value_that_is_expected_stands_for_a_case(case: str) -> None:
    found = returning(calls(f"def test_both(self):\n    {case}\n", ["test_both"]), ["v"])
    assert ("any(v <= 0 for v in v)", "False") in found
    assert all(value in ("True", "False") for _, value in found)


def test_a_result_to_be_worked_out_is_no_case() -> None:
    tests = "def test_it():\n    assert f(2) == 4\n    assert f(3) == 9\n"
    assert returning(calls(tests, ["test_it"]), ["n"]) == []


def test_a_constructor_is_called_by_the_name_of_its_class() -> None:
    source = "class Queen:\n    def __init__(self, row):\n        self.row = row\n"
    low = "def test_low():\n    with raises(ValueError):\n        Queen(-1)\n"
    tests = f"{low}\ndef test_row():\n    Queen(2)\n"
    donors = Donors(("low row",), ("ValueError",), calls(tests, ["test_low"]))
    texts = [v.apply(source) for v in grafts(source, 1, 3, donors)]
    assert any("        if row < 0:\n            raise ValueError('low row')\n" in t for t in texts)


def test_a_guard_is_among_the_edits_with_the_exception_the_tests_expect() -> None:
    source = "def annotate(board):\n    return board\n"
    donors = Donors(("The board is invalid.",), ("ValueError",), calls(TESTS, ["test_ragged"]))
    texts = [v.apply(source) for v in grafts(source, 1, 2, donors)]
    assert (
        "def annotate(board):\n    if len(set(map(len, board))) > 1:\n"
        "        raise ValueError('The board is invalid.')\n    return board\n"
    ) in texts
