"""What is measured: ways to work on a task, all with the same model and the same counting."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial

import msgspec

from samovar.app import App, Wish
from samovar.bench.raw import raw, raw_best5, raw_retry8
from samovar.bench.sets import Mode, lay
from samovar.bench.work import Job, Made
from samovar.boot import Desk
from samovar.core.errors import SetupError
from samovar.core.event import Asked, Closed, Event
from samovar.core.state import State, replay
from samovar.flow.kit import Word
from samovar.flow.work import finished
from samovar.repo import git
from samovar.repo.home import home_of
from samovar.settings import load

Harness = Callable[[Job], Awaitable[Made]]


async def samovar(job: Job) -> Made:
    """Work on the task as `samovar do` would, with a person who says yes to the commit."""
    folder = job.folder / "repo"
    lay(job.task, job.mode, folder, job.over)
    repo = await git.open(folder)
    home = home_of(repo)
    settings = msgspec.structs.replace(load(home), test_seconds=job.task.facts.test_timeout_s)
    async with AsyncExitStack() as stack:
        desk = Desk(repo, settings, home, stack, _yes, choice=job.choice, sandbox=job.sandbox)
        events = [entry.event async for entry in App(home, desk).start(_wish(job))]
    return await _keep(job, repo, events)


HARNESSES: dict[str, Harness] = {
    "samovar": samovar,
    "raw": raw,
    "raw-best5": raw_best5,
    "raw-retry8": raw_retry8,
}
NEED_TESTS = ("raw-best5", "raw-retry8")
"""They choose by running the tests, so they cannot work where these are hidden."""


def find(name: str, mode: Mode, peers: Mapping[str, str]) -> Harness:
    """Return a harness, one of ours or a program of others by the name it was given.

    Raises SetupError for one that is unknown or cannot work in the mode.
    """
    if name in peers:
        from samovar.bench.peer import peer  # a web server, which costs a second

        return partial(peer, peers[name])
    if name not in HARNESSES:
        raise SetupError(f"there is no harness {name!r}; there are: {', '.join(HARNESSES)}")
    if mode == "hid" and name in NEED_TESTS:
        raise SetupError(f"{name} needs the tests to choose: measure it with --mode vis")
    return HARNESSES[name]


async def _yes(_asked: Asked, _text: str, /) -> Word:
    return Word(yes=True)


def _wish(job: Job) -> Wish:
    return Wish(
        text=job.text,
        files=job.task.facts.solution_files or (),
        budget=job.budget,
        candidates=job.budget.calls,
        off=job.off,
    )


async def _keep(job: Job, repo: git.Git, events: list[Event]) -> Made:
    """Write out what was committed; where nothing was, what the run would have proposed."""
    state = replay(events)
    work = job.folder / "work"
    work.mkdir()
    commit = next((d.result for d in state.done if d.act == "commit"), "")
    tree = await repo.tree(commit or state.base)
    changed = {} if commit else finished(state, tree)
    await asyncio.to_thread(tree.write_to, work, changed)
    closed = state.closed or Closed(outcome="did not end", ok=False)
    return Made(work=work, claimed=closed.ok, why=_why(closed, state))


def _why(closed: Closed, state: State) -> str:
    picked = [c for c in state.chosen if c.candidate is not None]
    if not picked:
        return closed.outcome
    origins = {a.candidate.id: a.candidate.origin for a in state.attempts}
    last = picked[-1]
    number = last.candidate if last.candidate is not None else 0
    return f"{closed.outcome}; by {origins.get(number, '?')}, candidate {number}, {last.why}"
