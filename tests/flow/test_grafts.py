"""Edits that draw on the tests and on other candidates."""

import ast

import pytest

from samovar.flow.grafts import Donors, expected, grafts, shown

TESTS = """
class T(TestCase):
    def test_full(self):
        with self.assertRaises(ValueError) as err:
            build(3)
        self.assertEqual(err.exception.args[0], "it is full")

    def test_other(self):
        self.assertEqual(name(), "other")

def test_key():
    with pytest.raises(KeyError):
        find("\u00e9")
"""


NOTHING = Donors()


def versions(text, donors=NOTHING):
    return [v.apply(text) for v in grafts(text, 1, None, donors)]


def test_an_example_says_what_a_test_would():
    told = shown("from a import f\n\ndef test_x():\n    assert f('in') == ['out']\n\ntest_x()\n")
    assert told.texts == ("in", "out") and told.values == (["out"],)
    assert [(c.name, c.args, c.red) for c in told.calls if c.name == "f"] == [("f", ("in",), True)]
    assert shown("no python (") == Donors()


def test_the_failing_tests_say_which_texts_and_errors_are_expected():
    told = expected(TESTS, ["test_full", "test_key"])
    assert set(told.texts) == {"it is full", "\u00e9"}
    assert set(told.errors) == {"ValueError", "KeyError"}
    assert expected("no python (", ["test_full"]) == Donors()


ONE = "def f(a):\n    return a\n"
DOC = 'def f(a):\n    """Doc."""\n    return a\n'
CHAIN = """def f(a):
    if not a:
        return 1
    elif a > 2:
        return 2
    return 3
"""
TURNED = """def f(a):
    if a > 2:
        return 2
    elif not a:
        return 1
    return 3
"""
METHOD = """class C:
    def f(self, \u00e9):
        x = '\u00e9'
        if \u00e9:
            x = 2
        return x
"""
GUARD = "    if a < 0:\n        raise ValueError('it is full')\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('raise ValueError("full")\n', "raise ValueError('it is full')\n"),
        (ONE, ONE.replace("    return", f"{GUARD}    return")),
        (DOC, DOC.replace("    return", "    a = a.strip()\n    return")),
        ("return a.keys()\n", "return sorted(a.keys())\n"),
        (CHAIN, TURNED),
        (METHOD, METHOD.replace("if \u00e9:\n            x = 2", "pass")),
    ],
)
def test_what_is_left_out_is_one_edit_away(before, after):
    if not before.startswith(("def", "class")):
        before, after = f"def f(a):\n    {before}", f"def f(a):\n    {after}"
    assert after in versions(before, Donors(("it is full",), ("ValueError",)))


def test_statements_and_conditions_come_from_other_candidates():
    mine = "def f(a):\n    if a:\n        b = 1\n    return b\n\n\ndef g():\n    return 0\n"
    other = "def f(a):\n    b = 0\n    if a > 1 and a.ok():\n        b = 2\n    return b\n\n\n"
    other += "def g():\n    x = 9\n    return 0\n"
    made = versions(mine, Donors(others=(other, "def f(:")))
    assert mine.replace("    if a:", "    b = 0\n    if a:") in made
    assert mine.replace("if a:", "if a.ok():") in made
    assert mine.replace("if a:", "if (a) and (a > 1):") in made
    assert not [m for m in made if "x = 9" in m.split("def g")[0]]


def test_a_case_that_was_left_out_is_put_together_from_the_conditions_and_the_tests():
    text = "def f(a):\n    if a.big():\n        return 1\n    if a.old():\n        return 2\n"
    told = Donors(("it is full",))
    case = "    if a.big() and a.old():\n        return 'it is full'\n"
    assert text.replace("    if a.big", f"{case}    if a.big", 1) in versions(text, told)


def test_every_edit_parses_changes_something_and_comes_once():
    text = (
        TESTS + "\n\ndef f(a, b):\n    while a:\n        a -= len(b)\n    return [x for x in b]\n"
    )
    made = grafts(
        text, 1, None, Donors(("one", "two"), ("ValueError",), others=(text.replace("a", "b"),))
    )
    assert made
    keys = [(v.start, v.end, v.text) for v in made]
    assert len(set(keys)) == len(keys)
    for variant in made:
        ast.parse(variant.apply(text))


def test_code_that_does_not_parse_gives_nothing():
    assert versions("def f(:\n") == []


def test_only_functions_within_the_lines_are_edited():
    text = "def f(a):\n    return a\n\n\ndef g(b):\n    return b\n"
    assert all(v.start > text.index("def g") for v in grafts(text, 5, 6, Donors()))
