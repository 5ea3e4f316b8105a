"""A repository with one bug, a scripted model server, and `samovar mcp serve` as a process."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp.client.stdio import StdioServerParameters, stdio_client
from model_server import serving

from mcp import Client
from samovar.app import App
from samovar.boot import at_work
from samovar.core.rules import Rules
from samovar.mcp.desk import Desk, tools
from samovar.mcp.server import make_server
from samovar.repo.git import open as git_of
from samovar.repo.home import home_of
from samovar.settings import Settings
from samovar.workshop import Workshop

CODE = "def add(a, b):\n    return a - b\n"
GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
TEST = "from sums import add\n\n\ndef test_two_numbers_are_added():\n    assert add(2, 3) == 5\n"
COMMAND = (sys.executable, "-c", "from samovar.cli.main import main; main()")


@pytest.fixture
def model() -> Iterator[str]:
    """Return the address of a scripted model server."""
    with serving(lambda _asked: GOOD) as url:
        yield url


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "sums.py").write_text(CODE)
    (folder / "test_sums.py").write_text(TEST)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "start")
    return folder


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=T", "-c", "user.email=t@localhost")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def environment(tmp_path: Path, model: str) -> dict[str, str]:
    """Return the variables of a person with an empty home, who reaches one model."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("SAMOVAR", "XDG", "PIP"))}
    return keep | {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "PIP_NO_INDEX": "1",
        "SAMOVAR_MODEL_URL": model,
    }


@asynccontextmanager
async def stdio(project: Path, environment: dict[str, str], log: Path) -> AsyncIterator[Client]:
    """Give the official client of a server on standard input and output."""
    words = [*COMMAND[1:], "mcp", "serve", "--repo", str(project)]
    start = StdioServerParameters(command=COMMAND[0], args=words, env=environment)
    with log.open("w") as errors:
        async with Client(stdio_client(start, errlog=errors)) as client:
            yield client


@asynccontextmanager
async def held(opening):
    """Open something in a task of its own: fixtures are not ended where they began."""
    ready, stop = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def hold() -> None:
        async with opening as made:
            ready.set_result(made)
            await stop.wait()

    task = asyncio.create_task(hold())
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield ready.result() if ready.done() else await task
    finally:
        stop.set()
        await task


@pytest.fixture
async def client(project, environment, tmp_path):
    """The official client of a process."""
    async with held(stdio(project, environment, tmp_path / "errors.txt")) as made:
        yield made


@pytest.fixture
async def near(project, environment, monkeypatch):
    """The official client of a server in this very process, which starts sooner."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    home = home_of(await git_of(project))
    works = Workshop(lambda _home, ask, live: at_work(project, ask, live))
    async with works.open_day():
        server = make_server(tools(Desk(App(home), works, Settings())), Rules())
        async with held(Client(server)) as made:
            yield made


async def ask(client: Client, tool: str, **arguments: object) -> dict:
    """Use a tool that must work; return what it says."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: object) -> str:
    """Use a tool that must not work; return its line."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.content[0].text
    return result.content[0].text


@pytest.fixture
def says():
    return ask


@pytest.fixture
def refuses():
    return refused
