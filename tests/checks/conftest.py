"""A small project with one bug, and its checks in the machine's own sandbox."""

import sys

import pytest
from doubles import Memory

from samovar.checks.environment import find_environment
from samovar.checks.project import Project
from samovar.sandboxes.find import find_sandbox

CALC = "def add(a, b):\n    return a - b\n\n\ndef twice(a):\n    return add(a, a)\n"
GOOD = CALC.replace("a - b", "a + b")
TEST = (
    "import pytest\nfrom calc import add, twice\n\n\n"
    "def test_add():\n    assert add(2, 3) == 5\n\n\n"
    "def test_zero():\n    assert add(0, 0) == 0\n\n\n"
    "@pytest.mark.skip\ndef test_later():\n    assert twice(2) == 4\n"
)
COMMAND = f"{sys.executable} -m pytest -q"
ADD, ZERO = "test_calc.py::test_add", "test_calc.py::test_zero"


@pytest.fixture
async def project(tmp_path):
    tree = Memory({"calc.py": CALC, "test_calc.py": TEST})
    sandbox = await find_sandbox()
    environment = find_environment(tmp_path)
    return Project(tree, sandbox, environment, tmp_path / "copies", seconds=30, test_seconds=1)


@pytest.fixture
def one_lane(monkeypatch):
    monkeypatch.setattr("samovar.checks.project.LANES", 1)
