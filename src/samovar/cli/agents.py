"""Looking at agents: `samovar inspect` and `samovar logs`."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import asdict

from samovar.cli.end import printable
from samovar.cli.home import find_home
from samovar.core.errors import SetupError
from samovar.core.text import one_line
from samovar.office import open_team
from samovar.org.credits import shown
from samovar.org.journal import Place, agent_log, read_on
from samovar.org.member import Member
from samovar.org.resume import Resume
from samovar.org.roster import Folder
from samovar.org.seams import NO_LIMIT
from samovar.org.sound import prices
from samovar.org.team import Letter

PAUSE = 0.5
"""Seconds between two looks at a log that is followed."""


async def inspect(name: str, folder: Path | None, as_json: bool) -> int:
    """Show everything about one agent."""
    home = await find_home(folder)
    async with open_team(home) as team:
        member = await team.agent(name)
        letters = [] if member.resume is None else await team.messages(name, 5)
    most = prices(home)[0].budget(name).per_day
    per_day = None if most == NO_LIMIT else most
    if as_json:
        whole = {"agent": member, "per_day": per_day, "messages": letters}
        print(msgspec.json.encode(whole).decode())
    else:
        print(printable("\n".join(_lines(member, per_day, letters))))
    return 0


async def logs(name: str, lines: int, follow: bool, folder: Path | None, as_json: bool) -> int:
    """Show the end of an agent's log, and what is added to it."""
    home = await find_home(folder)
    roster = Folder(home).read()
    known = sorted(roster.resumes.keys() | roster.broken)
    if name not in known:
        raise SetupError(f"there is no agent {name!r} here; there are: {', '.join(known)}")
    path = agent_log(home, name).path
    rows, place = read_on(path, Place())
    _show(rows[-lines:], as_json)
    if not rows and not follow and not as_json:
        print(f"{name} has done nothing yet")
    while follow:
        await asyncio.sleep(PAUSE)
        rows, place = read_on(path, place)
        _show(rows, as_json)
    return 0


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    for row in rows:
        if as_json:
            print(msgspec.json.encode(row).decode(), flush=True)
            continue
        text = " ".join(str(row.get("text", "")).split())
        what = row.get("action") or row.get("event")
        line = f"{str(row.get('at'))[:19]}  tick {row.get('tick', '-')!s:<6} {what!s:<9} {text}"
        print(printable(line), flush=True)


def _lines(member: Member, per_day: int | None, letters: list[Letter]) -> list[str]:
    resume = member.resume or member.barred
    at_most = "" if per_day is None else f", {shown(per_day)} a day at most"
    rows = {
        "name": member.name,
        **(_contract(resume) if resume is not None else {}),
        "reads": ", ".join(member.reads) or "people only",
        "heard by": ", ".join(member.readers) or "people only",
        "state": member.mood + (f", task #{member.job}: {member.task}" if member.job else ""),
        "queue": f"{member.queued} ready",
        "credits": shown(member.credits) + at_most,
        "last": member.last or "nothing yet",
    }
    found = [_row(title, text) for title, text in rows.items() if text]
    found += [_row(p.weight, p.line) for p in member.problems]
    for letter in letters:
        entry = letter.entry
        to, text = ", ".join(entry.to) or "all", one_line(entry.text, 100)
        found.append(_row("said", f"tick {entry.tick} {entry.kind} to {to}: {text}"))
    return found


def _contract(resume: Resume) -> dict[str, str]:
    """Return what its resume says of an agent, empty where it says nothing."""
    soul, may, schedule = resume.soul, resume.permissions, resume.schedule
    every = schedule.run_every_n_ticks
    return {
        "title": resume.title,
        "for": resume.short_description,
        "told": resume.instructions,
        "workflow": resume.workflow_description,
        "character": soul.personality,
        "skills": ", ".join(soul.skills),
        "expertise": ", ".join(soul.expertise),
        "model": ", else ".join(name or "the usual one" for name in resume.models),
        "craft": resume.craft,
        "runs": f"every {every} ticks, offset {schedule.phase_offset % every}",
        "tools": ", ".join(may.tools) or "none",
        "unasked": ", ".join(may.ungated),
        "works in": ", ".join(may.repositories) or "no repository",
        "limits": ", ".join(f"{name} {most}" for name, most in asdict(resume.limits).items()),
    }


def _row(title: str, text: str) -> str:
    """Return a title and what it is about, whose further lines stand below its first."""
    return f"{title:<10} " + text.strip().replace("\n", "\n" + " " * 11)
