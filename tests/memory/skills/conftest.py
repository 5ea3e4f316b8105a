import asyncio
import os
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from samovar.core.seams import Command, Ran, Sandbox
from samovar.memory.skills.promote import Maker
from samovar.memory.skills.shelf import Shelf
from samovar.memory.skills.workshop import Workshop
from samovar.sandboxes.find import find_sandbox
from samovar.sandboxes.workspace import remove

GOOD = '''\
def average(prices: list[float], digits: int = 2) -> float:
    """Return the mean of some prices, rounded."""
    return round(sum(prices) / len(prices), digits)


def test_average():
    assert average([1.0, 2.0]) == 1.5
'''


@asynccontextmanager
async def scratch():
    made = Path(tempfile.mkdtemp(prefix="samovar-skill-"))
    try:
        yield made
    finally:
        await remove(made)


class Counted:
    """A sandbox that counts what it ran."""

    def __init__(self, inner) -> None:
        self.inner = inner
        self.tier = inner.tier
        self.ran = 0

    async def run(self, command: Command, /) -> Ran:
        self.ran += 1
        return await self.inner.run(command)


@pytest.fixture(scope="session")
def tried() -> Sandbox:
    """Return the sandbox, tried once: trying it takes longer than most of these tests."""
    return asyncio.run(find_sandbox())


@pytest.fixture
def workshop(tried: Sandbox) -> Workshop:
    sandbox = Counted(tried)
    folders = (Path(sys.prefix), Path(os.path.realpath(sys.executable)).parent.parent)
    return Workshop(sandbox, scratch, sys.executable, folders, seconds=20)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "skills")


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    work = tmp_path / "work"
    work.mkdir()
    (work / "good.py").write_text(GOOD)
    return Maker("ada", "run-7", lambda name: (work / name).read_bytes(), {"look_up"})
