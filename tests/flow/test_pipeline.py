"""Whole runs with a scripted model."""

import hashlib
import shutil
import sys

import pytest
from doubles import (
    MESSAGE,
    RIGHT,
    TASK,
    WRONG,
    Memory,
    always,
    answering,
    drive,
    events,
    fenced,
    kit,
    names,
    opened,
)
from msgspec.structs import replace

from samovar.checks.environment import find_environment
from samovar.checks.project import Project
from samovar.core.errors import ModelError
from samovar.core.event import Answered, Asked, Closed
from samovar.core.log import MemoryLog
from samovar.core.state import replay
from samovar.core.task import Budget
from samovar.flow.kit import Kit, Word
from samovar.models.scripted import Rules, Scripted
from samovar.repo import git

SOLVED = [
    *["Opened", "Surveyed", "Planned", "Passed", "Wrote", "Judged", "Chose", "Passed"],
    *["Documented", "Passed", "Asked", "Answered", "Intended", "Done", "Closed"],
]
OFF = ("search",)


async def test_a_solved_run_goes_through_every_phase_in_order():
    log = MemoryLog([opened()])
    used = kit(answering(fenced(RIGHT)))
    state = await drive(used, log)
    assert names(log) == SOLVED
    assert state.closed is not None and state.closed.ok
    assert state.passed == ("planning", "executing", "reviewing")
    [(branch, message, changed)] = used.repo.commits
    assert branch == "samovar/r1"
    assert changed == {"middle.py": RIGHT}
    assert message.splitlines()[0] == "feat: return the middle value"
    assert "Samovar-Run: r1" in message.splitlines()
    assert "project tests (3 of 3 tests pass)" in message


async def test_a_run_in_a_real_sandbox_commits_to_a_branch_of_its_own(project, sandbox, run_git):
    repo = await git.open(project)
    base = await repo.head()
    tree = await repo.tree(base)
    environment = find_environment(project)
    checks = Project(tree, sandbox, environment, project.parent / "copies")
    used = Kit(
        answering(fenced(RIGHT)),
        tree,
        checks,
        repo,
        always(True),
        lambda _kind, _text: None,
        command=f"{sys.executable} -m pytest -q",
    )
    log = MemoryLog([opened(base=base)])
    state = await drive(used, log)
    assert names(log) == SOLVED
    assert state.done[0].result == run_git(project, "rev-parse", "samovar/r1")
    assert run_git(project, "show", "samovar/r1:middle.py") + "\n" == RIGHT
    assert run_git(project, "status", "--porcelain") == ""
    assert (project / "middle.py").read_text() == WRONG


async def test_a_run_goes_on_from_any_prefix_of_its_log_to_the_same_commit(
    project, run_git, tmp_path
):
    repo = await git.open(project)
    base = await repo.head()
    said = answering("no code here", fenced(WRONG), fenced(RIGHT))
    first = MemoryLog([opened(base=base, off=OFF)])
    await drive(kit(said, repo=repo), first)
    happened = events(first)
    wanted = _commit(run_git, project)
    acted = next(n for n, e in enumerate(happened) if type(e).__name__ == "Intended")
    for cut in range(1, len(happened) + 1):
        there = cut > acted
        folder = project if there else _before(project, tmp_path / f"cut-{cut}", run_git)
        used = kit(said, repo=await git.open(folder))
        log = MemoryLog(happened[:cut])
        state = await drive(used, log)
        assert state.closed is not None and state.closed.ok, f"cut at {cut}"
        assert names(log) == names(first), f"cut at {cut}"
        assert _commit(run_git, folder) == wanted, f"cut at {cut}"
        assert _marked(run_git, folder) == 1, f"cut at {cut}"


async def test_an_intention_that_was_not_carried_out_is_carried_out_once():
    first = MemoryLog([opened()])
    await drive(kit(answering(fenced(RIGHT))), first)
    cut = names(first).index("Intended") + 1
    used = kit(answering(fenced(RIGHT)))
    for _ in range(2):
        log = MemoryLog(events(first)[:cut])
        assert (await drive(used, log)).closed.ok
    assert len(used.repo.commits) == 1


async def test_a_push_is_intended_and_done_once():
    used = kit(answering(fenced(RIGHT)), push=True)
    log = MemoryLog([opened()])
    await drive(used, log)
    assert names(log)[-5:] == ["Asked", "Answered", "Intended", "Done", "Closed"]
    again = MemoryLog(events(log)[:-2])
    state = await drive(used, again)
    assert state.closed.ok
    assert used.repo.pushes == ["samovar/r1"]


@pytest.mark.parametrize(("note", "said"), [("on a Monday", "on a Monday"), ("", "refused")])
async def test_a_refused_push_keeps_the_commit_and_says_so(note, said):
    async def person(asked, _text, /):
        return Word(asked.act == "commit", note=note)

    used = kit(answering(fenced(RIGHT)), push=True, ask=person)
    state = await drive(used, MemoryLog([opened()]))
    outcome = f"committed on samovar/r1, not pushed: {said}"
    assert state.closed == Closed(outcome=outcome, ok=True)
    assert len(used.repo.commits) == 1 and used.repo.pushes == []


async def test_a_yes_counts_for_the_digest_it_was_given_for_alone():
    log = MemoryLog([opened()])
    await drive(kit(answering(fenced(RIGHT))), log)
    happened = events(log)
    place = next(n for n, e in enumerate(happened) if isinstance(e, Asked))
    other = Answered(act="commit", digest="0" * 64, yes=True)
    no = always(False)
    used = kit(answering(fenced(RIGHT)), ask=no)
    again = MemoryLog([*happened[: place + 1], other])
    state = await drive(used, again)
    assert len(no.asked) == 1
    assert used.repo.commits == []
    assert not state.closed.ok


async def test_what_a_person_is_shown_is_what_the_digest_names():
    yes = always(True)
    await drive(kit(answering(fenced(RIGHT)), ask=yes), MemoryLog([opened()]))
    [(asked, text)] = yes.asked
    assert hashlib.sha256(text.encode()).hexdigest() == asked.digest
    assert "len(ordered) // 2" in text


async def test_a_refused_commit_keeps_nothing():
    used = kit(answering(fenced(RIGHT)), ask=always(False))
    state = await drive(used, MemoryLog([opened()]))
    assert used.repo.commits == []
    assert state.closed == Closed(outcome="the change was not kept", ok=False, exit_code=1)


async def test_what_a_person_says_to_an_answer_stands_in_the_log():
    async def no(_asked, _text, /):
        return Word(False, by="li", note="not on a Friday")

    log = MemoryLog([opened()])
    await drive(kit(answering(fenced(RIGHT)), ask=no), log)
    [said] = [e for e in events(log) if isinstance(e, Answered)]
    assert (said.yes, said.by, said.note) == (False, "li", "not on a Friday")


async def test_a_run_nobody_answers_waits_and_asks_again_later():
    used = kit(answering(fenced(RIGHT)), ask=always(None))
    log = MemoryLog([opened()])
    state = await drive(used, log)
    assert state.closed.exit_code == 4
    assert used.repo.commits == []
    later = MemoryLog(events(log)[:-1])
    assert (await drive(kit(answering(fenced(RIGHT))), later)).closed.ok


async def test_the_budget_of_calls_is_kept():
    model = answering("no")
    budget = Budget(calls=3)
    state = await drive(kit(model), MemoryLog([opened(budget=budget, off=("message",))]))
    assert state.calls <= 3
    assert len(model.asked) <= 3
    assert not state.closed.ok and state.closed.exit_code == 1
    assert "not solved" in state.closed.outcome


async def test_the_budget_of_tokens_is_kept():
    model = answering("no " * 100)
    budget = Budget(generated=250)
    await drive(kit(model), MemoryLog([opened(budget=budget, off=OFF)]))
    assert [r.limit <= 250 for r in model.asked] == [True] * len(model.asked)
    assert len(model.asked) <= 3


async def test_a_budget_that_no_answer_fits_into_is_said_and_asks_nothing():
    model = answering(fenced(RIGHT))
    task = "make `middle` return the middle one: `middle([3, 1, 2]) == 2`"
    used = kit(model, files={"middle.py": WRONG, "b.py": "x = 1\n"}, command="")
    state = await drive(used, MemoryLog([opened(text=task, budget=Budget(generated=50), off=OFF)]))
    assert not model.asked
    assert "the budget is spent" in state.closed.outcome


async def test_a_model_that_fails_leaves_a_log_to_go_on_from():
    log = MemoryLog([opened()])
    with pytest.raises(ModelError):
        await drive(kit(Scripted([])), log)
    assert names(log)[-1] == "Passed"
    assert (await drive(kit(answering(fenced(RIGHT))), log)).closed.ok


async def test_a_missing_commit_message_does_not_lose_the_work():
    def rule(request):
        if request.sampling.seed == MESSAGE:
            return ModelError("gone")
        return fenced(RIGHT)

    used = kit(Rules(rule))
    assert (await drive(used, MemoryLog([opened()]))).closed.ok
    assert used.repo.commits[0][1].startswith("feat: `middle` in middle.py returns")


async def test_every_prefix_of_a_failed_run_ends_the_same_way():
    said = answering("no", fenced(WRONG.replace("[0]", "[-1]")))
    first = MemoryLog([opened(budget=Budget(calls=4), off=OFF)])
    wanted = await drive(kit(said), first)
    for cut in range(1, len(first.read())):
        log = MemoryLog(events(first)[:cut])
        state = await drive(kit(said), log)
        assert (names(log), state.closed) == (names(first), wanted.closed)


def test_the_task_of_these_runs_names_its_file():
    assert "middle.py" in TASK
    assert Memory({"a": "b"}).read("a") == "b"
    assert replace(replay([opened()]), closed=None).task.text == TASK


def _before(project, folder, run_git):
    shutil.copytree(project, folder)
    run_git(folder, "branch", "-q", "-D", "samovar/r1")
    return folder


def _commit(run_git, folder) -> tuple[str, str]:
    """The files and the message; the hash also depends on the time."""
    shown = run_git(folder, "show", "-s", "--format=%T%n%P%n%B", "samovar/r1")
    tree, rest = shown.split("\n", 1)
    return tree, rest


def _marked(run_git, folder) -> int:
    listed = run_git(folder, "log", "--branches", "--grep=^Samovar-Run: r1$", "--format=%H")
    return len(listed.splitlines())
