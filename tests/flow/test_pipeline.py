"""Whole runs with a scripted model."""

import hashlib
import shutil
import sys

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
from samovar.core.errors import ModelError, Unusable
from samovar.core.event import (
    Answered,
    Asked,
    Chose,
    Closed,
    Documented,
    Planned,
    Surveyed,
    Wrote,
)
from samovar.core.log import JsonlLog, MemoryLog
from samovar.core.message import Usage
from samovar.core.state import replay
from samovar.core.task import Budget, Checked, Counts
from samovar.flow.kit import Kit, Word
from samovar.flow.receipt import receipt
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


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("I cannot do that.", "holds no code block"),
        ("", "holds no code block"),
        ("```python\ndef middle(:\n```", "not valid Python"),
        ("```python\n" + "-" * 100_000 + "1\n```", "not valid Python"),
        ("```python\nother = 1\n```", "does not define middle"),
        (fenced(WRONG), "same as before"),
        (fenced(WRONG.replace("\n", "\n\n") + "# tidy\n"), "same as before"),
    ],
)
async def test_a_useless_answer_gives_a_complaint_and_the_run_goes_on(answer, complaint):
    log = MemoryLog([opened(off=OFF)])
    state = await drive(kit(answering(answer, fenced(RIGHT))), log)
    assert complaint in state.attempts[0].candidate.complaint
    assert state.attempts[0].verdict is None
    assert state.closed.ok
    assert len(state.attempts) == 2


async def test_an_answer_the_gateway_cannot_use_is_a_complaint_like_any_other():
    """An empty one, or nothing but thoughts: it costs its tokens and not the run."""
    spent = Unusable(
        "m at http://x gave an empty answer after 300 tokens of thinking", Usage(50, 8, 300), 4.5
    )
    log = MemoryLog([opened(off=OFF)])
    state = await drive(kit(answering(spent, fenced(RIGHT))), log)
    assert "300 tokens of thinking" in state.attempts[0].candidate.complaint
    assert state.attempts[0].usage == Usage(50, 8, 300)
    assert state.attempts[0].seconds == 4.5
    assert state.closed.ok


async def test_small_questions_that_get_no_usable_answer_stop_nothing():
    def rule(request):
        seed = request.sampling.seed or 0
        return fenced(RIGHT) if seed >= 1000 else Unusable("empty")

    for command in ("pytest -q", ""):
        used = kit(Rules(rule), command=command)
        assert (await drive(used, MemoryLog([opened(candidates=2)]))).closed.ok


async def test_work_of_which_a_part_is_missing_does_not_pass_unproved():
    files = {"middle.py": WRONG, "other.py": "def other():\n    return 1\n"}
    asked = opened(files=("middle.py", "other.py"), off=(*OFF, "examples", "agreement"))
    used = kit(answering(fenced(RIGHT)), files=files, command="")
    state = await drive(used, MemoryLog([asked]))
    assert [c.candidate is None for c in state.chosen] == [False, True]
    assert not state.closed.ok and state.closed.exit_code == 1
    assert not used.repo.commits


async def test_a_repeated_answer_is_not_run_again():
    bad = fenced(WRONG.replace("[0]", "[-1]"))
    state = await drive(kit(answering(bad, bad, fenced(RIGHT))), MemoryLog([opened(off=OFF)]))
    assert state.attempts[1].candidate.complaint == "The code is the same as candidate 1."
    assert state.closed.ok


async def test_an_answer_with_windows_line_ends_keeps_the_ends_of_the_file():
    for before in (WRONG, WRONG.replace("\n", "\r\n")):
        used = kit(answering(fenced(RIGHT).replace("\n", "\r\n")), {"middle.py": before})
        assert (await drive(used, MemoryLog([opened()]))).closed.ok
        ends = "\r\n" if "\r\n" in before else "\n"
        assert used.repo.commits[0][2] == {"middle.py": RIGHT.replace("\n", ends)}


@pytest.mark.parametrize("ends", [("\n", "\r\n", "\n"), ("\r\n", "\n", "\r\n")])
async def test_a_line_that_stays_keeps_its_end_and_a_new_one_ends_as_most_do(ends):
    def ended(code):
        return "".join(map(str.__add__, code.splitlines(), ends))

    used = kit(answering(fenced(RIGHT)), {"middle.py": ended(WRONG)})
    assert (await drive(used, MemoryLog([opened(off=OFF)]))).closed.ok
    assert used.repo.commits[0][2] == {"middle.py": ended(RIGHT)}


async def test_an_answer_with_several_files_is_read_for_the_one_that_is_meant():
    answer = fenced("def helper():\n    return 1\n\n\nX = 2\nY = 3\n") + fenced(RIGHT)
    used = kit(answering(answer + "```\n$ pytest\n```\n"))
    assert (await drive(used, MemoryLog([opened()]))).closed.ok
    assert used.repo.commits[0][2] == {"middle.py": RIGHT}


async def test_half_characters_in_an_answer_do_not_stop_the_run(tmp_path):
    log = JsonlLog(tmp_path / "events.jsonl")
    log.append(opened())
    said = fenced('SMILE = "\ud83d\ude00 \ud83d"\n\n\n' + RIGHT)
    state = await drive(kit(answering(said)), log)
    assert state.closed.ok
    assert "\U0001f600" in state.attempts[0].answer


@pytest.mark.parametrize("path", ["../out.py", "/etc/out.py", ".git/hooks/post.py"])
async def test_a_path_outside_the_project_is_refused_and_nothing_is_kept(path):
    first = opened(off=(*OFF, "message"), files=(path,))
    used = kit(answering(fenced(RIGHT)))
    state = await drive(used, MemoryLog([first]))
    assert state.closed is not None and not state.closed.ok
    assert used.repo.commits == []
    assert any(a.verdict and not a.verdict.passed for a in state.attempts)


async def test_files_that_are_not_text_are_left_alone():
    files = {"middle.py": WRONG, "data.py": "\0\0", "src/more.py": "def more():\n    return 2\n"}
    used = kit(answering(fenced(RIGHT)), files)
    assert (await drive(used, MemoryLog([opened()]))).closed.ok


async def test_a_one_token_bug_is_found_without_asking_the_model_for_code():
    """The first answer is useless; the search then needs no further call."""
    broken = RIGHT.replace("// 2", "// 3")
    log = MemoryLog([opened()])
    state = await drive(kit(answering("no idea"), {"middle.py": broken}), log)
    found = [e for e in events(log) if isinstance(e, Wrote) and e.candidate.origin == "search"]
    assert [e.calls for e in found] == [0]
    assert found[0].candidate.edits[0].text == "    return ordered[len(ordered) // 2]\n"
    assert state.closed.ok


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
