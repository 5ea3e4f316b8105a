"""Logs of earlier versions: they must load and lead to the state they led to."""

import re
from pathlib import Path
from typing import get_args

import pytest

from samovar.core.event import Closed, Done, Event, Worked
from samovar.core.log import read
from samovar.core.state import State, replay
from samovar.core.talk import Talk
from samovar.flow.receipt import receipt

GOLDENS = Path(__file__).parents[1] / "goldens"
FILES = sorted(GOLDENS.glob("*.jsonl"))
EVENTS = Path(__file__).parents[2] / "docs" / "reference" / "events.md"


def state_of(name: str) -> State:
    return replay(e.event for e in read(GOLDENS / f"{name}.jsonl"))


def test_a_solved_run_replays_to_its_end():
    state = state_of("solved")
    assert state.closed is not None and state.closed.ok
    assert state.phase == "complete"
    assert state.task.off == ("search",)
    assert [a.candidate.complaint for a in state.attempts] == [
        "The answer holds no code block.",
        "",
        "",
    ]
    assert [a.verdict.score if a.verdict else None for a in state.attempts] == [None, 0.5, 1.0]
    assert [c.candidate for c in state.chosen] == [2]
    assert [d.act for d in state.done] == ["commit", "push"]
    assert state.edits[0][0].path == "middle.py"
    assert state.calls == 4
    assert state.usage.generated == 32


def test_a_failed_run_replays_to_its_end():
    state = state_of("failed")
    assert state.closed is not None and not state.closed.ok
    assert state.closed.exit_code == 1
    assert [a.candidate.origin for a in state.attempts] == [
        "model",
        "search",
        "model",
        "model",
        "search",
    ]
    assert [c.candidate for c in state.chosen] == [None]
    assert state.done == ()
    assert state.calls == 3
    assert state.usage.generated == 14


def test_a_run_that_a_person_let_pass_replays_to_its_end():
    state = state_of("overridden")
    assert state.closed is not None and state.closed.ok
    assert [(o.phase, o.by) for o in state.overridden] == [
        ("executing", "person"),
        ("reviewing", "person"),
    ]
    facts = receipt(read(GOLDENS / "overridden.jsonl"))
    assert facts.overridden == ("executing", "reviewing") and not facts.verified
    assert facts.why == "2 of 3 tests pass"


def test_a_run_whose_commit_was_taken_back_ends_so():
    state = state_of("undone")
    assert state.closed is not None and state.closed.ok
    assert state.closed.outcome == "the commit 000000000000 was taken back"
    assert [d.act for d in state.done] == ["commit", "push", "undo"]
    facts = receipt(read(GOLDENS / "undone.jsonl"))
    assert (facts.outcome, facts.commit) == (state.closed.outcome, "")
    assert facts.seconds == receipt(read(GOLDENS / "solved.jsonl")).seconds


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_prefix_of_a_golden_log_leads_to_a_state(path):
    entries = read(path)
    for cut in range(1, len(entries) + 1):
        state = replay(e.event for e in entries[:cut])
        assert state.opened is not None
        last = entries[cut - 1].event
        ends = isinstance(last, Closed) or (isinstance(last, Done) and last.act == "undo")
        assert (state.closed is not None) == ends


def test_the_goldens_hold_every_event_of_a_run():
    seen = {type(e.event) for path in FILES for e in read(path)}
    runs = set(Event.__args__) - set(Talk.__args__)
    assert {t.__name__ for t in runs if t not in seen} == set()


def test_the_reference_of_events_names_every_kind_with_its_fields():
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", EVENTS.read_text(), re.MULTILINE)
    told = {kind: re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", fields)) for kind, fields in rows}
    kinds = (*get_args(Worked), *get_args(Talk))
    assert len(kinds) == 25
    assert told == {k.__struct_config__.tag: [*k.__struct_fields__] for k in kinds}
