"""Which tools there are, and that each can be used as its example says."""

from contextlib import AsyncExitStack

import pytest

from samovar.core.errors import ToolError
from samovar.core.tool import Call, arguments
from samovar.tools.address import Web
from samovar.tools.ask import Company, ask
from samovar.tools.nvim import find_nvim
from samovar.tools.toolbox import Bench, lacking, toolbox

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
    editors = {"nvim"} if find_nvim() else set()
    assert kinds["write"] == {"write_file", "edit_text", "edit_symbol"} | editors
    assert kinds["run"] == {"shell", "python"}
    assert kinds["network"] == {"fetch", "web_search"} and kinds["ask"] == {"ask"}


async def test_search_needs_an_engine(place, sandbox):
    async with AsyncExitStack() as stack:
        web = Web(search=True, public=False)
        assert "web_search" not in {t.name for t in toolbox(Bench(place, sandbox, stack, web=web))}
        assert "searxng" in lacking(web)["web_search"] and "pip" not in lacking(web)["web_search"]


async def test_every_tool_that_is_not_there_says_what_would_help(place, sandbox, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    web = Web(search=True)
    async with AsyncExitStack() as stack:
        names = {t.name for t in toolbox(Bench(place, sandbox, stack, web=web))}
    assert "shell" in names and names.isdisjoint(lacking(web))
    assert lacking(web) == {
        "edit_symbol": "pip install 'samovar[code]'",
        "nvim": "install neovim and pip install 'samovar[nvim]'",
        "data_view": "pip install 'samovar[data]'",
        "fetch": "list hosts under [web] in samovar.toml",
        "web_search": "name a SearXNG server as searxng under [web] in samovar.toml, "
        "or pip install 'samovar[web]'",
    }
    assert lacking(Web())["web_search"] == "write search = true under [web] in samovar.toml"


async def test_asking_names_those_who_can_be_asked():
    async def answer(question):
        return "" if question == "who?" else f"{question}\u202e"

    async def send(question):
        sent.append(question)

    sent: list[str] = []
    tool = ask(Company(answer, {"ada": send, "bob": send}))
    assert await tool.run(question="why?", whom="person") == "person answers: why?⟨U+202E⟩"
    with pytest.raises(ToolError, match="ask one of: person, ada, bob"):
        await tool.run(question="why?", whom="eve")
    with pytest.raises(ToolError, match="person does not answer now"):
        await tool.run(question="who?", whom="person")
    assert sent == []
    said = await tool.run(question="how?", whom="bob")
    assert said.startswith("sent to bob; an answer, if any, comes as a message in a later turn")
    assert sent == ["how?"]
    alone = ask(Company(answer))
    assert "one of: person" in str(alone.parameters) and "teammate" not in str(alone.parameters)
    with pytest.raises(ToolError, match=r"ask one of: person$"):
        await alone.run(question="why?", whom="bob")
