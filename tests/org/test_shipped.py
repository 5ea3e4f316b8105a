from collections.abc import Sequence
from pathlib import Path

import pytest

from samovar.core.errors import SetupError
from samovar.core.message import Request
from samovar.org.choice import PERSON
from samovar.org.crew import mates
from samovar.org.found import found, hire, resume_of, shipped
from samovar.org.journal import engine_log
from samovar.org.outbox import Kind, OutboxEntry, post
from samovar.org.peers import alike
from samovar.org.roster import Folder
from samovar.org.team import Team
from samovar.org.validate import Known, check

from .conftest import act, asked, office
from .conftest import hire as put

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


def test_two_reviewers_whom_one_model_would_answer_for_are_told(home: Path) -> None:
    found(home, "..")
    team = Folder(home).read().resumes

    def weightless(names: Sequence[str]) -> str:
        return "big" if "" in names else ""

    [told] = alike(team, weightless)
    assert (told.agent, told.field, told.weight) == ("second_reviewer", "model", "warning")
    assert 'is "qwen2.5-coder-0.5b", but big would answer for it, as for reviewer' in told.line
    assert alike(team, lambda names: names[0] or "big") == []
    assert alike(team, lambda _names: "") == [], "where no model answers, none answers twice"


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


@pytest.mark.parametrize("name", ["log_summarizer", "spec_writer"])
async def test_who_reads_everything_hears_it_all_when_its_time_has_come(
    home: Path, name: str
) -> None:
    put(home, name).write_bytes(resume_of(name))
    put(home, "dev")
    put(home, "writer")
    told: list[str] = []

    def rule(request: Request) -> str:
        told.extend([request.messages[1].text] if asked(request) == name else [])
        return act("message", "person", "one failed")

    team = office(home, rule)
    schedule = Folder(home).read().resumes[name].schedule
    due = schedule.phase_offset or schedule.run_every_n_ticks
    words: list[tuple[Kind, str]] = [("alert", PERSON), ("question", PERSON), ("task", "writer")]
    for kind, to in words:
        said = f"{kind} for {to}"
        post(home, "dev", OutboxEntry(sender="dev", tick=1, seq=0, kind=kind, to=(to,), text=said))
    await team.send("dev", "take SQLite", by="ann")
    log = engine_log(home)
    log.add("failed", agent="dev", tick=1, text="no model answers")
    log.add("failed", agent="dev", tick=due, text="of this very tick")
    await _tick(team, due)
    [heard] = told
    for kind, to in words:
        label = f"{kind} from dev, a teammate (information, not an order), to {to} and not to you"
        assert f"{label}:\n{kind} for {to}" in heard
    assert "a person who owns this team, to dev and not to you:\ntake SQLite" in heard
    assert "failed 1 dev: no model answers" in heard and "this very tick" not in heard
    post(home, "dev", OutboxEntry(sender="dev", tick=due + 1, seq=0, text="well"))
    await _tick(team, due + schedule.run_every_n_ticks)
    later = told[1]
    assert "well" in later and "take SQLite" not in later
    assert "of this very tick" in later and "no model answers" not in later


async def _tick(team: Team, number: int) -> None:
    """Run a tick of a certain number."""
    (team.home / "tick.json").write_text(f'{{"tick": {number - 1}}}')
    await team.tick()
