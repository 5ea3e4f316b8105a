"""The few failures worth telling."""

import pytest

from samovar.checks.failures import LONGEST, excerpt

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


def test_tests_that_did_not_end_are_told_so():
    assert "did not end" in excerpt([REPORT], "time")


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
