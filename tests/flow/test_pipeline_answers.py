"""What becomes of the answers of a model in whole runs: useless ones, odd ones, several files."""

import pytest
from doubles import RIGHT, WRONG, answering, drive, events, fenced, kit, opened

from samovar.core.errors import Unusable
from samovar.core.event import Wrote
from samovar.core.log import JsonlLog, MemoryLog
from samovar.core.message import Usage
from samovar.models.scripted import Rules

OFF = ("search",)


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
