"""What is claimed where candidates are compared."""

import pytest
from doubles import INPUTS, MESSAGE, RIGHT, WRONG, drive, fenced, kit, opened

from samovar.core.event import Opened, Planned
from samovar.core.log import MemoryLog
from samovar.core.state import State, fold
from samovar.core.task import Plan, Task
from samovar.flow.choose import hopeless
from samovar.flow.receipt import receipt
from samovar.models.scripted import Rules

LAST, SECOND = WRONG.replace("[0]", "[-1]"), WRONG.replace("[0]", "[-2]")
ALSO = RIGHT.replace("ordered", "row")
BEFORE = "# Changelog\n\n## Unreleased\n"


def writing(*codes):
    """A model that writes these versions, and thinks of two inputs for each function."""

    def rule(request):
        seed = request.sampling.seed
        asides = {
            INPUTS: "```python\nmiddle([1, 2, 3])\nmiddle([5, 1])\nother([6])\nother([])\n```",
            MESSAGE: "Return the middle",
        }
        return asides[seed] if seed in asides else fenced(codes[(seed - 1000) % len(codes)])

    return Rules(rule)


@pytest.mark.parametrize("command", ["", "pytest -q"])
@pytest.mark.parametrize(
    ("codes", "picked", "why", "agreed"),
    [
        ((LAST, RIGHT), 0, "only 1 of 2 candidates agree on 2 inputs", False),
        ((LAST, RIGHT, ALSO, SECOND), 1, "only 2 of 4 candidates agree on 2 inputs", False),
        ((LAST, RIGHT, ALSO), 1, "2 of 3 candidates agree on 2 inputs", True),
        ((RIGHT, ALSO), 0, "2 of 2 candidates agree on 2 inputs", True),
    ],
)
async def test_agreement_is_claimed_for_a_majority_only(codes, picked, why, agreed, command):
    """The largest group is kept all the same, and its run and what it cost stand in the log."""
    used = kit(
        writing(*codes),
        {"middle.py": WRONG, "CHANGELOG.md": BEFORE},
        {"test_middle.py::test_two": "middle([4, 4]) == 4"},
        command=command,
    )
    log = MemoryLog([opened(off=("examples",), candidates=len(codes), files=("middle.py",))])
    state = await drive(used, log)
    [chose] = state.chosen
    assert (chose.candidate, chose.why, chose.calls) == (picked, why, 1)
    assert state.closed.ok and chose.verdict.checks[-1].name == "agreement"
    proof = "generated inputs" if agreed else "runs" if command else "none"
    said = why if agreed else f"nothing got worse; {why}"
    facts = receipt(log.read())
    assert (facts.proof, facts.why, facts.verified) == (proof, said, False)
    [(_, message, changed)] = used.repo.commits
    assert f"Samovar-Proof: {proof} ({said})" in " ".join(message.split())
    assert ("CHANGELOG.md" in changed) is agreed


LONG = "".join(f"LINE_{n} = {n}\n" for n in range(200))
OTHER = "def other(values):\n    return len(values) * 2\n"
LESS = OTHER.replace(" * 2", "")
METHODS = f"class Row:\n    def middle(self, values):\n        return values[0]\n\n\n{OTHER}"


@pytest.mark.parametrize(
    ("before", "codes", "why", "proof"),
    [
        # Answers 0, 1 and 3 are about `middle`, answer 2 about `other`.
        (f"{LONG}{WRONG}\n\n{OTHER}", (RIGHT, LAST, LESS, ALSO), "2 of 3", "generated inputs"),
        (f"{LONG}{WRONG}\n\n{OTHER}", (RIGHT, LAST, LESS), "only 1 of 2", "runs"),
        # Nobody calls what nobody changed.
        (
            METHODS,
            (METHODS.replace("[0]", "[-1]"), METHODS.replace("[0]", "[1]")),
            "the first",
            "runs",
        ),
        (
            f"{OTHER}\n\n{WRONG}",
            (f"{OTHER}\n\n{RIGHT}", f"{OTHER}\n\n{LAST}"),
            "only 1 of 2",
            "runs",
        ),
    ],
)
async def test_only_versions_of_a_changed_function_are_compared(before, codes, why, proof):
    used = kit(writing(*codes), {"middle.py": before}, {"test_middle.py::test_one": "True"})
    log = MemoryLog([opened(off=("examples", "message"), candidates=len(codes))])
    state = await drive(used, log)
    [chose] = state.chosen
    assert (chose.candidate, chose.verdict.proof) == (0, proof)
    assert chose.why.startswith(why)


@pytest.mark.parametrize(("stated", "lost"), [(False, True), (True, False)])
def test_only_examples_that_a_model_read_are_given_up(stated, lost):
    plan = Plan((), examples=("assert False",), stated=stated)
    state = fold(State(), Opened(run="r", task=Task(id="t", text="t")))
    assert hopeless(fold(state, Planned(plan=plan))) is lost
