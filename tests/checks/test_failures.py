"""The one failure worth telling."""

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
    said = excerpt(message)
    assert [h for h in holds if h not in said] == []
    assert [x for x in lacks if x in said] == []


def test_tests_that_did_not_end_are_told_so():
    assert "did not end" in excerpt(REPORT, "time")


def test_an_excerpt_is_short():
    assert len(excerpt("E   " + "x" * 100_000)) <= LONGEST + 5
    assert len(excerpt("x" * 100_000)) <= LONGEST + 5
