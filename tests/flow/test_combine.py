"""Functions of several candidates, put together."""

from samovar.flow.combine import MOST, combined

ONE = """\"\"\"Doc.\"\"\"
from __future__ import annotations

def a():
    return 1

def b():
    return 0
"""
TWO = "import math\n\ndef a():\n    return 0\n\ndef b():\n    return math.floor(2.5)\n"


def test_each_function_may_come_from_another_candidate():
    made = list(combined(ONE, [TWO]))
    names: list[dict[str, object]] = []
    for text in made:
        names.append({})
        exec(text, names[-1])
    values = [(n["a"](), n["b"]()) for n in names]
    assert values == [(0, 0), (1, 2), (0, 2)]


def test_a_version_that_only_looks_different_is_not_tried():
    assert list(combined(ONE, [ONE.replace("return 1", "return 1  # one")])) == []


def test_methods_are_swapped_within_their_class():
    one = "class C:\n    def a(self):\n        return 1\n\n    def b(self):\n        return 0\n"
    two = "class C:\n    def a(self):\n        return 0\n    def b(self):\n        return 2\n"
    found: dict[str, type] = {}
    exec(list(combined(one, [two]))[1], found)
    assert (found["C"]().a(), found["C"]().b()) == (1, 2)


def test_the_number_of_combinations_is_bounded():
    def text(n):
        return "".join(f"def f{i}():\n    return {n}\n" for i in range(12))

    assert len(list(combined(text(0), [text(1), text(2)]))) == MOST


def test_code_that_does_not_parse_gives_nothing():
    assert list(combined("def a(:", [TWO])) == []
    assert list(combined(ONE, ["def a(:"])) == []


def test_an_expression_that_nests_deep_ends_no_search():
    deep = "x = " + " + ".join(["1"] * 1500) + "\n\n\n"
    assert list(combined(deep + ONE, [deep + TWO]))
