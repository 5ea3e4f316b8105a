"""A small model says what is to change, is asked for the code alone, and acts before it speaks."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from actions import call, reply
from msgspec.structs import replace

from samovar.boot import Choice
from samovar.core.rules import Rule, Rules
from samovar.core.talk import Offered, Stopped, Used
from samovar.settings import Settings

from .conftest import single


def code(text: str) -> str:
    return f"```python\n{text}```"


CHANGE = call("edit_file", path="sums.py", change="add must add")
GOOD = code("def add(a, b):\n    return a + b\n")


def keep(folder: Path, **files: str | bytes) -> None:
    """Commit files; an agent sees what is committed. `_` before the ending is a dot."""
    for name, text in files.items():
        stem, _, end = name.rpartition("_")
        (folder / f"{stem}.{end}").write_bytes(text if isinstance(text, bytes) else text.encode())
    for words in (["add", "."], ["commit", "-qm", "more"]):
        subprocess.run(["git", *words], cwd=folder, check=True)


async def events(talker, text: str) -> list[Any]:
    return [entry.event async for entry in talker.say(text)]


def tools_of(request) -> set[str]:
    return {one["properties"]["tool"]["const"] for one in single(request.schema)}


def results(seen) -> list[tuple[bool, str]]:
    return [(e.result.ok, e.result.text) for e in seen if isinstance(e, Used) and e.result.call.id]


async def test_what_is_to_change_is_said_and_the_code_is_asked_for_alone(sit):
    talker = await sit(CHANGE, GOOD, reply("It adds."))
    seen = await events(talker, "mend add in sums.py")
    assert seen[-1] == Stopped(end="answered") and talker.talk.answer == "It adds."
    assert "-    return a - b\n+    return a + b" in await talker.diff()
    assert (
        results(seen)[0][1].startswith("changed sums.py")
        and "+    return a + b" in results(seen)[0][1]
    )
    (_, written, _) = talker.seat.choice.model.asked
    (question,) = written.messages
    assert "mend add in sums.py" in question.text and "return a - b" in question.text
    assert "add must add" not in question.text, "the person's own words say it"
    assert "edit_file" not in question.text and written.schema is None
    words = sum(len(a.split()) for a in (CHANGE, GOOD, reply("It adds.")))
    assert talker.talk.usage.generated == words, "what the writer spent counts"


async def test_before_something_is_changed_it_cannot_say_that_it_is(sit):
    talker = await sit(CHANGE, GOOD, reply("It adds."))
    seen = await events(talker, "mend add in sums.py")
    first, _, last = talker.seat.choice.model.asked
    assert tools_of(first) == {"edit_file"}, "sums.py was read with the message"
    assert "reply" in tools_of(last)
    offered = next(e for e in seen if isinstance(e, Offered)).tools
    assert "edit_file" in offered and not {"edit_text", "edit_symbol", "write_file"} & set(offered)


async def test_a_question_is_looked_into_and_a_greeting_is_not(sit):
    look = call("search", pattern="add")
    talker = await sit(look, reply("sums.py"), reply("Hello!"))
    await events(talker, "in which file is add defined?")
    await events(talker, "good morning")
    first, second, third = (tools_of(r) for r in talker.seat.choice.model.asked)
    assert "search" in first and not {"reply", "edit_file"} & first
    assert "reply" in second and "reply" in third


async def test_who_fails_to_change_it_may_say_so_at_last(sit):
    bad = [call("edit_file", path=f"../{n}.py", change="x") for n in "abcd"]
    talker = await sit(*bad, reply("I could not."))
    await events(talker, "mend add in sums.py")
    asked = talker.seat.choice.model.asked
    assert [("reply" in tools_of(r)) for r in asked] == [False, False, False, False, True]
    warm = [r.sampling.temperature for r in asked]
    assert warm == sorted(warm) and warm[1] > warm[0], "asked the same way it answers the same way"


async def test_a_new_file_imports_what_it_uses(sit):
    test = "def test_add():\n    assert add(1, 2) == 3\n"
    change = call("edit_file", path="test_sums.py", change="a test of add")
    talker = await sit(change, code(test), reply("Written."))
    await events(talker, "write a test of add in sums.py into test_sums.py")
    diff = await talker.diff()
    assert "+from sums import add\n+\n+def test_add" in diff
    question = talker.seat.choice.model.asked[1].messages[0].text
    assert "`sums.py`:\n\n```python\ndef add(a, b)" in question, "what was read stands beside"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("I cannot do that.", "holds no code block"),
        (code("def add(a, b:\n"), "not valid Python"),
        (code("def add(a, b):\n    return a - b\n"), "is the same as before"),
        (code("# sums\ndef add(a, b):\n    return a - b\n"), "is the same as before"),
        (code("def plus(a, b):\n    return a + b\n"), "leaves out total"),
        (code("class Box:\n    def add(self):\n        return 1\n"), "leaves out Box.size"),
    ],
)
async def test_answers_of_no_use_change_nothing_and_are_told(sit, project, answer, why):
    if "total" in why:
        keep(project, sums_py="def total(xs):\n    return sum(xs)\n")
    if "Box" in why:
        box = "class Box:\n    def add(self): ...\n\n    def size(self):\n        return 3\n"
        keep(project, sums_py=box)
    talker = await sit(CHANGE, answer, answer, answer, reply("No."), reply("No, it is not done."))
    seen = await events(talker, "mend add in sums.py")
    (ok, text), *_ = results(seen)
    assert not ok and "3 answers were of no use" in text and why in text
    assert await talker.diff() == ""
    tries = talker.seat.choice.model.asked[1:4]
    assert len({r.sampling.seed for r in tries}) == 3
    pressed = [r.messages[-1].text.endswith("it is wrong: change it.") for r in tries]
    assert pressed == ([False, True, True] if "same" in why else [False] * 3)


async def test_code_that_was_given_for_words_is_taken_where_answers_are_of_no_use(sit):
    given = call("edit_file", path="sums.py", change="def add(a, b):\n    return a + b")
    same = code("def add(a, b):\n    return a - b\n")
    talker = await sit(given, same, same, same, reply("It adds."))
    seen = await events(talker, "mend add in sums.py")
    assert results(seen)[0][0] and "-    return a - b\n+    return a + b" in await talker.diff()


async def test_a_name_the_person_speaks_of_may_go(sit):
    change = call("edit_file", path="sums.py", change="take it away")
    talker = await sit(change, code("def plus(a, b):\n    return a - b\n"), reply("Gone."))
    await events(talker, "remove add from sums.py, write plus in its place")
    assert "+def plus(a, b):" in await talker.diff()


async def test_nobody_is_asked_for_the_code_of_a_new_name(sit):
    change = call("edit_file", path="sums.py", change="call it plus")
    talker = await sit(change, reply("Renamed."))
    await events(talker, "rename add in sums.py to plus")
    assert "-def add(a, b):\n+def plus(a, b):\n" in await talker.diff()


async def test_nobody_is_asked_to_rename_what_is_not_there(sit):
    change = call("edit_file", path="sums.py", change="rename minus to plus")
    talker = await sit(change, reply("There is no minus."))
    seen = await events(talker, "rename minus to plus in sums.py")
    assert results(seen) == [(False, "sums.py: it holds no minus: nothing was renamed")]
    assert not await talker.diff()


async def test_of_a_failing_test_the_code_is_changed(sit, project):
    keep(project, test_sums_py="from sums import add\n\ndef test():\n    assert add(1, 1) == 2\n")
    wrong = call("edit_file", path="test_sums.py", change="expect 0")
    worse = code("def add(a, b):\n    return a * b\n")
    talker = await sit(wrong, CHANGE, worse, CHANGE, GOOD, reply("It adds."))
    seen = await events(talker, "the test in test_sums.py fails: mend it")
    read = [
        e.result.call.arguments["path"]
        for e in seen
        if isinstance(e, Used) and not e.result.call.id
    ]
    assert read == ["test_sums.py", "sums.py"], "what it tests comes with it"
    assert (
        "test_sums.py is the test that fails: call edit_file with path sums.py"
        in results(seen)[0][1]
    )
    _, (_, red), (_, green) = results(seen)
    assert "python -m pytest -q test_sums.py: exit 1" in red and "exit 0" in green
    first, _, _, still, repair, last = talker.seat.choice.model.asked
    (path,) = {
        json.dumps(one["properties"]["arguments"]["properties"]["path"])
        for one in single(first.schema)
    }
    assert "sums.py" in path and "test_sums.py" not in path, "the code is the only path there is"
    assert tools_of(still) == {"edit_file"} and "reply" in tools_of(last)
    assert "return a * b" in repair.messages[0].text and "assert 1 == 2" in repair.messages[0].text
    assert (await talker.diff()).count("+++") == 1


async def test_of_a_long_file_one_function_or_passages_are_shown(sit, project):
    keep(
        project,
        long_py="".join(f"def f{n}(x):\n    return x + {n}\n\n\n" for n in range(200)),
        long_js="".join(f"function f{n}(x) {{\n  return x + {n};\n}}\n" for n in range(400)),
    )
    one = call("edit_file", path="long.py", change="f7 must subtract")
    other = call("edit_file", path="long.js", change="f9 must subtract")
    block = "<<<<<<< SEARCH\n  return x + 9;\n=======\n  return x - 9;\n>>>>>>> REPLACE\n"
    talker = await sit(
        one, code("def f7(x):\n    return x - 7\n"), reply("ok"), other, block, reply("ok")
    )
    await events(talker, "make f7 in long.py return x - 7")
    await events(talker, "make f9 in long.js return x - 9")
    asked = [r.messages[-1].text for r in talker.seat.choice.model.asked]
    assert "def f7(x)" in asked[1] and "def f8(x)" not in asked[1]
    assert "return x + 9;" in asked[4] and len(asked[4]) < 16_000
    diff = await talker.diff()
    assert "+    return x - 7\n" in diff and "+  return x - 9;\n" in diff
    assert diff.count("\n+ ") == 2, "nothing else changed"


async def test_line_ends_stay(sit, project):
    keep(project, sums_py=b"def add(a, b):\r\n    return a - b\r\n")
    talker = await sit(CHANGE, GOOD, reply("It adds."))
    await events(talker, "mend add in sums.py")
    assert talker.draft is not None
    assert (talker.draft.root / "sums.py").read_bytes() == b"def add(a, b):\r\n    return a + b\r\n"


@pytest.mark.parametrize("tool", ["edit_text", "edit_*", "read_file"])
@pytest.mark.parametrize("kind", ["deny", "ask"])
async def test_who_may_not_edit_has_nothing_written(sit, tool, kind):
    if (tool, kind) == ("read_file", "ask"):
        pytest.skip("the message's file is asked for itself")
    rules = Rules(**{kind: (Rule(tool=tool, path="sums.*", why="hands off"),)})
    answers = (CHANGE, reply("I may not change it."))
    talker = await sit(*answers, settings=Settings(rules=rules))
    seen = await events(talker, "mend add in sums.py")
    ((ok, text),) = results(seen)[:1]
    assert not ok and await talker.diff() == ""
    assert (
        "hands off" in text or "the rules ask a person about edit_text" in text or "nobody" in text
    )
    first, last = talker.seat.choice.model.asked
    assert tools_of(first) == {"edit_file"} and "reply" in tools_of(last), "it may say so at once"


async def test_a_large_model_edits_by_itself(sit):
    talker = await sit(reply("Hello."))
    endpoint = replace(talker.seat.choice.endpoint, model="some-coder-32b")
    talker.seat.choice = Choice(talker.seat.choice.model, endpoint, talker.seat.choice.profile)
    await events(talker, "mend add in sums.py")
    names = {t.name for t in await talker.tools()}
    assert "edit_file" not in names and "edit_text" in names
    assert "reply" in tools_of(talker.seat.choice.model.asked[0])
