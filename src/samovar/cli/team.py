"""A team from the outside: validate, send, credits, approve and refuse."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from samovar.boot import endpoints
from samovar.cli.end import printable
from samovar.cli.home import find_home, hint
from samovar.coder import repository
from samovar.core.errors import SetupError
from samovar.hands.known import known
from samovar.models.endpoint import Endpoint
from samovar.office import open_team
from samovar.org.choice import ALL
from samovar.org.credits import amount_of, shown
from samovar.org.metered import today
from samovar.org.peers import alike
from samovar.org.problem import Problem
from samovar.org.roster import Folder, Roster
from samovar.org.schema import published
from samovar.org.seams import NO_LIMIT, StoreAway
from samovar.org.sound import adrift, examine, prices
from samovar.org.team import Team
from samovar.org.validate import Known
from samovar.pool import answers, embeddable
from samovar.settings import Settings, load
from samovar.store.glance import glance


async def validate(folder: Path | None, schema: bool, as_json: bool) -> int:
    """Report everything that is wrong in a home; 2 when something is."""
    if schema:
        print(published().decode(), end="")
        return 0
    home = await find_home(folder)
    settings = load(home)
    here = await endpoints(settings, home)
    roster = Folder(home, _known(home, settings, here)).read()
    found = [
        *examine(home, roster),
        *alike(roster.resumes, partial(answers, settings, here)),
        *_tasks(home, roster),
        *await _repositories(home, roster),
    ]
    errors = sum(p.weight == "error" for p in found)
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        _report(found, errors)
    return 2 if errors else 0


def _tasks(home: Path, roster: Roster) -> list[Problem]:
    """Return a warning for the tasks of each agent that is not here, or why they are not known."""
    try:
        return adrift(glance(home, load(home).database_url).jobs, roster)
    except (SetupError, StoreAway) as error:
        return [Problem(file="tasks", wrong="cannot be looked at", fix=str(error))]


async def _repositories(home: Path, roster: Roster) -> list[Problem]:
    """Return a warning for each repository of a resume in which nobody can work."""
    named = {n: r.permissions.repositories for n, r in sorted(roster.resumes.items())}
    wrong = {
        path: await _wrong(home, path) for path in sorted({p for ps in named.values() for p in ps})
    }
    return [
        Problem(
            file=f"agents/{name}/resume.json",
            field="permissions.repositories",
            wrong=f'names "{path}", in which nobody can work',
            fix=wrong[path],
            weight="warning",
            agent=name,
        )
        for name, paths in named.items()
        for path in paths
        if wrong[path]
    ]


async def _wrong(home: Path, path: str) -> str:
    """Return why a repository cannot be opened; empty when it can."""
    try:
        await repository(home, path)
    except SetupError as error:
        return str(error)
    return ""


def _report(found: Sequence[Problem], errors: int) -> None:
    for problem in found:
        print(printable(f"{problem.weight:<8} {problem.line}"))
    if not found:
        print("all is well")
    elif not errors:
        print(f"{len(found)} warnings; every agent can work")
    else:
        print(f"{errors} errors, {len(found) - errors} warnings; the rest of the team can work")


def _known(home: Path, settings: Settings, here: Sequence[tuple[str, Endpoint]]) -> Known:
    """Return the models that are configured, answer, or come along."""
    names = {s.name for s in settings.models} | {s.model for s in settings.models} | embeddable()
    for name, endpoint in here:
        names |= {name, endpoint.model}
    return known(home, settings, frozenset(names - {""}))


async def send(agent: str, text: str, folder: Path | None, as_json: bool) -> int:
    """Write to an agent."""
    home = await find_home(folder)
    async with open_team(home) as team:
        letter = await team.send(agent, text)
    if as_json:
        print(msgspec.json.encode(letter).decode())
    else:
        reader = "every agent" if agent == ALL else agent
        print(printable(f"sent as {letter.id}; {reader} reads it in its next turn"))
        hint(home)
    return 0


async def credits(by: Literal["agent", "task", "model"], folder: Path | None, as_json: bool) -> int:
    """Show what every agent has and has spent, or what was spent on each task or model."""
    async with open_team(await find_home(folder)) as team:
        if by == "agent":
            rows = await _accounts(team)
        else:
            spent = await team.engine.turns.kit.ledger.sums(by)
            dearest = sorted(spent.items(), key=lambda each: (-each[1], each[0]))
            rows = [{by: int(n) if by == "task" else n, "spent": s} for n, s in dearest]
    if as_json:
        print(msgspec.json.encode(rows).decode())
    elif by == "agent" and not rows:
        print("nobody has credits yet: the first tick gives each agent its budget")
    elif not rows:
        print("nothing was spent yet")
    else:
        print(printable("\n".join(map(_account if by == "agent" else _sum, rows))))
    return 0


async def _accounts(team: Team) -> list[dict[str, Any]]:
    """Return what each agent has, spent, and may spend a day (UTC)."""
    ledger, day = team.engine.turns.kit.ledger, today()
    left = dict(await team.credits())
    spent = dict(await ledger.sums("agent"))
    lately = (await ledger.days(day)).get(day.isoformat(), {})
    budgets = prices(team.home)[0]
    return [
        {
            "agent": name,
            "left": left[name],
            "spent": spent.get(name, 0),
            "today": lately.get(name, 0),
            "per_day": None if (most := budgets.budget(name).per_day) == NO_LIMIT else most,
        }
        for name in sorted(left)
    ]


def _account(row: Mapping[str, Any]) -> str:
    amounts = f"{shown(row['left']):>16} left {shown(row['spent']):>16} spent"
    most = "" if row["per_day"] is None else f" of {shown(row['per_day'])}"
    return f"{row['agent']:<20}{amounts} {shown(row['today']):>12} today{most}"


def _sum(row: Mapping[str, Any]) -> str:
    """Return what a task or a model took; what belongs to none has no number or name."""
    name = f"#{row['task']}" if row.get("task") else row.get("model") or "none"
    return f"{name:<32}{shown(row['spent']):>16} spent"


async def credits_add(agent: str, amount: str, folder: Path | None, as_json: bool) -> int:
    """Give an agent credits."""
    return await _grant(agent, amount_of(amount), folder, as_json)


async def credits_take(agent: str, amount: str, folder: Path | None, as_json: bool) -> int:
    """Take credits back from an agent."""
    return await _grant(agent, -amount_of(amount), folder, as_json)


async def _grant(agent: str, amount: int, folder: Path | None, as_json: bool) -> int:
    async with open_team(await find_home(folder)) as team:
        left = await team.add_credits(agent, amount)
    if as_json:
        print(msgspec.json.encode({"agent": agent, "left": left}).decode())
    else:
        print(printable(f"{agent} has {shown(left)} credits"))
    return 0


async def credits_limit(agent: str, per_day: str, folder: Path | None, as_json: bool) -> int:
    """Change what an agent may spend a day."""
    most = NO_LIMIT if per_day == "none" else amount_of(per_day)
    async with open_team(await find_home(folder)) as team:
        await team.limit(agent, most)
    if as_json:
        limit = None if most == NO_LIMIT else most
        print(msgspec.json.encode({"agent": agent, "per_day": limit}).decode())
    else:
        said = (
            "has no daily limit" if most == NO_LIMIT else f"may spend {shown(most)} credits a day"
        )
        print(printable(f"{agent} {said}"))
    return 0


async def answer(id: int, yes: bool, note: str, folder: Path | None, as_json: bool) -> int:
    """Answer what waits for a person's word."""
    async with open_team(await find_home(folder)) as team:
        given = await (team.approve(id, note) if yes else team.refuse(id, note))
    if as_json:
        print(msgspec.json.encode(given).decode())
    else:
        print(printable(f"{given.state}: {given.act} of {given.agent}"))
    return 0


async def waiting(folder: Path | None, as_json: bool) -> int:
    """List what waits for a person's word."""
    async with open_team(await find_home(folder)) as team:
        found = await team.approvals()
    if as_json:
        print(msgspec.json.encode(found).decode())
    elif not found:
        print("nothing waits for you")
    else:
        for asked in found:
            text = " ".join(asked.text.split())
            if len(text) > 100:
                text = f"{text[:100]} ... (all of it: samovar approve --json)"
            print(printable(f"{asked.id:<5} {asked.act:<9} {asked.agent:<18} {text}"))
    return 0
