"""The few failures worth telling."""

import pytest

from samovar.checks.failures import LONGEST, Failure
from samovar.checks.failures import excerpt as whole

REPORT = """
    def test_a():
>       assert f(2) == 3
E       assert 2 == 3
E        +  where 2 = f(2)

test_a.py:3: AssertionError
"""
TRACE = """Traceback (most recent call last):
  File "a.py", line 1, in <module>
    f()
ValueError: no
"""


def excerpt(messages: list[str], stopped: str = "") -> str:
    return whole([Failure(m) for m in messages], stopped)


@pytest.mark.parametrize(
    ("message", "holds", "lacks"),
    [
        (REPORT, ["assert f(2) == 3", "assert 2 == 3"], ["def test_a", "test_a.py:3"]),
        (TRACE, ["ValueError: no"], []),
        ("", [], ["None"]),
        ("make: *** [test] Error 1", ["Error 1"], []),
    ],
)
def test_the_assertion_and_its_values_are_kept(message, holds, lacks):
    said = excerpt([message])
    assert [h for h in holds if h not in said] == []
    assert [x for x in lacks if x in said] == []


@pytest.mark.parametrize(
    ("limit", "told"),
    [("time", "did not end"), ("memory", "memory"), ("disk", "disk"), ("output", "print")],
)
def test_tests_that_a_limit_stopped_are_told_so(limit, told):
    assert told in excerpt([REPORT], limit)


def test_an_excerpt_is_short():
    assert len(excerpt(["E   " + "x" * 100_000] * 3)) <= LONGEST + 5
    assert len(excerpt(["x" * 100_000])) <= LONGEST + 5


UNITTEST = """bob_test.py:{line}: in test_{line}
    self.assertEqual(response("{said}"), "Sure.")
E   AssertionError: 'Whatever.' != 'Sure.'
"""
RAISED = """tests/test_a.py:7: in test_first
    assert first([]) is None
/usr/lib/python3/functools.py:3: in wrapper
    return f(*args)
src/a.py:2: in first
    return values[0]
E   IndexError: list index out of range
"""


def test_the_call_that_failed_is_told_with_its_input():
    said = excerpt([UNITTEST.format(line=5, said="Okay? ")])
    assert said.splitlines() == [
        'self.assertEqual(response("Okay? "), "Sure.")',
        "AssertionError: 'Whatever.' != 'Sure.'",
    ]


LONG = """bob_test.py:9: in test_long
    self.assertEqual(
    ^^^^^^^^^^^^^^^^
        response("Okay?"), "Sure."
    )
E   AssertionError: 'Whatever.' != 'Sure.'
"""


def test_a_statement_of_several_lines_is_told_in_one():
    first = excerpt([LONG]).splitlines()[0]
    assert first == 'self.assertEqual( response("Okay?"), "Sure." )'


def test_the_place_that_raised_is_told_and_what_lies_outside_is_not():
    assert excerpt([RAISED]).splitlines() == [
        "assert first([]) is None",
        "src/a.py:2: return values[0]",
        "IndexError: list index out of range",
    ]


def test_three_failures_show_the_rule_if_they_are_short():
    four = [UNITTEST.format(line=n, said=f"word {n}") for n in range(4)]
    said = excerpt(four)
    assert [f"word {n}" in said for n in range(4)] == [True, True, True, False]
    assert excerpt([four[0], four[0]]) == excerpt(four[:1])
    long = UNITTEST.format(line=1, said="x" * 600)
    assert excerpt([four[0], long]) == excerpt(four[:1])


DIFFER = """a_test.py:5: in test_it
    self.assertEqual(f(2), [2])
E   AssertionError: Lists differ: [1] != [2]
E   
E   First differing element 0:
E   1
E   2
E   
E   - [1]
E   + [2]
"""
SHORTENED = DIFFER.replace("[1] !=", "[1, [99 chars]] !=")
WHERE = """test_a.py:3: in test_a
    assert f(2).x == 3
E   AssertionError: not so
E   assert 2 == 3
E     At index 0 diff
E    +  where 2 = <A object at 0x7f12ab34cd56>.x
"""


def test_two_values_that_stand_side_by_side_are_not_told_again():
    said = ["self.assertEqual(f(2), [2])", "AssertionError: Lists differ: [1] != [2]"]
    assert excerpt([DIFFER]).splitlines() == said
    assert "- [1]\n+ [2]" in excerpt([SHORTENED])


def test_the_word_of_the_test_and_where_a_value_comes_from_are_kept_addresses_are_not():
    assert excerpt([WHERE]).splitlines() == [
        "assert f(2).x == 3",
        "AssertionError: not so",
        "assert 2 == 3",
        " +  where 2 = <A object>.x",
    ]


def test_the_advice_to_see_more_is_not_told():
    text = (
        "E   assert [1] == [...]\nE     Right contains 7 more items\nE     Use -v to get more diff"
    )
    assert excerpt([text]).splitlines() == ["assert [1] == [...]", "  Right contains 7 more items"]


def test_what_the_test_did_stands_in_place_of_its_statement():
    case = "b = Buffer(1)\nb.write(1)\nb.write(1)\nassert first(b) == 1"
    said = whole([Failure(RAISED, case)]).splitlines()
    assert said == [*case.splitlines(), *excerpt([RAISED]).splitlines()[1:]]


@pytest.mark.parametrize(
    ("cases", "shown"),
    [
        (["f(1)", "f(2)", "g('f(')", "f(3)", "h(1)"], ["f(1)", "g('f(')", "h(1)"]),
        (["f(1)", "f(2)", "g(1)", "f(3)"], ["f(1)", "g(1)", "f(2)"]),
        (["self.assertEqual(r.x, 1)", "self.assertEqual(r.x, 2)", "r.y"], [0, 2, 1]),
        (["f(1)\ng(2)", "f(2)\ng(3)", "f(1)"], [0, 2, 1]),
    ],
)
def test_one_failure_of_each_function_comes_before_several_of_one(cases, shown):
    said = whole([Failure("E   no", case) for case in cases])
    wanted = [cases[n] if isinstance(n, int) else n for n in shown]
    assert said == "\n\n".join(f"{case}\nno" for case in wanted)


def test_a_failure_without_room_gives_way_to_a_shorter_one():
    cases = ["f(1)", f"f('{'x' * LONGEST}')", "f(2)"]
    failures = [Failure("E   no", case) for case in cases]
    assert whole(failures) == whole(failures[1:]).replace("f(2)", "f(1)") + "\n\nf(2)\nno"
    assert len(whole(failures[1:2])) <= LONGEST + 5
