import json
import os
from pathlib import Path

import msgspec
import pytest

from samovar.org.allowed import allowed
from samovar.org.resume import Limits, Permissions, Resume, Schedule, Soul
from samovar.org.roster import Folder
from samovar.org.schema import published
from samovar.org.validate import Known, check

from .conftest import hire

SEED = """{
  "name": "agent_name",
  "title": "Agent Title",
  "short_description": "Brief description of agent purpose",
  "workflow_description": "Detailed workflow and responsibilities",
  "instructions": "Specific instructions for the LLM",
  "model": "gpt-4.1-mini",
  "permissions": {
    "read_outboxes": ["other_agent"],
    "tools": ["tool1", "tool2"]
  },
  "schedule": {
    "run_every_n_ticks": 1,
    "phase_offset": 0
  }
}"""
PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "resume.schema.json"


def put(home: Path, name: str, text: str) -> None:
    path = home / "agents" / name / "resume.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_the_example_of_the_seed_loads_unchanged(home: Path) -> None:
    put(home, "agent_name", SEED)
    roster = Folder(home, Known(models=frozenset({"qwen"}))).read()
    resume = roster.resumes["agent_name"]
    assert resume.model == "gpt-4.1-mini" and resume.permissions.tools == ("tool1", "tool2")
    assert {p.weight for p in roster.problems} == {"warning"}
    said = "\n".join(p.line for p in roster.problems)
    assert all(word in said for word in ("other_agent", "tool1", "tool2", "gpt-4.1-mini"))


def test_a_planner_that_does_not_hear_who_works_for_it_is_told(home: Path) -> None:
    hire(home, "boss", craft="plan", permissions={"read_outboxes": ["ann"]})
    hire(home, "ann", permissions={"read_outboxes": ["boss"]})
    hire(home, "bob", permissions={"read_outboxes": ["boss"]})
    hire(home, "log", permissions={"read_outboxes": ["*"]})
    hire(home, "hermit", craft="plan")
    path = home / "agents" / "log" / "resume.json"
    assert [(p.agent, p.fix) for p in Folder(home).read().problems] == [("boss", 'add "bob"')]
    path.unlink()
    path.parent.rmdir()
    found = [(p.agent, p.fix, p.weight) for p in Folder(home).read().problems]
    alone = 'add "hermit" to permissions.read_outboxes of others'
    assert found == [("boss", 'add "bob"', "warning"), ("hermit", alone, "warning")]


def test_every_problem_of_a_file_is_said_at_once_with_field_and_fix() -> None:
    raw = {
        "name": "other",
        "title": 7,
        "titel": "x",
        "craft": "magic",
        "permissions": {"read_outboxes": "bob", "tools": ["a", 3], "reed": []},
        "schedule": {"run_every_n_ticks": 0, "phase_offset": "x"},
        "soul": [],
        "limits": {"read": 0},
    }
    resume, problems = check(json.dumps(raw).encode(), "writer")
    assert resume is None
    found = {(p.field, p.weight) for p in problems}
    assert found == {
        ("name", "error"),
        ("title", "error"),
        ("titel", "warning"),
        ("craft", "error"),
        ("instructions", "error"),
        ("permissions.read_outboxes", "error"),
        ("permissions.tools", "error"),
        ("permissions.reed", "warning"),
        ("schedule.run_every_n_ticks", "error"),
        ("schedule.phase_offset", "error"),
        ("soul", "error"),
        ("limits.read", "error"),
    }
    assert all(p.file == "agents/writer/resume.json" and p.wrong and p.fix for p in problems)
    assert any('did you mean "title"?' in p.line for p in problems)


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ({"title": "x" * 501}, 'write a text of at most 500 characters: "title": "..."'),
        ({"instructions": ["x"]}, "write a text of at most 20000 characters: "),
        ({"model": None}, 'write a text of at most 500 characters: "model": "..."'),
        ({"fallback_models": "m"}, 'write a list of texts, each of at most 500 characters: "fallb'),
        ({"craft": "magic"}, 'write one of "code", "plan", "text"'),
        ({"permissions": {"tools": "shell"}}, 'write a list of texts: "tools": ["read_file"]'),
        ({"schedule": {"phase_offset": -1}}, "write a whole number from 0 to 1000000000"),
        ({"soul": {"personality": 7}}, "write a text of at most 20000 characters: "),
        ({"limits": {"reply": 3}}, "write a whole number from 16 to 100000"),
    ],
)
def test_the_fix_of_a_field_names_what_its_type_allows(given: dict[str, object], fix: str) -> None:
    resume = {"name": "writer", "instructions": "Write."} | given
    [problem] = check(json.dumps(resume).encode(), "writer")[1]
    assert problem.fix.startswith(fix)


def test_every_field_of_a_resume_has_words_for_what_it_may_hold() -> None:
    kinds = [Resume, Permissions, Schedule, Soul, Limits]
    fields = [f for kind in kinds for f in msgspec.structs.fields(kind) if f.type not in kinds]
    said = {f.encode_name: allowed(f.encode_name, f.type) for f in fields}
    assert len(said) >= 20 and not [f for f, fix in said.items() if "--schema" in fix]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ("\xff", "JSON"),
        ('{"name": "a", "instructions": "' + "x" * 300_000 + '"}', "bytes"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_a_file_that_is_no_resume_is_one_problem(text: str, word: str) -> None:
    resume, problems = check(text.encode("latin-1"), "a")
    assert resume is None and len(problems) == 1 and word in problems[0].line


def test_a_broken_resume_takes_out_only_its_agent(home: Path) -> None:
    hire(home, "good")
    put(home, "bad", "{")
    (home / "agents" / "empty").mkdir()
    roster = Folder(home).read()
    assert list(roster.resumes) == ["good"]
    assert roster.broken == {"bad", "empty"}
    assert any("samovar agent new empty" in p.line for p in roster.problems)


def test_two_agents_of_one_name_are_told_apart_by_their_folders(home: Path) -> None:
    hire(home, "dev")
    put(home, "dev2", json.dumps({"name": "dev", "instructions": "x"}))
    put(home, "Dev", json.dumps({"name": "Dev", "instructions": "x"}))
    roster = Folder(home).read()
    assert list(roster.resumes) == ["Dev"]
    lines = [p.line for p in roster.problems]
    assert any('dev2/resume.json: name is "dev", its folder is "dev2"' in x for x in lines)
    assert any('is the same as that of "Dev"' in x for x in lines)


def test_a_changed_resume_counts_from_the_next_look(home: Path) -> None:
    path = hire(home, "a")
    folder = Folder(home)
    first = folder.read()
    assert folder.read() is first
    path.write_text(json.dumps({"name": "a", "instructions": "x", "title": "New"}))
    assert folder.read().resumes["a"].title == "New"
    path.unlink()
    path.parent.rmdir()
    assert folder.read().resumes == {}


def test_a_resume_behind_a_link_is_refused(home: Path, tmp_path: Path) -> None:
    other = hire(tmp_path / "elsewhere", "a")
    (home / "agents").mkdir()
    (home / "agents" / "a").symlink_to(other.parent)
    roster = Folder(home).read()
    assert roster.resumes == {} and "symbolic link" in roster.problems[0].line


def test_a_resume_in_a_snapshot_of_hard_links_is_one(home: Path) -> None:
    (home / "snapshot").hardlink_to(hire(home, "a"))
    assert list(Folder(home).read().resumes) == ["a"]


def test_a_resume_above_the_limit_is_not_read(home: Path) -> None:
    path = hire(home, "a")
    os.truncate(path, 1 << 40)
    [problem] = Folder(home).read().problems
    assert "has 1099511627776 bytes" in problem.wrong and problem.fix == "shorten it"


def test_the_published_schema_is_up_to_date() -> None:
    assert PUBLISHED.read_bytes() == published(), (
        "samovar validate --schema > docs/reference/resume.schema.json"
    )


def test_a_resume_survives_being_written_and_read() -> None:
    resume = Resume(name="a", instructions="x", schedule=Schedule(run_every_n_ticks=3))
    assert msgspec.json.decode(msgspec.json.encode(resume), type=Resume) == resume


@pytest.mark.parametrize("name", ["owner", "Owner", "person", "all", "engine", "samovar"])
def test_a_name_that_stands_for_a_person_or_the_engine_is_no_agents(name: str) -> None:
    data = msgspec.json.encode({"name": name, "instructions": "x"})
    resume, problems = check(data, name)
    assert resume is None and "is kept for people and the engine" in problems[0].wrong
    other = msgspec.json.encode({"name": f"{name}s", "instructions": "x"})
    assert check(other, f"{name}s")[0] is not None


def test_notes_of_nobody_in_the_team_break_nothing(home: Path) -> None:
    (home / "agents" / "samovar" / "memory").mkdir(parents=True)
    put(home, "agent_name", SEED)
    assert Folder(home).read().broken == frozenset()
    (home / "agents" / "samovar" / "outbox").mkdir()
    (problem,) = [p for p in Folder(home).read().problems if p.agent == "samovar"]
    assert problem.wrong == "is missing"
