import pytest
from doubles import (
    INPUTS,
    RIGHT,
    TASK,
    WRONG,
    Desk,
    Memory,
    answering,
    drive,
    fenced,
    kit,
    opened,
    report,
)

from samovar.app import App, Wish
from samovar.checks.environment import find_environment
from samovar.checks.project import Project
from samovar.core.errors import SetupError
from samovar.core.event import Chose, Done
from samovar.core.log import MemoryLog
from samovar.core.task import Counts, Verdict
from samovar.flow.receipt import receipt
from samovar.models.scripted import Rules


class Full(Desk):
    """A repository that has no space for a note."""

    async def note(self, commit, text, /):
        raise SetupError("git failed: no space left")


class Place:
    """A workplace with one kit."""

    def __init__(self, used):
        self.used = used

    async def opened(self, run, task, /):
        return opened(run)

    async def kit(self, _opened, _wish, /):
        return self.used


@pytest.mark.parametrize("repo", [Desk(), Full()])
async def test_the_receipt_stands_beside_the_commit_and_costs_none_its_commit(repo, tmp_path):
    app = App(tmp_path, Place(kit(answering(fenced(RIGHT)), repo=repo)))
    entries = [e async for e in app.start(Wish(text=TASK, run="r1"))]
    [done] = [e.event for e in entries if isinstance(e.event, Done)]
    assert entries[-1].event.ok and len(repo.commits) == 1
    facts = (tmp_path / "runs" / "r1" / "receipt.json").read_text()
    assert f'"commit": "{done.result}"' in facts
    assert repo.notes == ({} if isinstance(repo, Full) else {done.result: facts})


async def test_the_calls_on_which_candidates_were_compared_stand_in_the_receipt():
    def rule(request):
        seed = request.sampling.seed
        if seed == INPUTS:
            return "```python\nmiddle([1, 2, 3])\nmiddle([5, 1])\n```"
        codes = [WRONG.replace("[0]", "[-1]"), RIGHT, RIGHT.replace("ordered", "row")]
        return fenced(codes[seed % 3])

    log = MemoryLog([opened(off=("examples", "message"), candidates=3)])
    await drive(kit(Rules(rule), command=""), log)
    facts = receipt(log.read())
    assert facts.proof == "generated inputs"
    [compared] = [c for c in facts.commands if c.on == "candidates"]
    assert compared.input.splitlines() == ["middle:middle([1, 2, 3])", "middle:middle([5, 1])"]


PROVED = Verdict(passed=True, proof="project tests", why="3 of 3 tests pass")
RAN = Verdict(passed=True, proof="runs", why="nothing got worse")
AGREED = Verdict(passed=True, proof="generated inputs", why="2 of 3", checks=(report(["a"]),))


@pytest.mark.parametrize(
    ("steps", "proof", "why"),
    [
        ((RAN, AGREED), "runs", "nothing got worse"),
        ((AGREED, RAN), "runs", "nothing got worse"),
        ((AGREED, AGREED), "generated inputs", "2 of 3"),
        ((RAN, PROVED), "project tests", "3 of 3 tests pass"),
    ],
)
def test_what_proves_nothing_of_the_whole_counts_for_its_step_only(steps, proof, why):
    chosen = [Chose(step=n, candidate=n, why="", verdict=v) for n, v in enumerate(steps)]
    log = MemoryLog([opened(), *chosen])
    facts = receipt(log.read())
    assert (facts.proof, facts.why) == (proof, why)
    assert facts.verified is (steps[-1] is PROVED)
    assert facts.after == (Counts(1) if steps[-1] is AGREED else Counts())


async def test_an_example_stands_in_the_receipt_as_it_was_run(sandbox, tmp_path):
    tree = Memory({"middle.py": WRONG})
    used = kit(
        answering(fenced(RIGHT)),
        {"middle.py": WRONG},
        command="",
        checks=Project(tree, sandbox, find_environment(tmp_path), tmp_path / "copies"),
    )
    log = MemoryLog([opened(text="Mend it:\n\n>>> middle([3, 1, 2])\n2\n", off=("message",))])
    state = await drive(used, log)
    facts = receipt(log.read())
    assert facts.proof == "issue examples"
    ran = [c for c in facts.commands if c.input]
    assert [c.input for c in ran] == [*state.plan.examples] * len(ran) and ran
    assert "got = middle([3, 1, 2])" in ran[0].input


async def test_what_samovar_looked_at_by_itself_is_no_command_of_the_sandbox():
    wrong = "def middle(values):\n    return half(values)\n"
    log = MemoryLog([opened(candidates=1, off=("search", "message"))])
    await drive(kit(answering(fenced(wrong))), log)
    commands = receipt(log.read()).commands
    assert [c.command for c in commands] == ["pytest -q", "pytest -q", "samovar: read middle.py"]
