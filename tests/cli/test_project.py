"""`samovar project`: the plan of a project, by command and by hand."""

import json
import os
import subprocess

import pytest
from typer.testing import CliRunner

from samovar.cli.main import app

from .conftest import QUICK


@pytest.fixture
def samovar(project, environment, monkeypatch):
    """Return the command within this process: starting one takes a second."""
    for name in [n for n in os.environ if n.startswith(("SAMOVAR", "XDG"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(project)

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        done = CliRunner().invoke(app, words, env=more)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    return run


def plan(samovar, *words) -> dict:
    done = samovar("project", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def states(found: dict) -> list[tuple[str, str]]:
    return [(t["text"], t["status"]) for t in found["tasks"]]


def test_a_plan_goes_through_its_phases_and_each_must_be_earned(samovar, project):
    home = project / ".samovar"
    assert plan(samovar)["phase"] == "planning"
    early = samovar("project", "phase")
    assert early.returncode == 2 and "the plan has no tasks yet" in early.stderr
    found = plan(samovar, "add", "mend add", "write the manual")
    assert states(found) == [("mend add", "open"), ("write the manual", "open")]
    assert plan(samovar, "phase")["phase"] == "executing"
    open_ = samovar("project", "phase")
    assert open_.returncode == 2 and "2 tasks are not closed" in open_.stderr
    plan(samovar, "done", "1")
    found = plan(samovar, "done", "2", "--as", "dropped")
    assert states(found) == [("mend add", "done"), ("write the manual", "dropped")]
    assert plan(samovar, "phase")["phase"] == "reviewing"
    red = samovar("project", "phase", *QUICK)
    assert red.returncode == 2 and "reviewing does not end yet" in red.stderr
    end = plan(samovar, "phase", "--test", "true")
    assert end["phase"] == "complete"
    assert "true ended with 0" in end["history"][-1]
    assert "- [x] mend add" in (home / "project.md").read_text()


def test_a_phase_passes_on_a_persons_word_which_is_written_down(samovar):
    plan(samovar, "add", "mend add")
    plan(samovar, "phase")
    found = plan(samovar, "phase", "--override", "a hurry")
    assert found["phase"] == "reviewing"
    assert "a hurry" in found["history"][-1] and "1 tasks are not closed" in found["history"][-1]


def test_the_plan_of_a_team_is_not_judged_by_the_tests_of_another_repository(samovar, project):
    agent = project.parent / "team" / "agents" / "developer"
    agent.mkdir(parents=True)
    (agent / "resume.json").write_text("{}")
    file = project.parent / "team" / "project.md"
    file.write_text("Phase: reviewing\n\n## Tasks\n\n- [x] tea\n")
    done = samovar("project", "phase", "--test", "true", SAMOVAR_HOME=str(file.parent))
    assert done.returncode == 2 and f"is not that of {project}" in done.stderr
    assert "Phase: reviewing" in file.read_text()


def test_the_plan_is_a_file_that_people_edit(samovar, project):
    editor = project.parent / "editor"
    editor.write_text('#!/bin/sh\nprintf -- "- [~] from the editor\\n" >> "$1"\n')
    editor.chmod(0o755)
    plan(samovar, "add", "mend add")
    done = samovar("project", "edit", EDITOR=str(editor), VISUAL="")
    assert done.returncode == 0, done.stderr
    assert states(plan(samovar, "show"))[1] == ("from the editor", "doing")
    shown = samovar("project")
    assert "1. [ ] mend add\n2. [~] from the editor\n" in shown.stdout and "file: " in shown.stderr
    (project / ".samovar" / "project.md").write_text("Phase: resting\n")
    wrong = samovar("project")
    assert wrong.returncode == 2 and "line 1: 'resting' is no phase" in wrong.stderr


def test_what_is_wrong_is_one_line_with_its_fix(samovar):
    for words, said in (
        (("done", "3"), "there is no task 3"),
        (("add", " "), "a task needs a text"),
        (("edit",), "set EDITOR"),
    ):
        done = samovar("project", *words, EDITOR="", VISUAL="")
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr and done.stderr.count("\n") == 1
    gone = samovar("project", "edit", EDITOR="/no/editor", VISUAL="")
    assert gone.returncode == 2 and "does not start" in gone.stderr


def test_the_notebook_is_shown_and_added_to(samovar, project):
    assert "nothing is noted yet" in samovar("project", "notebook").stdout
    first = samovar("project", "notebook", "--add", "3 of 20 runs fail")
    assert first.returncode == 0 and "3 of 20 runs fail" in first.stdout
    path = project / ".samovar" / "notebook.md"
    assert str(path) in first.stderr
    path.write_text(path.read_text().replace("3 of 20", "4 of 20"))
    found = json.loads(samovar("project", "notebook", "--json").stdout)
    (one,) = found["observations"]
    assert one["text"] == "4 of 20 runs fail" and one["by"].startswith("person:")
    assert found["file"] == str(path)
    empty = samovar("project", "notebook", "--add", " ")
    assert empty.returncode == 2 and "an observation has 1 to" in empty.stderr
