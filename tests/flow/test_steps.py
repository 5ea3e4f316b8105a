"""Runs of several steps: each one starts from what the last one left."""

import pytest
from doubles import (
    CASES,
    RIGHT,
    TASK,
    WRONG,
    Cases,
    Heard,
    Memory,
    answering,
    drive,
    fenced,
    kit,
    opened,
)

from samovar.core.log import MemoryLog
from samovar.core.task import Budget

LEAST = "def least(a, b):\n    if a < b:\n        return a\n    return b\n"
LOOSE = LEAST.replace("a < b", "a <= b")
FILES = {"middle.py": WRONG, "other.py": LEAST}
NAMED = ("middle.py", "other.py")
SPOKEN = f"{TASK} It is used beside other.py."
UNSEARCHED = ("search", "message")


class Joined(Cases):
    """Checks of a project whose files are one module, the later ones above the earlier ones."""

    def joined(self, changed):
        return "\n\n".join({**self.tree.files, **changed}.values())

    def outcomes(self, changed):
        return super().outcomes({**changed, self.path: self.joined(changed)})

    async def snippet(self, name, code, changed):
        return await super().snippet(name, code, {self.path: self.joined(changed)})


def joined(model, files, cases=CASES, **fields):
    return kit(model, files, checks=Joined(Memory(dict(files)), cases), **fields)


def of_step(state, step):
    return [a.candidate for a in state.attempts if a.candidate.step == step]


def changes(used):
    return [changed for _, _, changed in used.repo.commits]


@pytest.mark.parametrize("named", [(), NAMED])
async def test_a_file_beside_a_proven_one_gets_no_edit_by_chance(named):
    """The second file is asked for only where a person named it, and is searched in no case."""
    used = kit(answering(fenced(RIGHT)), FILES)
    state = await drive(used, MemoryLog([opened(text=SPOKEN, files=named)]))
    assert [s.targets[0].path for s in state.plan.steps] == list(NAMED)
    assert state.closed.ok and changes(used) == [{"middle.py": RIGHT}]
    assert [c.candidate for c in state.chosen] == [0, None]
    beside = of_step(state, 1)
    assert bool(beside) is bool(named)
    assert {c.origin for c in beside} <= {"model"}


@pytest.mark.parametrize(("named", "kept"), [((), False), (NAMED, True)])
async def test_a_needless_rewrite_is_taken_of_a_named_file_only(named, kept):
    model = Heard(fenced(RIGHT), fenced(LOOSE))
    used = kit(model, FILES)
    asked = opened(text=SPOKEN, files=named, off=UNSEARCHED)
    state = await drive(used, MemoryLog([asked]))
    assert state.closed.ok
    assert changes(used) == [{"middle.py": RIGHT, **({"other.py": LOOSE} if kept else {})}]
    assert len(model.asked) == 1 + kept
    wanted = "the first that makes nothing worse" if kept else "all is green without it"
    assert state.chosen[1].why == wanted


async def test_a_search_counts_from_what_the_last_step_left():
    """One red test is left: an edit that leaves one red is no better."""
    files = {"middle.py": WRONG, "other.py": f"{LEAST}\n\ndef twice(n):\n    return n * 3\n"}
    cases = {**CASES, "test_other.py::test_twice": "twice(4) == 8"}
    used = joined(answering(fenced(RIGHT)), files, cases)
    state = await drive(used, MemoryLog([opened(text=SPOKEN, off=("message",))]))
    right = {"middle.py": RIGHT, "other.py": files["other.py"].replace("n * 3", "n * 2")}
    assert state.closed.ok and changes(used) == [right]
    assert [c.verdict.passed for c in state.chosen] == [False, True]


async def test_a_part_that_is_proved_is_kept_whatever_the_next_step_finds():
    """Two of three tests are more than the project had, and less than the first step left."""
    worse = f"{LEAST}\n\ndef middle(values):\n    return sorted(values)[len(values) > 1]\n"
    used = joined(answering(fenced(RIGHT), fenced(worse)), FILES)
    asked = opened(text=SPOKEN, files=NAMED, off=UNSEARCHED)
    state = await drive(used, MemoryLog([asked]))
    assert "2 of 3 tests pass" in {a.verdict.why for a in state.attempts if a.verdict}
    assert [c.candidate for c in state.chosen] == [0, None]
    assert state.closed.ok and changes(used) == [{"middle.py": RIGHT}]


async def test_examples_that_a_step_satisfied_are_not_given_up_by_the_next():
    broken = f"{LEAST}\n\ndef middle(values):\n    return 0\n"
    used = joined(answering(fenced(RIGHT), fenced(broken)), FILES, command="")
    text = f"{SPOKEN}\n\n    assert middle([3, 1, 2]) == 2\n    assert middle([6, 4, 5]) == 5\n"
    state = await drive(used, MemoryLog([opened(text=text, files=NAMED, off=UNSEARCHED)]))
    assert len(state.plan.examples) == 2
    assert "0 of 2 examples of the task hold" in str([a.verdict for a in state.attempts])
    assert state.closed.ok and changes(used) == [{"middle.py": RIGHT}]
    assert state.chosen[0].verdict.proof == "issue examples"


FIVE = {f"{name}.py": "def least(a, b):\n    return a\n" for name in "abcde"}


async def five(calls):
    """A run that is to write five files, where nothing proves any of them."""
    model = answering(*(fenced(f"def least(a, b):\n    return b + {n}\n") for n in range(12)))
    used = joined(model, FIVE, {"test_all.py::test_true": "True"})
    asked = opened(
        text="Make `least` sensible.",
        files=tuple(FIVE),
        off=("message", "examples"),
        budget=Budget(calls=calls, generated=8000),
    )
    return used, await drive(used, MemoryLog([asked]))


async def test_every_step_has_an_answer_before_any_has_what_others_need():
    used, state = await five(calls=8)
    assert state.closed.ok and [set(c) for c in changes(used)] == [set(FIVE)]
    assert [len(of_step(state, n)) for n in range(5)] == [2, 1, 1, 1, 1]


async def test_a_step_for_which_nothing_is_left_is_named():
    used, state = await five(calls=4)
    assert not used.repo.commits and state.chosen[-1].why == "the budget is spent"
    told = "not solved: 4 usable candidates, 4 model calls; best: no test got worse"
    assert state.closed.outcome == f"{told}; write e.py: the budget is spent"


async def test_every_prefix_of_a_run_of_two_steps_ends_the_same_way():
    used = kit(answering(fenced(RIGHT), fenced(LOOSE)), FILES)
    first = MemoryLog([opened(text=SPOKEN, files=NAMED, off=UNSEARCHED)])
    wanted = await drive(used, first)
    for cut in range(1, len(first.read())):
        log = MemoryLog([e.event for e in first.read()[:cut]])
        state = await drive(kit(used.model, FILES), log)
        assert (state.closed, state.chosen) == (wanted.closed, wanted.chosen), f"cut at {cut}"
