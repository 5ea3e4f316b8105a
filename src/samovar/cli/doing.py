"""The main job: `samovar do` and `samovar resume`."""

import asyncio
import os
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from msgspec import Struct

from samovar.app import App, Wish
from samovar.boot import at_work
from samovar.cli.asking import Person
from samovar.cli.end import say
from samovar.cli.lines import Line, receipt_lines, unseen_line
from samovar.cli.screen import Json, Screen
from samovar.cli.terminal import screen
from samovar.core.errors import SamovarError, SetupError
from samovar.core.event import Entry
from samovar.core.state import State
from samovar.core.task import Budget
from samovar.repo import git
from samovar.repo.home import home_of
from samovar.settings import load
from samovar.traces.tracing import tracing


class Look(Struct, frozen=True, kw_only=True):
    """How a person wants to be shown and asked."""

    repo: Path = Path()
    model: str = ""
    yes: bool = False
    push_yes: bool = False
    no_sandbox: bool = False
    json: bool = False
    plain: bool = False

    def command(self, words: str) -> str:
        """Return a command of git or samovar as it works where the person is."""
        if self.repo == Path():
            return words
        where = shlex.quote(str(self.repo))
        program, _, rest = words.partition(" ")
        return f"git -C {where} {rest}" if program == "git" else f"{words} --repo {where}"


class Order(Struct, frozen=True, kw_only=True):
    """What `samovar do` was told; 0 takes what the settings say."""

    text: str
    files: tuple[str, ...] = ()
    test: str = ""
    budget: int = 0
    calls: int = 0
    candidates: int = 0
    push: bool = False
    override: bool = False


async def do(order: Order, look: Look) -> int:
    """Work on a task; return the exit code."""
    repo = await git.open(look.repo)
    home = home_of(repo)
    settings = load(home)
    unseen = await _unseen(repo)
    if unseen:
        say(unseen_line(unseen, "the run does not see them and leaves them as they are"))
    work = repo.place.work
    files = tuple(_inside(f, look.repo, work) if work else f for f in order.files)
    for missing in (f for f in files if work and not (work / f).exists()):
        say(f"samovar: {missing} is not there yet: it may become a new file")
    wish = Wish(
        text=_task(order.text),
        files=files,
        test=order.test,
        budget=Budget(
            calls=order.calls or settings.calls, generated=order.budget or settings.tokens
        ),
        candidates=order.candidates or settings.candidates,
        push=order.push,
        override=order.override,
    )
    view: Screen = Json() if look.json else screen(look.plain)
    person = Person(view, look.yes, look.push_yes, silent=look.json)
    async with (
        tracing(home),
        at_work(look.repo, person, view.live, look.model, look.no_sandbox, view.progress) as app,
    ):
        return await _follow(app, app.start(wish), person, look, there=work is not None)


async def resume(name: str, look: Look, *, override: bool = False) -> int:
    """Go on with a run; return the exit code."""
    repo = await git.open(look.repo)
    app = App(home_of(repo))
    run = app.find(name)
    before, there = app.read(run), repo.place.work is not None
    view: Screen = Json() if look.json else screen(look.plain, before)
    person = Person(view, look.yes, look.push_yes, look.json, list(before))
    async with (
        tracing(app.home),
        at_work(
            look.repo, person, view.live, look.model, look.no_sandbox, view.progress
        ) as working,
    ):
        return await _follow(
            working, working.resume(run, override=override), person, look, there=there
        )


async def _follow(
    app: App, entries: AsyncIterator[Entry], person: Person, look: Look, *, there: bool
) -> int:
    """Show a run to its end, whatever ends it; `there` is whether a work tree can take it."""
    try:
        async for entry in entries:
            person.entries.append(entry)
            person.screen.entry(entry)
    except asyncio.CancelledError:
        person.screen.close()
        say(_hint("stopped", person, look))
        raise
    except SamovarError as error:
        person.screen.close()
        if not person.entries or _finished(person):
            raise
        say(f"samovar: {error}")
        say(_hint("the run is kept", person, look))
        return error.exit_code
    finally:
        person.screen.close()
    return _end(app, person, look, there=there)


def _end(app: App, person: Person, look: Look, *, there: bool) -> int:
    state = person.state
    last, run = state.closed, state.run
    assert last is not None, "a run that nothing stopped is closed"
    if last.waits:
        word = "--push-yes" if state.question and state.question.act == "push" else "--yes"
        onward = look.command(f"samovar resume {run} {word}")
        say(f"samovar: nobody could be asked; go on with: {onward}")
        return last.exit_code
    if last.ok:
        take = [("take it", f"git merge {state.branch}")] if there else []
        ways = [("see it", f"git {_shown(state)}"), *take, ("undo it", f"samovar undo {run}")]
        person.screen.show([Line(f"{word:<11}{look.command(way)}", "dim") for word, way in ways])
    else:
        more = Line(f"more: {look.command(f'samovar show {run}')}")
        person.screen.show([*receipt_lines(app.receipt(run)), more])
    return last.exit_code


def _finished(person: Person) -> bool:
    """Return whether a run ended for good: one that waits for a person goes on."""
    end = person.state.closed
    return end is not None and not end.waits


def _shown(state: State) -> str:
    """Return what git shows a run's change by; a first commit has nothing to be compared with."""
    return f"diff {state.base[:12]}..{state.branch}" if state.base else f"show {state.branch}"


def _hint(what: str, person: Person, look: Look) -> str:
    run = person.state.run
    onward = look.command(f"samovar resume {run}")
    return f"samovar: {what}; go on with: {onward}" if run else f"samovar: {what}"


async def _unseen(repo: git.Git) -> tuple[str, ...]:
    """Return what is not committed; a tree too large to be looked through ends no run."""
    try:
        return await repo.dirty()
    except SetupError as error:
        say(f"samovar: what is not committed cannot be told: {error}")
        return ()


def _task(text: str) -> str:
    """Return the task; `-` reads it from standard input, where it may be longer than a word."""
    if text == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    return os.fsencode(text).decode("utf-8", "replace")


def _inside(name: str, folder: Path, work: Path) -> str:
    """Return a path as the repository calls it; a new file is meant to lie where the caller is.

    Raises SetupError for a folder, and for what lies outside, such as behind a link or in a
    submodule.
    """
    top = work.resolve()
    near = [place for place in (Path.cwd(), folder.resolve()) if place.is_relative_to(top)]
    places = [Path(os.path.realpath(place / name)) for place in (*near, top)]
    found = next((place for place in places if os.path.exists(place)), places[0])
    if not found.is_relative_to(top):
        raise SetupError(f"--file {name}: it lies outside the repository {top}; name a file in it")
    if os.path.isdir(found):
        raise SetupError(f"--file {name}: it is a folder; name a file in it")
    own = next((p for p in found.parents if p == top or os.path.lexists(p / ".git")), top)
    if own != top:
        raise SetupError(f"--file {name}: it belongs to the repository {own}; use --repo {own}")
    return found.relative_to(top).as_posix()
