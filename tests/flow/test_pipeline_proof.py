"""What counts as proof in whole runs, and what is kept of work that nothing proves."""

import pytest
from doubles import (
    EXAMPLES,
    INPUTS,
    MESSAGE,
    RIGHT,
    TASK,
    WRONG,
    Cases,
    Memory,
    answering,
    drive,
    events,
    fenced,
    kit,
    opened,
)
from msgspec.structs import replace

from samovar.core.event import Chose, Documented, Planned, Surveyed, Wrote
from samovar.core.log import MemoryLog
from samovar.core.task import Budget, Checked, Counts
from samovar.flow.receipt import receipt
from samovar.models.scripted import Rules

OFF = ("search",)


async def test_work_of_which_a_part_is_missing_does_not_pass_unproved():
    files = {"middle.py": WRONG, "other.py": "def other():\n    return 1\n"}
    asked = opened(files=("middle.py", "other.py"), off=(*OFF, "examples", "agreement"))
    used = kit(answering(fenced(RIGHT)), files=files, command="")
    state = await drive(used, MemoryLog([asked]))
    assert [c.candidate is None for c in state.chosen] == [False, True]
    assert not state.closed.ok and state.closed.exit_code == 1
    assert not used.repo.commits


async def test_an_override_is_recorded_and_lets_unproved_work_pass():
    still_wrong = WRONG.replace("[0]", "[len(values) == 3]")
    used = kit(answering(fenced(still_wrong)), override=True)
    state = await drive(used, MemoryLog([opened(off=(*OFF, "examples", "agreement"))]))
    assert state.closed.ok
    assert {o.phase for o in state.overridden} == {"executing", "reviewing"}


async def test_a_command_that_is_red_beside_its_green_tests_proves_nothing():
    """pytest, then a type checker: that a test is green still is no reason to say "verified"."""

    class Typed(Cases):
        async def test(self, name, command, changed):
            return replace(await super().test(name, command, changed), exit=2)

    checks = Typed(Memory({"middle.py": WRONG}), {"test_middle.py::test_one": "middle([4]) == 4"})
    needless = WRONG + "print('hi')\n"
    used = kit(answering(fenced(needless)), checks=checks)
    state = await drive(used, MemoryLog([opened(text="Add `mean` to middle.py.")]))
    assert not state.closed.ok and used.repo.commits == []
    assert state.closed.outcome.endswith("best: 1 of 1 tests pass, pytest -q ends with 2")
    searched = [a.candidate for a in state.attempts if a.candidate.origin == "search"]
    assert searched and not any(c.edits for c in searched), "no edit is better than another"


async def test_a_project_without_tests_says_so_and_proves_nothing():
    log = MemoryLog([opened(off=("examples", "agreement"))])
    state = await drive(kit(answering(fenced(RIGHT)), command=""), log)
    surveyed = next(e for e in events(log) if isinstance(e, Surveyed))
    chose = next(e for e in events(log) if isinstance(e, Chose))
    assert "no tests" in surveyed.verdict.why
    assert chose.verdict.proof in ("none", "runs")
    assert state.closed.ok


def two_of_three(request):
    """Answer to everything; two of three versions behave alike."""
    asides = {
        INPUTS: "```python\nmiddle([1, 2, 3])\nmiddle([5, 1])\n```",
        MESSAGE: "Return the middle",
        EXAMPLES: "There are none.",
    }
    codes = [WRONG.replace("[0]", "[-1]"), RIGHT, RIGHT.replace("ordered", "row")]
    seed = request.sampling.seed
    return asides[seed] if seed in asides else fenced(codes[(seed - 1000) % 3])


async def test_candidates_that_agree_win_where_nothing_can_prove():
    first = opened(off=("examples",), candidates=3)
    log = MemoryLog([first])
    state = await drive(kit(Rules(two_of_three), command=""), log)
    assert "2 of 3 candidates agree" in state.chosen[0].why
    assert state.chosen[0].verdict.proof == "generated inputs"


@pytest.mark.parametrize("off", [("examples",), ("examples", "agreement")])
async def test_a_receipt_of_unproved_work_has_its_tests_after_and_what_the_linter_said(off):
    def rule(request):
        seed = request.sampling.seed
        codes = [WRONG.replace("[0]", "[-1]"), RIGHT, RIGHT.replace("ordered", "row")]
        return "middle([1, 2, 3])" if seed == INPUTS else fenced(codes[seed % 3])

    async def lint(changed):
        return Checked(name="lint", command="ruff", exit=1, seconds=0, counts=Counts(failed=1))

    used = kit(Rules(rule), cases={"test_middle.py::test_one": "middle([4]) == 4"})
    used.checks.lint = lint
    log = MemoryLog([opened(off=off, candidates=3)])
    assert (await drive(used, log)).closed.ok
    facts = receipt(log.read())
    assert facts.proof == ("runs" if "agreement" in off else "generated inputs")
    assert (facts.before, facts.after) == (Counts(1), Counts(1))
    assert {c.on for c in facts.commands if c.command == "ruff"} == {"0", "1", "2"}


async def test_everything_the_model_was_asked_and_said_stands_in_the_log():
    model = Rules(two_of_three)
    log = MemoryLog([opened(candidates=3)])
    await drive(kit(model, command=""), log)
    told = [e for e in events(log) if getattr(e, "asked", ())]
    assert {type(e) for e in told} == {Planned, Wrote, Chose, Documented}
    assert [e.asked for e in told] == [r.messages for r in model.asked]
    assert [e.answer for e in told] == [two_of_three(r) for r in model.asked]


async def test_the_comparison_of_candidates_keeps_within_the_budget():
    def rule(request):
        if request.sampling.seed == INPUTS:
            return "```python\nmiddle([1, 2, 3])\n```"
        codes = [WRONG.replace("[0]", f"[{n}]") for n in range(-3, 3)]
        return fenced(codes[request.sampling.seed % len(codes)])

    first = opened(off=("examples",), candidates=8, budget=Budget(calls=4))
    state = await drive(kit(Rules(rule), command=""), MemoryLog([first]))
    assert state.calls == 4 and len(state.attempts) == 3
    assert "candidates agree" in state.chosen[0].why


async def test_a_pasted_test_output_is_what_proves_the_work():
    said = """
    def test_middle(self):
>       self.assertEqual(middle([3, 1, 2]), 2)
E       AssertionError: 1 != 2
>       self.assertEqual(middle([5, 4, 6]), 5)
"""
    used = kit(answering(fenced(RIGHT)), command="")
    state = await drive(used, MemoryLog([opened(text=f"{TASK}\n{said}", off=("agreement",))]))
    assert len(state.plan.examples) == 2
    assert state.chosen[0].verdict.proof == "issue examples"
    assert state.calls == 2, "the code and the sentence of its commit; none for the examples"
    [asked, _] = used.model.asked
    assert asked.messages[-1].text.count("middle([3, 1, 2])") == 1, "the quoted test says it"
    assert "- `assert middle([5, 4, 6]) == 5`" in asked.messages[-1].text
    assert "import middle" not in asked.messages[-1].text, "it would be taken for the answer"
