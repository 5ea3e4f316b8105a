"""Looking at agents: `samovar inspect` and `samovar logs`."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from samovar.cli.end import printable
from samovar.cli.home import find_home
from samovar.core.errors import SetupError
from samovar.office import open_team
from samovar.org.credits import shown
from samovar.org.journal import Place, agent_log, read_on
from samovar.org.member import Member
from samovar.org.roster import Folder
from samovar.org.team import Letter

PAUSE = 0.5
"""Seconds between two looks at a log that is followed."""


async def inspect(name: str, folder: Path | None, as_json: bool) -> int:
    """Show everything about one agent."""
    home = await find_home(folder)
    async with open_team(home) as team:
        member = await team.agent(name)
        letters = [] if member.resume is None else await team.messages(name, 5)
    if as_json:
        print(msgspec.json.encode({"agent": member, "messages": letters}).decode())
    else:
        print(printable("\n".join(_lines(member, letters))))
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


def _lines(member: Member, letters: list[Letter]) -> list[str]:
    resume = member.resume
    rows = [f"name       {member.name}"]
    if resume is not None:
        schedule = resume.schedule
        every = schedule.run_every_n_ticks
        rows += [
            f"title      {resume.title}",
            f"for        {resume.short_description}",
            f"model      {resume.model or 'the usual one'}",
            f"craft      {resume.craft}",
            f"runs       every {every} ticks, offset {schedule.phase_offset % every}",
            f"tools      {', '.join(resume.permissions.tools) or 'none'}",
            f"works in   {', '.join(resume.permissions.repositories) or 'no repository'}",
        ]
    rows += [
        f"reads      {', '.join(member.reads) or 'people only'}",
        f"heard by   {', '.join(member.readers) or 'people only'}",
        f"state      {member.mood}"
        + (f", task #{member.job}: {member.task}" if member.job else ""),
        f"queue      {member.queued} ready",
        f"credits    {shown(member.credits)}",
        f"last       {member.last or 'nothing yet'}",
    ]
    rows += [f"{p.weight:<10} {p.line}" for p in member.problems]
    for letter in letters:
        entry = letter.entry
        to = ", ".join(entry.to) or "all"
        rows.append(f"said       tick {entry.tick} {entry.kind} to {to}: {_line(entry.text)}")
    return rows


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:97]}..."
