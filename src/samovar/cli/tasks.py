"""The tasks of a team from the outside: list, show, file, change."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import get_args

import msgspec

from samovar.cli.end import printable, say
from samovar.cli.home import find_home, hint
from samovar.cli.lines import Line, rows
from samovar.core.errors import SetupError
from samovar.core.text import one_line
from samovar.office import open_team
from samovar.org.kept import run_of
from samovar.org.seams import OPEN, Filter, Job, JobState
from samovar.org.team import Team


async def queue_list(
    agent: str, named: Sequence[str], most: int, folder: Path | None, as_json: bool
) -> int:
    """List tasks in these states, or in any where none is named; at most so many, 0 for all.

    Those that are not over come in the order in which they would be worked on, others the latest
    first. How many were left out is said.
    """
    states = _states(named)
    async with open_team(await find_home(folder)) as team:
        live = bool(states) and set(states) <= set(OPEN)
        listed = team.tasks if live else team.latest_tasks
        jobs = await listed(agent, states, most)
        more = await _number(team, agent, states) - len(jobs) if most else 0
    _show(jobs, as_json, states)
    if more > 0:
        left = f"{more} more {'task' if more == 1 else 'tasks'}: --limit 0 lists all"
        (say if as_json else print)(left)
    return 0


async def queue_add(
    text: str, agent: str, repo: Path | None, push: bool, folder: Path | None, as_json: bool
) -> int:
    """File a task."""
    where = str(repo.absolute()) if repo else ""
    home = await find_home(folder)
    async with open_team(home) as team:
        job = await team.submit(text, agent, repo=where, push=push)
    _show([job], as_json)
    if not as_json:
        hint(home)
    return 0


async def queue_show(id: int, folder: Path | None, as_json: bool) -> int:
    """Show one task whole."""
    home = await find_home(folder)
    async with open_team(home) as team:
        queue = team.engine.turns.kit.queue
        job = await queue.get(id)
        parts = await queue.list(Filter(parent=id, limit=0))
    run = run_of(home, job)
    if as_json:
        whole = {"task": job, "worked": run, "parts": parts}
        print(msgspec.json.encode(whole).decode())
    else:
        print(printable("\n".join(line.text for line in _whole(job, run, parts))))
    return 0


def _whole(job: Job, run: str, parts: Sequence[Job]) -> list[Line]:
    state = f"{job.state}, attempt {job.attempts} of {job.tries}" if job.attempts else job.state
    found = rows("task", job.text)
    found += rows("state", f"{state}{_from(job)}") + rows("agent", job.agent)
    for name, value in (
        ("repository", job.repo),
        ("filed", _moment(job.created)),
        ("began", _moment(job.started)),
        ("ended", _moment(job.ended)),
        ("about run", job.run),
        ("run", f"{run}; read it with: samovar show {run}" if run else ""),
        ("parts", "\n".join(_listed(part) for part in parts)),
        ("earlier" if job.state == "done" else "why", job.reason),
        ("result", job.result),
    ):
        found += rows(name, value) if value.strip() else []
    return found


def _moment(at: datetime | None) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


async def queue_change(verb: str, id: int, value: str, folder: Path | None, as_json: bool) -> int:
    """Move, reorder, edit, cancel or revive a task."""
    async with open_team(await find_home(folder)) as team:
        match verb:
            case "move":
                job = await team.move(id, value)
            case "reorder":
                job = await team.reorder(id, int(value or 0))
            case "edit":
                job = await team.edit(id, value)
            case "cancel":
                job = await team.cancel(id, value or "cancelled by a person")
            case "revive":
                job = await team.revive(id)
            case _:
                raise SetupError(f"there is no verb {verb!r}")
    _show([job], as_json)
    return 0


def _states(named: Sequence[str]) -> tuple[JobState, ...]:
    """Return the states a person named. Raises SetupError for what is none."""
    known: tuple[JobState, ...] = get_args(JobState)
    if strange := [name for name in named if name not in known]:
        raise SetupError(f"tasks are never {strange[0]!r}; they are: {', '.join(known)}")
    return tuple(state for state in known if state in named)


async def _number(team: Team, agent: str, states: Sequence[JobState]) -> int:
    """Return how many tasks there are in these states, in any where none is named."""
    counts = await team.engine.turns.kit.queue.counts()
    mine = [counts.get(agent, {})] if agent else counts.values()
    return sum(n for each in mine for state, n in each.items() if not states or state in states)


def _show(jobs: Sequence[Job], as_json: bool, states: Sequence[JobState] = ()) -> None:
    if as_json:
        print(msgspec.json.encode(jobs).decode())
        return
    if not jobs and set(states) <= set(OPEN):
        print('the queue is empty; file a task with: samovar queue add "TASK"')
    elif not jobs:
        print(f"no task is {' or '.join(states)}")
    for job in jobs:
        print(printable(_listed(job)))


def _listed(job: Job) -> str:
    said = job.result if job.state == "done" else job.reason
    why = f"  ({one_line(said, 60)})" if said.strip() else ""
    text = one_line(job.text, 70)
    return f"#{job.id:<5} {job.agent:<18} {job.state:<9} {text}{why}{_from(job)}"


def _from(job: Job) -> str:
    """Return who filed a task, and for which one."""
    whole = f" for #{job.parent}" if job.parent else ""
    return f"  [{job.created_by.removeprefix('person:')}{whole}]" if job.created_by else ""
