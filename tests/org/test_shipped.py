from pathlib import Path

import pytest

from samovar.core.errors import SetupError
from samovar.org.crew import mates
from samovar.org.found import found, hire, resume_of, shipped
from samovar.org.roster import Folder
from samovar.org.validate import Known, check

TEAM = {
    *("manager", "developer", "reviewer", "second_reviewer", "tester", "writer"),
    *("spec_writer", "log_summarizer", "ui_copy_editor", "agent_template"),
}


def test_the_team_that_comes_along_is_sound(home: Path) -> None:
    assert set(shipped()) == TEAM
    found(home, "..")
    roster = Folder(home, Known(models=frozenset({"qwen2.5-coder-0.5b"}))).read()
    assert roster.problems == ()
    assert set(roster.resumes) == TEAM - {"agent_template"}
    reviewers = [roster.resumes[n].model for n in ("reviewer", "second_reviewer")]
    assert len(set(reviewers)) == 2, "two models see more than one"
    assert roster.resumes["developer"].permissions.repositories == ("..",)
    assert {r.name for r in roster.resumes.values() if r.craft == "plan"} == {"manager"}
    for name in ("developer", "tester", "writer", "reviewer", "second_reviewer"):
        assert "manager" in roster.reads[name] and name in roster.reads["manager"]


def test_every_shipped_resume_stands_by_itself() -> None:
    for name in shipped():
        resume, problems = check(resume_of(name), name)
        assert problems == [] and resume is not None and resume.title and resume.instructions


def test_founding_twice_changes_nothing(home: Path) -> None:
    assert len(found(home)) == len(TEAM) + 2
    (home / "agents" / "writer" / "resume.json").write_text("mine")
    before = {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    assert found(home) == []
    assert {p: p.read_bytes() for p in home.rglob("*") if p.is_file()} == before


def test_a_project_s_own_gitignore_gets_the_lines_it_lacks(home: Path) -> None:
    note = home / ".gitignore"
    note.write_bytes(b"build/\xff\n!logs/\nweb.token")
    assert ".gitignore" in found(home)
    rows = note.read_bytes().split(b"\n")
    assert rows[:3] == [b"build/\xff", b"!logs/", b"web.token"] and rows.count(b"web.token") == 1
    assert b".env" in rows and b"logs/" not in rows
    assert found(home) == []
    note.write_text("*\n")
    assert found(home) == [] and note.read_text() == "*\n"


def test_a_new_agent_is_a_filled_copy_of_the_template(home: Path) -> None:
    found(home)
    hire(home, "release_manager")
    roster = Folder(home).read()
    assert roster.resumes["release_manager"].title == "Release manager"
    assert "release_manager" in mates(roster.resumes["manager"], roster), "it may be given work"
    [said] = roster.problems
    assert said.line.startswith(
        'agents/manager/resume.json: permissions.read_outboxes lacks "release_manager", who hears'
    )
    with pytest.raises(SetupError, match="already"):
        hire(home, "release_manager")
    for bad in ("../x", "1st", "", "people", "a b"):
        with pytest.raises(SetupError):
            hire(home, bad)
    assert {p.name for p in (home / "agents").iterdir()} == TEAM | {"release_manager"}
