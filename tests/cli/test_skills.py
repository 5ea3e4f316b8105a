import json
import venv
from pathlib import Path

import pytest

from samovar.memory.skills.shelf import Shelf

SOURCE = b'''\
def twice(x: int) -> int:
    """Return twice a whole number."""
    return 2 * x


def test_twice():
    assert twice(2) == 4
'''


@pytest.fixture
def shelf(project: Path) -> Shelf:
    made = Shelf(project / ".samovar" / "skills")
    for text in (SOURCE, SOURCE.replace(b"whole", b"round")):
        made.add("double", text, "twice", {"agent": "ada", "origin": "run-7", "file": "t.py"})
    return made


def test_skills_are_listed_shown_switched_and_rolled_back(samovar, shelf):
    assert samovar("skills", "list").stdout.split() == [
        "double",
        "enabled",
        "v2",
        "of",
        "2,",
        "by",
        "ada",
    ]
    shown = samovar("skills", "show", "double").stdout
    for words in ("double v2 (enabled)", "by ada at", "t.py run-7", "arguments: x", "2 * x"):
        assert words in shown
    assert samovar("skills", "disable", "double").stdout == "double is disabled\n"
    assert json.loads(samovar("skills", "list", "--json").stdout)[0]["state"] == "disabled"
    assert samovar("skills", "enable", "double").stdout == "double is enabled\n"
    assert samovar("skills", "rollback", "double").stdout == "double is at version 1 now\n"
    again = samovar("skills", "rollback", "double")
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "it has: 1, 2" in again.stderr


def test_an_edited_skill_counts_again_once_its_tests_pass_in_the_sandbox(samovar, shelf):
    path = shelf.folder / "double" / "v2" / "skill.py"
    path.write_bytes(SOURCE.replace(b"== 4", b"== 5"))
    assert "edited" in samovar("skills", "list").stdout
    red = samovar("skills", "test", "double")
    assert red.returncode == 1
    assert "red: AssertionError" in red.stdout
    assert "edited" in samovar("skills", "list").stdout
    path.write_bytes(SOURCE.replace(b"whole", b"real"))
    green = samovar("skills", "test", "double")
    assert green.stdout == "double: 1 passed in the sandbox bubblewrap\n"
    assert "enabled" in samovar("skills", "list").stdout
    assert shelf.read("double").skill.agent == "owner"


def test_a_skill_is_tested_with_the_projects_own_python(samovar, shelf, project):
    shelf.add("chests", SOURCE + b"\n\nimport treasure\n", "twice", {"agent": "ada"})
    red = samovar("skills", "test", "chests")
    assert red.returncode == 1 and "No module named 'treasure'" in red.stdout
    venv.create(project / ".venv", symlinks=True)
    (site,) = (project / ".venv" / "lib").glob("python*/site-packages")
    (site / "treasure.py").write_text("")
    assert samovar("skills", "test", "chests").stdout.startswith("chests: 1 passed")


def test_a_skill_that_is_not_there_is_named(samovar, shelf):
    done = samovar("skills", "show", "triple")
    assert done.returncode == 2
    assert done.stderr == "samovar: there is no skill 'triple'; there are: double\n"


def test_a_damaged_skill_is_named_beside_the_others(samovar, shelf):
    shelf.add("half", SOURCE, "twice", {"agent": "ada"})
    (shelf.folder / "half" / "v1" / "meta.json").write_text('{"name": "ha')
    for options in ((), ("--json",)):
        done = samovar("skills", "list", *options)
        assert (done.returncode, done.stderr.count("\n")) == (0, 1)
        assert "double" in done.stdout and "half" not in done.stdout
        assert "half/v1 is damaged" in done.stderr


def test_without_skills_the_way_to_one_is_told(samovar):
    assert "promote_skill" in samovar("skills", "list").stdout
