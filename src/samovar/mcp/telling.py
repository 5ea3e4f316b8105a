"""A run as the data a client gets: short, complete in what matters, cut visibly. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from samovar.core.event import (
    Answered,
    Asked,
    Chose,
    Closed,
    Documented,
    Done,
    Entry,
    Event,
    Judged,
    Opened,
    Overridden,
    Passed,
    Planned,
    Surveyed,
    Wrote,
)
from samovar.core.state import replay
from samovar.core.talk import Talk
from samovar.core.text import letters, one_line
from samovar.mcp import talks

LONGEST = 20_000
"""Characters of a difference, or of one event in full."""
_LINE = 300


class Told(Struct, frozen=True, kw_only=True):
    """One event."""

    seq: int
    at: datetime
    kind: str
    text: str
    event: Any = None
    """All of it, where it was asked for."""


class Question(Struct, frozen=True):
    """What a run waits for."""

    act: str
    digest: str
    """Names exactly what would be done: only this very digest allows it."""
    text: str
    """The difference, or what would be pushed."""


def told(entry: Entry, full: bool = False) -> Told:
    """Return an event in one line, or with all that is in it."""
    whole: Any = None
    if full:
        text = msgspec.json.encode(entry.event).decode()
        whole = msgspec.json.decode(text) if len(text) <= LONGEST else cut(text)
    kind = type(entry.event).__name__.lower()
    short = one_line(letters(_said(entry.event)), _LINE)
    return Told(seq=entry.seq, at=entry.at, kind=kind, text=short, event=whole)


def question(entries: Sequence[Entry], diff: str) -> Question | None:
    """Return what a waiting run asks; None for a run that waits for nobody."""
    asked = open_question(entries)
    if asked is None:
        return None
    text = cut(diff) if asked.act == "commit" else f"push the commit {asked.digest}"
    return Question(asked.act, asked.digest, text)


def open_question(entries: Sequence[Entry]) -> Asked | None:
    """Return what a person is to answer before a run goes on; None where it does not wait."""
    state = replay(e.event for e in entries)
    return state.question if state.closed and state.closed.waits else None


def cut(text: str) -> str:
    """Return a text without what people cannot see, cut visibly."""
    plain = letters(text)
    left = len(plain) - LONGEST
    return plain if left <= 0 else f"{plain[:LONGEST]}\n[... {left} characters left out]"


def _said(event: Event) -> str:
    """Return the gist of an event."""
    match event:
        case Opened(task=task, model=model, sandbox=sandbox):
            return f"{task.text} (with {model}, sandbox {sandbox})"
        case Surveyed(verdict=verdict, command=command):
            return f"{command}: {verdict.why}" if command else "no tests were found"
        case Planned(plan=plan):
            return "; ".join(s.title for s in plan.steps)
        case Wrote(candidate=candidate):
            return f"candidate {candidate.id + 1} {candidate.complaint or 'is written'}"
        case Judged(candidate=number, verdict=verdict):
            word = "green" if verdict.passed else "red"
            return f"candidate {number + 1} is {word}: {verdict.why}"
        case Chose(candidate=number, why=why):
            return f"{'nothing' if number is None else f'candidate {number + 1}'}: {why}"
        case Documented(message=message):
            return message
        case _:
            return _decided(event)


def _decided(event: Event) -> str:
    match event:
        case Passed(phase=phase, verdict=verdict):
            return f"{phase}: {verdict.why}"
        case Overridden(phase=phase, why=why):
            return f"{phase} passes on a person's word: {why}"
        case Asked(act=act, digest=digest):
            return f"may it {act}? digest {digest}"
        case Answered(act=act, digest=digest, yes=yes, note=note):
            said = f": {note}" if note else ""
            return f"{'yes' if yes else 'no'} to {act}, digest {digest}{said}"
        case Done(act=act, result=result):
            return f"{act} {result}"
        case Closed(outcome=outcome):
            return outcome
        case _ if isinstance(event, Talk):
            return talks.line(event)
        case _:
            return ""
