"""A team at a glance: `samovar status`, within half a second for a thousand agents."""

from pathlib import Path

import msgspec

from samovar.cli.end import printable
from samovar.cli.home import find_home
from samovar.org import lock
from samovar.org.outbox import entries
from samovar.org.resume import PEOPLE
from samovar.org.roster import Folder
from samovar.org.sound import adrift, amiss
from samovar.org.standing import Status, present, totals
from samovar.settings import load
from samovar.store.glance import glance

SHOWN = 20
"""Problems shown; `samovar validate` shows them all."""


async def status(folder: Path | None, as_json: bool) -> int:
    """Show what a team does."""
    home = await find_home(folder)
    found = _status(home)
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        print(printable("\n".join(_lines(found))))
    return 0


def _status(home: Path) -> Status:
    roster = Folder(home).read()
    seen = glance(home, load(home).database_url)
    return Status(
        home=str(home),
        tick=present(home),
        engine=lock.holder(home),
        agents=len(roster.resumes),
        broken=len(roster.broken),
        entries=entries(home, [*roster.resumes, PEOPLE]),
        jobs=totals(seen.jobs),
        approvals=seen.approvals,
        stopped=seen.broke,
        problems=(*roster.problems, *amiss(home), *adrift(seen.jobs, roster)),
    )


def _lines(found: Status) -> list[str]:
    jobs = ", ".join(f"{count} {state}" for state, count in sorted(found.jobs.items()))
    engine = f"runs as process {found.engine}" if found.engine else "stopped; start: samovar up"
    rows = [
        f"home       {found.home}",
        f"engine     {engine}",
        f"tick       {found.tick}",
        f"agents     {found.agents}" + (f", {found.broken} broken" if found.broken else ""),
        f"messages   {found.entries}",
        f"tasks      {jobs or 'none'}",
    ]
    if dead := found.jobs.get("dead", 0):
        rows.append(f"dead       {dead} without attempts left: samovar queue list --state dead")
    if found.approvals:
        rows.append(f"waiting    {found.approvals} for your word: samovar approve")
    if found.stopped:
        names = ", ".join(found.stopped[:10])
        rows.append(f"no credit  {names}: samovar credits add AGENT CREDITS")
    rows += [f"{p.weight:<10} {p.line}" for p in found.problems[:SHOWN]]
    if len(found.problems) > SHOWN:
        rows.append(f"           {len(found.problems) - SHOWN} more: samovar validate")
    return rows
