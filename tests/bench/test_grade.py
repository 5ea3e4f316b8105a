"""The grader's verdicts."""

import json

import pytest

from samovar.bench.grade import build, grade, outcomes
from samovar.bench.sets import load

RIGHT = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return a * b\n"


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def amend(task, **facts):
    path = task.folder / "task.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
    return load(task.folder.parent.parent, "tiny")[0]


async def test_a_right_answer_is_solved(task, work, sandbox):
    (work / "add.py").write_text(RIGHT)
    seen = await grade(task, work, sandbox)
    assert (seen.solved, seen.passed, seen.failing) == (True, 2, ())


async def test_a_wrong_answer_is_not_and_says_what_failed(task, work, sandbox):
    (work / "add.py").write_text(WRONG)
    seen = await grade(task, work, sandbox)
    assert not seen.solved
    assert (seen.passed, seen.failing) == (1, ("test_add::test_sum",))
    assert "1 failed" in seen.output


async def test_edited_tests_do_not_count(task, work, sandbox):
    (work / "add.py").write_text(WRONG)
    (work / "test_add.py").write_text("def test_a():\n    pass\n\n\ndef test_b():\n    pass\n")
    (work / "conftest.py").write_text("collect_ignore = ['test_add.py']\n")
    assert not (await grade(task, work, sandbox)).solved


async def test_named_tests_are_the_ones_that_count(task, work, sandbox):
    (work / "add.py").write_text(WRONG)
    only = amend(task, fail_to_pass=["test_add::test_nothing"], pass_to_pass=[])
    assert (await grade(only, work, sandbox)).solved
    broken = amend(task, fail_to_pass=["test_add::test_nothing", "test_add::test_sum"])
    assert not (await grade(broken, work, sandbox)).solved


async def test_a_program_that_ends_early_with_success_is_not_solved(task, work, sandbox):
    (work / "add.py").write_text("import os\nos._exit(0)\n")
    assert not (await grade(task, work, sandbox)).solved


def test_without_named_files_everything_but_the_protected_is_taken(task, work, tmp_path):
    (task.repo / "old.py").write_text("")
    (task.repo / "conftest.py").write_text("mine = 1\n")
    (work / "new.py").write_text(RIGHT)
    (work / "conftest.py").write_text("planted = 1\n")
    (work / ".git").mkdir()
    (work / ".git" / "config").write_text("")
    place = tmp_path / "place"
    build(amend(task, solution_files=None, protected=["conftest.py"]), work, place)
    assert (place / "new.py").exists()
    assert not (place / "old.py").exists()
    assert not (place / ".git").exists()
    assert (place / "conftest.py").read_text() == "mine = 1\n"


def test_a_removed_solution_is_removed(task, work, tmp_path):
    build(task, work, tmp_path / "place")
    assert not (tmp_path / "place" / "add.py").exists()


def test_of_the_outcomes_of_one_test_the_worst_counts(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testcase classname="a" name="b"/><testcase classname="a" name="b">'
        '<failure/></testcase><testcase classname="a" name="b"/></testsuites>'
    )
    assert outcomes(report) == {"a::b": "failed"}
    report.write_text("<testsuites>")
    assert outcomes(report) == {}
