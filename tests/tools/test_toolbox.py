"""Which tools there are, and that each can be used as its example says."""

from contextlib import AsyncExitStack

import pytest

from samovar.core.errors import ToolError
from samovar.core.tool import Call, arguments
from samovar.tools.ask import ask
from samovar.tools.toolbox import Bench, Web, toolbox

ALWAYS = ["list_files", "read_file", "search", "write_file", "edit_text", "edit_symbol"]


async def test_nothing_of_the_web_is_offered_by_default(place, sandbox):
    async with AsyncExitStack() as stack:
        names = [t.name for t in toolbox(Bench(place, sandbox, stack))]
    assert names[:6] == ALWAYS and {"shell", "python", "data_view"} <= set(names)
    assert not {"fetch", "web_search", "ask"} & set(names)


async def test_every_example_is_valid_and_every_argument_described(tools):
    for tool in tools.values():
        arguments(tool, Call(tool.name, dict(tool.example)))
        assert tool.description.endswith(".") and len(tool.description) < 160
        assert tool.parameters["type"] == "object"


async def test_permissions_are_what_a_tool_does(tools):
    kinds: dict[str, set[str]] = {}
    for tool in tools.values():
        kinds.setdefault(tool.permission, set()).add(tool.name)
    assert kinds["read"] == {"list_files", "read_file", "search", "data_view"}
    assert kinds["write"] == {"write_file", "edit_text", "edit_symbol", "nvim"}
    assert kinds["run"] == {"shell", "python"}
    assert kinds["network"] == {"fetch", "web_search"} and kinds["ask"] == {"ask"}


async def test_search_needs_an_engine(place, sandbox):
    async with AsyncExitStack() as stack:
        web = Web(search=True, public=False)
        assert "web_search" not in {t.name for t in toolbox(Bench(place, sandbox, stack, web=web))}


async def test_asking_names_those_who_can_be_asked():
    async def answer(whom, question):
        return "" if whom == "ada" else f"{whom}: {question}\u202e"

    tool = ask(answer, ("ada", "bob"))
    assert await tool.run(question="why?", whom="bob") == "bob answers: bob: why?⟨U+202E⟩"
    with pytest.raises(ToolError, match="ask one of: person, ada, bob"):
        await tool.run(question="why?", whom="eve")
    with pytest.raises(ToolError, match="ada does not answer now"):
        await tool.run(question="why?", whom="ada")
