"""By what a search tells good from bad."""

import pytest
from doubles import Memory, opened, report

from samovar.core.event import Judged, Planned, Surveyed, Wrote
from samovar.core.state import State, replay
from samovar.core.task import Candidate, Edit, Plan, Probe, Target, Verdict
from samovar.flow.probes import MOST, UNKNOWN, count, mended, pass_to_pass, probe

EXAMPLES = ("assert one() == 1", "assert two() == 2")
TREE = Memory(
    {
        "shop/cart.py": "class Cart:\n    def add(self): ...\n",
        "tests/test_cart.py": "Cart",
        "tests/test_all.py": "Cart",
        "tests/test_other.py": "Carts",
    }
)
GREEN = ("tests/test_all.py::a", "tests/test_other.py::b", "tests/test_cart.py::c")
PLACE = Target("shop/cart.py", "Cart.add", 2, 2)


def state(passing=GREEN, failing=(), examples=(), origin="search", checks=None) -> State:
    """A run whose first candidate showed `checks`."""
    before = report(passing, failing)
    events = [
        opened(),
        Surveyed(verdict=Verdict(passed=not failing, checks=(before,)), command="t"),
        Planned(plan=Plan((), examples=tuple(examples), goals=tuple(failing))),
    ]
    if checks is not None:
        candidate = Candidate(id=0, step=0, origin=origin, edits=(Edit("a.py", "b"),))
        verdict = Verdict(passed=False, checks=tuple(checks))
        events += [Wrote(candidate=candidate), Judged(candidate=0, verdict=verdict, seconds=0)]
    return replay(events)


def test_every_example_counts_for_one():
    begun = state(examples=EXAMPLES)
    assert count(begun, None) == 2
    assert probe(begun, None) == Probe(scripts=EXAMPLES)


def test_what_a_candidate_broke_counts_beside_the_examples_it_does_not_satisfy():
    shown = [report(name="example 1"), report(exit=1, name="example 2"), report(GREEN[:2])]
    begun = state(examples=EXAMPLES, checks=shown)
    [attempt] = begun.attempts
    assert count(begun, attempt) == 2
    assert probe(begun, attempt) == Probe(GREEN[2:], EXAMPLES)
    assert not mended(begun, attempt)


def test_the_tests_of_the_place_come_after_those_that_a_search_broke():
    assert pass_to_pass(state(examples=EXAMPLES), TREE, None, PLACE) == (GREEN[2], GREEN[0])
    broke = [report([GREEN[0], GREEN[2]])]
    begun = state(examples=EXAMPLES, checks=broke)
    assert pass_to_pass(begun, TREE, None, PLACE) == (GREEN[1], GREEN[2], GREEN[0])
    asked = state(examples=EXAMPLES, checks=broke, origin="model")
    assert GREEN[1] not in pass_to_pass(asked, TREE, None, PLACE), "a model may break everything"


def test_no_more_tests_are_run_beside_than_is_quick():
    many = [f"tests/test_cart.py::t{n}" for n in range(MOST + 50)]
    assert len(pass_to_pass(state(many, examples=EXAMPLES), TREE, None, PLACE)) == MOST
    red = "tests/test_cart.py::red"
    beside = pass_to_pass(state([red, *many], [red]), TREE, None, PLACE)
    assert len(beside) == MOST
    assert red not in beside


@pytest.mark.parametrize(("red", "number"), [(["t.py::a", "t.py::b"], 2), (["t.py"], UNKNOWN)])
def test_red_tests_count_one_by_one_and_a_file_hides_how_many_it_has(red, number):
    begun = state(failing=red)
    assert count(begun, None) == number
    assert probe(begun, None) == Probe(tuple(red))
    assert pass_to_pass(begun, TREE, None, PLACE) == GREEN
