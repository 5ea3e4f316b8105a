"""A tiny set of tasks."""

import json

import pytest

from samovar.bench.sets import load
from samovar.sandboxes.find import find_sandbox

TESTS = "from add import add\n\n\ndef test_sum():\n    assert add(1, 2) == 3\n\n\n"
TESTS += "def test_nothing():\n    assert add(0, 0) == 0\n"
RIGHT = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return a * b\n"


def make_task(sets, name, set_name="tiny", **facts):
    folder = sets / set_name / name
    (folder / "repo").mkdir(parents=True)
    (folder / "hidden").mkdir()
    (folder / "instructions.md").write_text("Add two numbers: `add(1, 2)` is 3.\n")
    (folder / "repo" / "add.py").write_text("def add(a, b):\n    raise NotImplementedError\n")
    (folder / "hidden" / "test_add.py").write_text(TESTS)
    known = {
        "id": f"{set_name}/{name}",
        "set": set_name,
        "solution_files": ["add.py"],
        "test_files": ["test_add.py"],
        "fail_to_pass": None,
        "n_tests": 2,
    }
    (folder / "task.json").write_text(json.dumps(known | facts))
    return folder


@pytest.fixture
def sets(tmp_path):
    folder = tmp_path / "sets"
    for name in ("one", "three", "two"):
        make_task(folder, name)
    return folder


@pytest.fixture
def task(sets):
    return load(sets, "tiny")[0]


@pytest.fixture
async def sandbox():
    return await find_sandbox(allow_none=True)
