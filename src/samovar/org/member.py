"""One agent as people see it: what it does now, what it did last, what it has."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from samovar.core.text import one_line
from samovar.org import bookmark, journal
from samovar.org.problem import Problem
from samovar.org.resume import Resume
from samovar.org.roster import Roster
from samovar.org.seams import Job

Mood = Literal["working", "ready", "waiting", "idle", "stopped", "broken"]
"""`waiting` for a person; `stopped`: no credits left; `broken`: its resume cannot be used."""


class Member(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One agent, as people see it."""

    name: str
    resume: Resume | None = None
    barred: Resume | None = None
    """What it would be, where it may not work because it breaks the rule of two."""
    mood: Mood = "idle"
    job: int = 0
    """The task it works on, or would work on next."""
    task: str = ""
    since: datetime | None = None
    """When it began to work on it."""
    last: str = ""
    """Its latest act, in one line."""
    credits: int = 0
    """Micro-credits left."""
    queued: int = 0
    tick: int = 0
    """Its latest turn."""
    reads: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    untrusted: str = ""
    """Where text of strangers reaches it from."""
    private: str = ""
    """Where private data reaches it from."""
    problems: tuple[Problem, ...] = ()


def member_of(
    home: Path, name: str, roster: Roster, jobs: Sequence[Job], credits: int | None
) -> Member:
    """Return an agent with its open jobs and its micro-credits; None where it never had any."""
    resume = roster.resumes.get(name)
    running = [j for j in jobs if j.state == "running"]
    ready = [j for j in jobs if j.state == "ready"]
    first = next(iter(running or ready), None)
    lines = journal.tail(journal.agent_log(home, name).path, 1)
    return Member(
        name=name,
        resume=resume,
        mood=_mood(resume, jobs, credits),
        job=first.id if first else 0,
        task=one_line(first.text, 120) if first else "",
        since=first.started if first and running else None,
        last=_act(lines[-1]) if lines else "",
        credits=credits or 0,
        queued=len(ready),
        tick=bookmark.load(home, name).tick,
        problems=tuple(p for p in roster.problems if p.agent == name),
    )


def _mood(resume: Resume | None, jobs: Sequence[Job], credits: int | None) -> Mood:
    states = {j.state for j in jobs}
    if resume is None:
        return "broken"
    if "running" in states:
        return "working"
    if credits is not None and credits <= 0:
        return "stopped"
    if "waiting" in states:
        return "waiting"
    return "ready" if "ready" in states else "idle"


def _act(row: Mapping[str, object]) -> str:
    what = row.get("action") or row.get("event") or ""
    return one_line(f"{what} {row.get('text', '')}", 120)
