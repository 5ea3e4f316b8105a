"""The verdict, as a table."""

import pytest
from doubles import opened, report

from samovar.core.event import Planned, Surveyed
from samovar.core.state import State, replay
from samovar.core.task import NO_TESTS, Checked, Plan, Verdict
from samovar.flow.verify import compiles, weigh


def after(before: Checked | None, examples=()) -> State:
    checks = (before,) if before else ()
    green = before is None or before.exit == 0
    surveyed = Surveyed(verdict=Verdict(passed=green, checks=checks), command="t" if before else "")
    goals = before.failing if before else ()
    return replay([opened(), surveyed, Planned(plan=Plan((), examples=examples, goals=goals))])


RED = report(["t.py::a"], ["t.py::b"])
ALL_RED = report([], ["t.py::a", "t.py::b"])
UNREADABLE = report([], ["t.py"], 2)
OTHERWISE_RED = report(["t.py::a"], exit=2)
"""Every test is green; something else of the command, such as a type checker, is not."""
SILENT_RED, SILENT_GREEN = report(exit=2), report(exit=0)
EXAMPLE, WRONG_EXAMPLE = report(name="example 1"), report(name="example 1", exit=1)

TABLE = [
    (RED, report(["t.py::a", "t.py::b"]), True, "project tests"),
    (RED, report(["t.py::a"], ["t.py::b"]), False, "project tests"),
    (RED, report(["t.py::b"], ["t.py::a"]), False, "none"),
    (RED, report(["t.py::b"]), False, "none"),
    (RED, SILENT_GREEN, False, "none"),
    (ALL_RED, SILENT_GREEN, False, "project tests"),
    (ALL_RED, report(["t.py::a"]), False, "project tests"),
    (ALL_RED, report(["t.py::a", "t.py::b"]), True, "project tests"),
    (UNREADABLE, report(["t.py::a"]), True, "project tests"),
    (UNREADABLE, report([], [], 0), False, "project tests"),
    (UNREADABLE, report(["u.py::a"]), False, "project tests"),
    (report([], ["collection"], 2), report(["t.py::a"]), True, "project tests"),
    (SILENT_RED, SILENT_GREEN, True, "project tests"),
    (SILENT_RED, SILENT_RED, False, "project tests"),
    (OTHERWISE_RED, OTHERWISE_RED, False, "project tests"),
    (OTHERWISE_RED, report(["t.py::a"]), True, "project tests"),
    (RED, report(["t.py::a", "t.py::b"], exit=2), True, "project tests"),
    (report(["t.py::a"]), OTHERWISE_RED, False, "none"),
    (report(["t.py::a"]), report(["t.py::a"]), False, "runs"),
    (report(["t.py::a[10:15]"]), report(["t.py::a[10:16]"]), False, "runs"),
    (report(["t.py::a[10:15]"]), report(["t.py::b[10:15]"]), False, "none"),
    (report(["t.py::a[1]"]), report(["t.py::a[2]"], ["t.py::a[1]"]), False, "none"),
    (report(["t.py::a[1]", "t.py::a[2]"]), report(["t.py::a[3]"]), False, "none"),
    (report(["t.py::a[1]"]), report(["t.py::a"]), False, "none"),
    (RED, report(["t.py::b", "t.py::c"]), False, "none"),
    (report(["t.py::a"]), report(["t.py::a"], ["t.py::c"]), False, "none"),
]


@pytest.mark.parametrize(("before", "now", "passed", "proof"), TABLE)
def test_tests_are_weighed_against_what_was_there(before, now, passed, proof):
    verdict = weigh(after(before), (now,))
    assert (verdict.passed, verdict.proof) == (passed, proof)
    assert 0 <= verdict.score <= 1
    assert passed == (verdict.score == 1.0)


def test_where_there_was_no_test_one_that_is_written_counts():
    none = Checked(name="tests", command="t", exit=5, seconds=0, excerpt=NO_TESTS)
    surveyed = Surveyed(verdict=Verdict(passed=True, proof="none", checks=(none,)), command="t")
    state = replay([opened(), surveyed, Planned(plan=Plan(()))])
    found = [weigh(state, (c,)) for c in (none, report(["t.py::a"]), report([], ["t.py::a"]))]
    assert [v.proof for v in found] == ["none", "runs", "none"]
    assert [v.score for v in found] == [0.5, 0.5, 0.1]


@pytest.mark.parametrize(
    ("checks", "passed", "score"),
    [
        ((EXAMPLE,), True, 1.0),
        ((WRONG_EXAMPLE,), False, 0.4),
        ((EXAMPLE, WRONG_EXAMPLE), False, 0.65),
        ((EXAMPLE, report(["t.py::a"])), True, 1.0),
        ((EXAMPLE, report([], ["t.py::a"])), False, 0.0),
        ((EXAMPLE, OTHERWISE_RED), False, 0.1),
        ((EXAMPLE, report(["t.py::a"], ["t.py::b"])), False, 0.1),
    ],
)
def test_examples_prove_only_while_no_test_gets_worse(checks, passed, score):
    verdict = weigh(after(report(["t.py::a"]), ("x",)), checks)
    if len(checks) == 1 or checks[1].name != "tests":
        verdict = weigh(after(None, ("x",)), checks)
    assert (verdict.passed, round(verdict.score, 2)) == (passed, score)


def test_tests_that_do_not_tell_why_the_command_ended_are_not_all_that_is_said():
    said = weigh(after(OTHERWISE_RED), (OTHERWISE_RED,)).why
    assert said == "1 of 1 tests pass, t ends with 2"
    mended = weigh(after(RED), (report(["t.py::a", "t.py::b"], exit=2),)).why
    assert mended == "2 of 2 tests pass, t ends with 2"
    worse = weigh(after(report(["t.py::a"])), (OTHERWISE_RED,)).why
    assert worse == "t passed before, now: 1 passed, 0 failed, ends with 2"


def test_one_example_is_not_said_to_be_more_than_one():
    assert "only example" in weigh(after(None, ("x",)), (EXAMPLE,)).why
    two = weigh(after(None, ("x", "y")), (EXAMPLE, EXAMPLE)).why
    assert two.startswith("2 of 2 examples of the task hold")


def test_a_better_candidate_scores_higher():
    three = report([], ["t.py::a", "t.py::b", "t.py::c"])
    scores = [
        weigh(after(three), (report(["t.py::a", "t.py::b"], ["t.py::c"]),)).score,
        weigh(after(three), (report(["t.py::a"], ["t.py::b", "t.py::c"]),)).score,
    ]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("a.py", "x = 1\n", False),
        ("a.py", "def f(:\n", True),
        ("a.py", "return 1\n", True),
        ("a.py", "x = '\\d'\n", False),
        ("a.py", "-" * 100_000 + "1", True),
        ("a.md", "def f(:\n", False),
    ],
)
def test_what_does_not_compile_is_not_run(path, text, wrong):
    found = compiles(path, text)
    assert (found is not None) is wrong
    if found is not None:
        verdict = weigh(after(RED), (found,))
        assert (verdict.passed, verdict.score, verdict.why) == (False, 0.0, "does not compile")


def test_a_red_test_that_is_not_the_tasks_may_stay_red_but_a_new_one_may_not():
    surveyed = Surveyed(verdict=Verdict(passed=False, checks=(RED,)), command="t")
    state = replay([opened(), surveyed, Planned(plan=Plan(()))])
    same = weigh(state, (report(["t.py::a"], ["t.py::b"]),))
    worse = weigh(state, (report(["t.py::a"], ["t.py::b", "t.py::c"]),))
    assert (same.passed, same.proof, same.score) == (False, "runs", 0.5)
    assert worse.score < 0.4
