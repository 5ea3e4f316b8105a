"""A model that can write nothing but what the schema of its request admits still gets its tools."""

import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from actions import call, reply

from samovar.core.talk import Offered, Stopped, Used
from samovar.models.scripted import Held

from .conftest import single

DOUBLE = '''\
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


def test_double():
    assert double(2) == 4
'''
MAKE = (
    call("edit_file", path="double.py", change="write double(x: int) -> int, with a test"),
    f"```python\n{DOUBLE}```",
    call("promote_skill", file_path="double.py", function_name="double"),
)


async def held(sit, *answers: str):
    """Return a conversation whose model fits its answers to the schema, and the bare model."""
    talker = await sit(*answers)
    model = talker.seat.choice.model
    talker.seat.choice = replace(talker.seat.choice, model=Held(model))
    return talker, model


def keep(project: Path, name: str, text: str) -> None:
    """Commit a file; an agent sees what is committed."""
    (project / name).write_text(text)
    for words in (["add", "."], ["commit", "-qm", "more"]):
        subprocess.run(["git", *words], cwd=project, check=True)


async def events(talker, text: str) -> list[Any]:
    return [entry.event async for entry in talker.say(text)]


def results(seen: list[Any]) -> list[tuple[bool, str]]:
    return [(e.result.ok, e.result.text) for e in seen if isinstance(e, Used)]


def admitted(request) -> set[str]:
    return {one["properties"]["tool"]["const"] for one in single(request.schema)}


async def test_a_promoted_skill_can_be_called_in_the_same_turn(sit):
    talker, model = await held(sit, *MAKE, call("double", x=21), reply("42."))
    seen = await events(talker, "write double into double.py and promote it as a skill")
    assert seen[-1] == Stopped(end="answered"), seen[-1]
    assert [ok for ok, _ in results(seen)] == [True, True, True]
    assert results(seen)[-1][1] == "42" and talker.talk.answer == "42."
    before, after = (set(e.tools) for e in seen if isinstance(e, Offered))
    assert "double" in after - before and len(after) == 5, "no more than five stand there"
    asked = [r.messages for r in model.asked if r.schema]
    for early, later in pairwise(asked):
        assert later[: len(early) - 1] == early[:-1], "the front of the prompt stays"
        assert later[len(early) - 1].text.startswith(early[-1].text)
    assert "double" in asked[-1][-3].text and "double" not in asked[-1][0].text


async def test_a_skill_stays_for_the_turn_it_was_made_in(sit):
    look = call("list_files")
    talker, _ = await held(sit, *MAKE, look, call("double", x=1), call("double", x=2), reply("4"))
    seen = await events(talker, "write double into double.py and promote it as a skill, list files")
    assert seen[-1] == Stopped(end="answered"), seen[-1]
    assert [text for _, text in results(seen)[-2:]] == ["2", "4"]


async def test_a_function_that_is_there_becomes_a_skill_without_an_edit(sit, project):
    keep(project, "double.py", DOUBLE)
    done = reply("double is a tool now.")
    talker, _ = await held(sit, MAKE[-1], call("double", x=21), done, done)
    seen = await events(talker, "make a skill of the function double in double.py")
    assert seen[-1] == Stopped(end="answered"), seen[-1]
    assert results(seen)[-1] == (True, "42")


async def test_the_tool_that_a_failure_says_to_use_is_there_for_the_next_step(sit, project):
    view = call("data_view", path="sums.py")
    talker, model = await held(sit, view, call("python", code="print(6 * 7)"), reply("42"))
    seen = await events(
        talker, "view the data of sums.csv: shape, columns, types; show, list, find"
    )
    assert "python" not in admitted(model.asked[0]), "else there is nothing to see"
    assert seen[-1] == Stopped(end="answered"), seen[-1]
    (refused, why), (ran, out) = results(seen)
    assert not refused and "read_file or python" in why
    assert ran and "42" in out


async def test_what_was_only_read_asks_for_no_tool(sit, project):
    keep(project, "told.md", "Use promote_skill, use fetch or web_search: `memory`.\n")
    look = call("search", pattern="promote_skill", path="told.md")
    talker, _ = await held(sit, look, reply("It says so."))
    seen = await events(talker, "where is something about tools?")
    assert "Use promote_skill" in results(seen)[0][1]
    assert len([e for e in seen if isinstance(e, Offered)]) == 1
