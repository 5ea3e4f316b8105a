import ast
import os
import re
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from samovar.core.errors import SetupError, ToolError
from samovar.core.tool import Call, arguments
from samovar.memory.skills.asserted import asserts
from samovar.memory.skills.offer import offered
from samovar.memory.skills.promote import Maker, promote, promote_skill, skill_source
from samovar.memory.skills.shelf import Shelf

from .conftest import GOOD


async def use(tool, **given):
    return await tool.run(**arguments(tool, Call(tool.name, given)))


def file_of(text: str) -> Maker:
    return Maker("ada", "run-7", lambda _: text.encode())


async def test_a_promoted_function_is_a_tool_at_once(shelf, workshop, maker):
    tool = promote_skill(shelf, workshop, maker)
    said = await use(tool, file_path="good.py", function_name="average")
    assert said == "average is now a tool (version 1); its tests passed"
    (made,) = offered(shelf, workshop, None)
    assert (made.name, made.permission) == ("average", "run")
    assert made.description == "Return the mean of some prices, rounded."
    assert made.parameters["properties"]["prices"] == {"type": "array", "items": {"type": "number"}}
    assert made.parameters["required"] == ["prices"]
    assert await use(made, **dict(made.example)) == "1.5"
    assert await use(made, prices=[100, 102, 104], digits=0) == "102.0"
    with pytest.raises(ToolError, match=r"ZeroDivisionError.*line 3"):
        await use(made, prices=[])
    with pytest.raises(ToolError, match="A correct call has arguments"):
        await use(made, prices="many")
    assert workshop.sandbox.ran == 4


async def test_where_it_comes_from_is_kept_readably(shelf, workshop, maker):
    skill = await promote(shelf, workshop, maker, "good.py", "average", "mean_price")
    place = shelf.folder / "mean_price" / "v1"
    assert (place / "skill.py").read_text() == GOOD
    meta = (place / "meta.json").read_text()
    for word in ('"agent": "ada"', '"origin": "run-7"', '"file": "good.py"', skill.sha256):
        assert word in meta


async def test_only_permitted_skills_are_offered(shelf, workshop, maker):
    await promote(shelf, workshop, maker, "good.py", "average")
    assert [t.name for t in offered(shelf, workshop, {"average"})] == ["average"]
    assert offered(shelf, workshop, {"other"}) == []
    shelf.enable("average", False)
    assert offered(shelf, workshop, None) == []
    shelf.enable("average", True)
    assert len(offered(shelf, workshop, None)) == 1


async def test_the_source_of_a_skill_is_shown_for_its_next_version(shelf, workshop, maker):
    long = file_of(GOOD + "# \u0430 long remark\n" * 300)
    await promote(shelf, workshop, maker, "good.py", "average")
    tool = skill_source(shelf)
    assert await use(tool, name="average") == f"average, version 1 by ada; function average\n{GOOD}"
    await promote(shelf, workshop, long, "x.py", "average", "mean")
    first = await use(tool, name="mean")
    said = re.search(r"\n\[... (\d+) more characters: skill_source with start (\d+)\]$", first)
    rest = await use(tool, name="mean", start=int(said[2]))
    shown = first[: said.start()].partition("\n")[2] + rest.partition("\n")[2]
    assert shown.encode() == shelf.read("mean").source and len(first) < 4_200
    for name in ("median", "../x", "average/v1"):
        with pytest.raises(ToolError, match=r"there is no skill .*; there are: average, mean$"):
            await use(tool, name=name)


async def test_who_may_not_use_what_it_made_is_told(shelf, workshop, maker):
    for permitted, said in ((("average",), "is now a tool"), ((), "your resume does not name it")):
        tool = promote_skill(shelf, workshop, replace(maker, permitted=permitted))
        assert said in await use(tool, file_path="good.py", function_name="average")


async def test_what_a_person_disabled_stays_so_with_a_new_version(shelf, workshop, maker):
    tool = promote_skill(shelf, workshop, maker)
    await use(tool, file_path="good.py", function_name="average")
    shelf.enable("average", False)
    said = await use(tool, file_path="good.py", function_name="average")
    assert said.startswith("average is kept (version 2)") and "a person disabled it" in said
    assert offered(shelf, workshop, None) == []
    shelf.enable("average", True)
    assert shelf.read("average").skill.version == 2
    assert len(offered(shelf, workshop, None)) == 1


async def test_a_red_test_keeps_the_function_out(shelf, workshop):
    red = file_of(GOOD.replace("== 1.5", "== 7"))
    with pytest.raises(ToolError, match=r"test is red: AssertionError.*test_average.*line 7"):
        await promote(shelf, workshop, red, "x.py", "average")
    assert list(shelf.all()) == []


@pytest.mark.parametrize(
    "test",
    [
        "",
        "def test_average():\n    assert True\n",
        "def test_average():\n    average([1.0])\n",
        "def check():\n    assert average([1.0]) == 1\n",
    ],
)
async def test_a_function_without_a_real_test_is_refused(shelf, workshop, test):
    bare = file_of(GOOD.split("def test")[0] + test)
    with pytest.raises(ToolError, match="needs a test of average"):
        await promote(shelf, workshop, bare, "x.py", "average")
    assert workshop.sandbox.ran == 0


@pytest.mark.parametrize(
    "body",
    [
        "average\n    assert True",
        "average([1.0])\n    assert True",
        "assert True, average([1.0])",
        "assert (average([1.0]) == 1, 'wrong')",
        "assert average([1.0]) or True",
        "assert lambda: average([1.0])",
        "assert callable(average)",
        "found = average([1.0])\n    other = 1\n    assert other == 1",
    ],
)
async def test_a_function_beside_an_assert_is_not_tested(shelf, workshop, body):
    bare = file_of(GOOD.split("def test")[0] + f"def test_average():\n    {body}\n")
    with pytest.raises(ToolError, match="names it, but asserts nothing about what it returns"):
        await promote(shelf, workshop, bare, "x.py", "average")
    assert workshop.sandbox.ran == 0


async def test_a_test_that_calls_nothing_when_it_runs_is_none(shelf, workshop):
    body = "if not average:\n        assert average([1.0]) == 1"
    bare = file_of(GOOD.split("def test")[0] + f"def test_average():\n    {body}\n")
    with pytest.raises(ToolError, match="was not promoted, its tests stay green without it"):
        await promote(shelf, workshop, bare, "x.py", "average")
    assert list(shelf.all()) == [] and workshop.sandbox.ran == 1


@pytest.mark.parametrize(
    "body",
    [
        "assert average([1.0]) == 1",
        "assert not average([0.0])",
        "assert [round(average([n])) for n in (1, 2)] == [1, 2]",
        "found = average([1.0])\n    twice = found * 2\n    assert twice == 2",
        "if (found := average([1.0])):\n        assert found == 1",
        "rows = {}\n    rows['a'] = average([1.0])\n    assert rows == {'a': 1}",
        "for n in (1, 2):\n        assert average([n]) == n",
        "try:\n        average([])\n    except ZeroDivisionError as no:\n        assert str(no)",
        "def half():\n        return average([1.0]) / 2\n    assert half() == 0.5",
    ],
)
async def test_what_a_test_asserts_may_have_gone_through_names(shelf, workshop, body):
    made = file_of(GOOD.split("def test")[0] + f"def test_average():\n    {body}\n")
    skill = await promote(shelf, workshop, made, "x.py", "average")
    assert skill.name == "average"


@pytest.mark.parametrize(
    "body",
    [
        "assert " + "1 + " * 900 + "f(1)",
        "\n    ".join([*(f"x{n} = x{n + 1}" for n in range(4_000)), "x4000 = f(1)", "assert x0"]),
    ],
)
def test_long_code_of_a_stranger_is_read_quickly(body):
    tree = ast.parse(f"def test_f():\n    {body}\n")
    began = time.process_time()
    assert asserts(tree.body[0], "f") and not asserts(tree.body[0], "g")
    assert time.process_time() - began < 1


async def test_a_better_version_can_be_taken_back(shelf, workshop, maker):
    await promote(shelf, workshop, maker, "good.py", "average")
    better = file_of(GOOD.replace("rounded.", "rounded well."))
    assert (await promote(shelf, workshop, better, "x.py", "average")).version == 2
    assert offered(shelf, workshop, None)[0].description.endswith("rounded well.")
    assert shelf.roll_back("average").skill.version == 1
    assert offered(shelf, workshop, None)[0].description.endswith("rounded.")
    with pytest.raises(SetupError, match="it has: 1, 2"):
        shelf.roll_back("average")
    assert shelf.roll_back("average", 2).skill.version == 2
    assert (await promote(shelf, workshop, better, "x.py", "average")).version == 3


async def test_nobody_replaces_anothers_skill(shelf, workshop, maker):
    await promote(shelf, workshop, maker, "good.py", "average")
    other = Maker("eve", "run-8", maker.read)
    with pytest.raises(ToolError, match="belongs to ada"):
        await promote(shelf, workshop, other, "good.py", "average")
    assert (await promote(shelf, workshop, maker, "good.py", "average")).version == 2


@pytest.mark.parametrize("name", ["owner", "Owner", "OWNER"])
async def test_no_agent_passes_for_the_owner_by_its_name(shelf, workshop, maker, name):
    posing = Maker(name, "run-8", maker.read)
    with pytest.raises(ToolError, match="can keep no skill"):
        await promote(shelf, workshop, posing, "good.py", "average")
    assert list(shelf.all()) == []
    await promote(shelf, workshop, maker, "good.py", "average")
    kept = shelf.read("average")
    shelf.accept("average", kept.source)
    for each in (posing, maker, Maker("eve", "run-8", maker.read)):
        with pytest.raises(ToolError, match=r"can keep no skill|belongs to owner"):
            await promote(shelf, workshop, each, "good.py", "average")
    assert shelf.read("average").versions == (1,)


@pytest.mark.parametrize("name", ["tickets_get", "t1ckets_all"])
async def test_the_names_of_a_servers_tools_are_its_own(shelf, workshop, maker, name):
    beside = Maker("ada", "run-7", maker.read, servers=("tickets",))
    with pytest.raises(ToolError, match="the MCP server tickets: rename it"):
        await promote(shelf, workshop, beside, "good.py", "average", name)
    assert list(shelf.all()) == [] and workshop.sandbox.ran == 0
    assert (await promote(shelf, workshop, beside, "good.py", "average", "ticketsum")).version == 1


async def test_what_is_edited_by_hand_is_not_offered_until_it_is_tested(shelf, workshop, maker):
    await promote(shelf, workshop, maker, "good.py", "average")
    path = shelf.folder / "average" / "v1" / "skill.py"
    edited = path.read_text().replace("rounded.", "rounded here.")
    path.write_text(edited)
    assert "samovar skills test average" in shelf.read("average").fault
    assert offered(shelf, workshop, None) == []
    shelf.accept("average", edited.encode())
    assert len(offered(shelf, workshop, None)) == 1


@pytest.mark.parametrize("file", ["v1/meta.json", "state.json"])
async def test_a_damaged_skill_is_left_out_and_named_and_the_others_work(
    shelf, workshop, maker, file
):
    await promote(shelf, workshop, maker, "good.py", "average")
    await promote(shelf, workshop, maker, "good.py", "average", "mean")
    (shelf.folder / "average" / file).write_bytes(b'{"name": "aver')
    assert [tool.name for tool in offered(shelf, workshop, None)] == ["mean"]
    (said,) = shelf.damaged()
    assert str(shelf.folder / "average") in said and "is damaged" in said
    with pytest.raises(SetupError, match="is damaged"):
        shelf.read("average")
    with pytest.raises(SetupError, match=r"there are: mean$"):
        shelf.read("median")


def test_a_shelf_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "skills").write_text("")
    shelf = Shelf(tmp_path / "skills")
    assert list(shelf.all()) == []
    assert list(shelf.damaged()) == [f"{shelf.folder} cannot be read: Not a directory"]


ADD = """\
import sys, pathlib
from samovar.memory.skills.shelf import Shelf
for n in range(5):
    Shelf(pathlib.Path(sys.argv[1])).add("mean", b"x", "f", {"agent": "ada"})
"""


def test_promotions_at_once_get_versions_of_their_own(shelf):
    command = [sys.executable, "-c", ADD, str(shelf.folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    made = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait(60) for process in made] == [0, 0, 0]
    assert shelf.read("mean").versions == tuple(range(1, 16))


async def test_a_version_that_was_never_finished_does_not_count(shelf, workshop, maker):
    await promote(shelf, workshop, maker, "good.py", "average")
    (shelf.folder / "average" / ".new-1234").mkdir()
    (shelf.folder / "other" / ".new-1234").mkdir(parents=True)
    assert [kept.skill.name for kept in shelf.all()] == ["average"]


@pytest.mark.parametrize("name", ["../x", "", ".", "missing", "average/v1"])
def test_a_skill_that_is_not_there_is_said_to_miss(tmp_path, name):
    with pytest.raises(SetupError, match="there is no skill"):
        Shelf(tmp_path).read(name)


async def test_an_async_skill_and_a_long_answer_work(shelf, workshop):
    text = (
        "import json\n\nasync def many(count: int) -> list[dict[str, int]]:\n"
        '    """Return many small things."""\n    return [{"n": n} for n in range(count)]\n\n'
        "def test_many():\n    import asyncio\n    assert len(asyncio.run(many(2))) == 2\n"
    )
    await promote(shelf, workshop, file_of(text), "x.py", "many")
    (tool,) = offered(shelf, workshop, None)
    assert await use(tool, count=2) == '[{"n":0},{"n":1}]'
    long = await use(tool, count=1_000)
    assert len(long) < 4_200
    assert long.endswith("characters in all; ask many for less]")
