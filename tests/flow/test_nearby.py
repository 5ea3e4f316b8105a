"""Calls like those of examples."""

import ast

from samovar.flow.grafts import shown
from samovar.flow.nearby import MOST, nearby

SOURCE = """
def value(colors, n=1):
    return 1


class Scores:
    def __init__(self, given):
        self.given = given

    def best(self):
        return max(self.given)

    def over(self, n):
        return n

    def _own(self):
        return 0
"""


def near(example):
    return nearby(SOURCE, shown(example).calls)


def test_arguments_are_shorter_longer_turned_round():
    found = near("assert value(['a', 'b', 'c']) == 5")
    assert "value(['b', 'c'])" in found and "value(['a', 'b'])" in found
    assert "value(['c', 'b', 'a'])" in found and "value([])" not in found
    assert "value(['a', 'b', 'c'])" not in found, "of it something else is wanted"


def test_each_argument_changes_alone_and_names_stay():
    found = near("assert value('ab', n=3) == 5")
    assert found and all(call.endswith(", n=3)") for call in found)


def test_of_a_class_the_methods_without_arguments_are_called():
    found = near("x = Scores([3, 1])\nx.best()\nassert x.given == [3, 1]")
    assert "Scores([3, 1]).best()" in found and "Scores([1]).best()" in found
    assert not any("over" in call or "_own" in call for call in found)


def test_what_the_file_does_not_define_or_ought_to_raise_is_left_out():
    assert near("assert len([1, 2]) == 3") == ()
    assert near("import unittest\nunittest.TestCase().assertRaises(ValueError, value, [1])") == ()


def test_they_are_python_and_not_too_many():
    many = "\n".join(f"assert value({[n, n + 1]}, {n}) == {n}" for n in range(40))
    found = near(many)
    assert len(found) == MOST and all(ast.parse(call) for call in found)


def test_a_number_of_more_digits_than_python_writes_gives_no_call():
    assert near(f"assert value(0x{'f' * 5000}) == 5") == ()
