"""Working: `samovar run`, `run-once`, `up` and `serve`."""

import asyncio
import logging
import re
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from samovar.boot import quiet
from samovar.cli import health
from samovar.cli.awaited import opened
from samovar.cli.end import printable, say
from samovar.cli.home import find_home, find_home_or_project, is_home
from samovar.core.errors import SamovarError
from samovar.core.seams import Live
from samovar.core.text import count, one_line
from samovar.logs import configure
from samovar.memory.project import project_of
from samovar.office import open_team
from samovar.org.lock import alone
from samovar.org.team import Team
from samovar.org.ticked import Ticked, worst
from samovar.settings import load
from samovar.traces.tracing import tracing
from samovar.web.server import desk_of
from samovar.web.server import serve as serve_web
from samovar.web.team import office
from samovar.web.verbs import Office
from samovar.worker import end_within

_log = logging.getLogger(__name__)
_SAID = 300
"""Characters shown of what came of a turn."""
GRACE = 2.0
"""Seconds a turn may go on after the engine was told to stop; then it is taken again later."""
LONGEST_STOP = 4.5
"""Seconds from the word to stop until the process ends, come what may."""


@dataclass(frozen=True)
class Way:
    """How a team is run: what may be left out, and how a person or a program is told."""

    no_sandbox: bool = False
    as_json: bool = False

    def open(self, home: Path) -> AbstractAsyncContextManager[Team]:
        """Open the team of a home; a person is told what goes on in it."""
        live = quiet if self.as_json else steps()
        return open_team(home, live=live, no_sandbox=self.no_sandbox)

    def say(self, text: str, event: str, **facts: str) -> None:
        """Tell a person in words on standard error, or a program by a line on standard output."""
        if self.as_json:
            _print({"event": event, **facts})
        else:
            say(text)

    def tell(self, ticked: Ticked) -> None:
        """Tell a program, or a person, of a tick in which something happened."""
        if self.as_json and (ticked.turns or ticked.codes):
            _print({"event": "tick", **msgspec.structs.asdict(ticked)})
        elif not self.as_json and _busy(ticked):
            say("\n".join(_lines(ticked)))


async def run_once(folder: Path | None, way: Way) -> int:
    """Run one tick; the exit code says how its turns and tasks ended."""
    home = await _opened(folder)
    async with tracing(home), way.open(home) as team:
        ticked = await team.tick()
    if way.as_json:
        print(msgspec.json.encode(ticked).decode())
    else:
        print(printable("\n".join(_lines(ticked))))
    return worst(ticked.codes.values())


async def run(folder: Path | None, pace: float, ticks: int, way: Way) -> int:
    """Run ticks until told to stop, or so many; then the exit code says how tasks ended."""
    home = await _opened(folder)
    codes: dict[str, int] = {}

    def tell(ticked: Ticked) -> None:
        way.tell(ticked)
        if ticks:
            # A task that is done at its second attempt is done.
            codes.update(ticked.codes)

    async with tracing(home), AsyncExitStack() as stack:
        team = await _team(stack, home, way, patient=not ticks)
        way.say(f"samovar: the team in {home} works; Ctrl-C stops it", "working", home=str(home))
        await _until_told(team, pace, ticks, tell)
    return worst(codes.values())


async def up(folder: Path | None, host: str, port: int, pace: float, way: Way) -> int:
    """Run the engine and the dashboard."""
    home = await _opened(folder)
    async with tracing(home), AsyncExitStack() as stack:
        team = await _team(stack, home, way)
        # The lock first: a second engine is refused before a port is taken.
        with alone(home):
            engine = asyncio.create_task(team.engine.run(pace, tell=way.tell))
            serving = asyncio.create_task(_serve(home, office(team), host, port, way))
            await _together(engine, serving)
    return 0


async def serve(folder: Path | None, host: str, port: int, way: Way) -> int:
    """Serve the dashboard and the API without an engine: of a team, else of a repository's runs."""
    home = await find_home_or_project(folder)
    configure(load(home).log)
    async with tracing(home), AsyncExitStack() as stack:
        team = await _team(stack, home, way) if is_home(home) else None
        await _serve(home, office(team) if team else None, host, port, way)
    return 0


async def _team(stack: AsyncExitStack, home: Path, way: Way, *, patient: bool = True) -> Team:
    """Open a team until the stack closes; who is patient waits for its database."""
    if patient:
        return await opened(stack, lambda: way.open(home))
    return await stack.enter_async_context(way.open(home))


async def _opened(folder: Path | None) -> Path:
    """Return the home, with the log of this process set up as it says."""
    home = await find_home(folder)
    configure(load(home).log)
    return home


async def _serve(home: Path, staff: Office | None, host: str, port: int, way: Way) -> None:
    # The web server raises the signal that ended it once more; it must not end us before we let go.
    _hear(asyncio.Event())
    desk = desk_of(
        home,
        port,
        host=host,
        office=staff,
        doctor=lambda: health.findings(project_of(home), home),
    )
    configure(load(home).log, (desk.keys.token,))

    def ready(url: str) -> None:
        way.say(f"samovar: open {url}", "serving", url=url)

    await serve_web(desk, host=host, port=port, ready=ready)


def steps() -> Live:
    """Return a listener that says each step on standard error; a new number alone is no step."""
    last = ""

    def live(kind: str, text: str, /) -> None:
        nonlocal last
        words = re.sub(r"\d+", "", text)
        if kind != "token" and words != last:
            last = words
            say(f"... {text}")

    return live


def _print(row: dict[str, Any]) -> None:
    print(msgspec.json.encode(row).decode(), flush=True)


async def _until_told(team: Team, pace: float, ticks: int, tell: Callable[[Ticked], None]) -> None:
    stop = asyncio.Event()
    _hear(stop)
    working = asyncio.create_task(team.run(pace, ticks, tell))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            say("samovar: stopping")
            end_within(LONGEST_STOP)
            team.engine.stop()
            await asyncio.wait({working}, timeout=GRACE)
    finally:
        await _end(stopping)
        await _end(working)


def _hear(stop: asyncio.Event) -> None:
    """Set the event when the process is asked to end, instead of ending it."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def _together(engine: "asyncio.Task[None]", serving: "asyncio.Task[None]") -> None:
    """Wait until one of the two ends, and end the other; what failed is raised."""
    try:
        # Pages of a team whose engine has ended would tell a person that it works.
        await asyncio.wait({engine, serving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        end_within(LONGEST_STOP)
        try:
            await _end(serving)
        finally:
            await _end(engine)


async def _end(task: "asyncio.Task[Any]") -> None:
    """End a task; what it failed with, if it failed, is raised, as an error that is one line."""
    if not task.done():
        task.cancel()
    await asyncio.wait({task})
    error = None if task.cancelled() else task.exception()
    if isinstance(error, SamovarError | OSError):
        raise error
    if error is not None:
        _log.error("ended_by_mistake", exc_info=error)
        raise SamovarError(f"a mistake in samovar: {error!r}") from error


def _busy(ticked: Ticked) -> bool:
    return bool(ticked.turns or ticked.said or ticked.failed)


def _lines(ticked: Ticked) -> list[str]:
    turns = f"{count(len(ticked.turns), 'turn')} in {ticked.seconds:.1f} s"
    rows = [f"tick {ticked.tick}: {turns if _busy(ticked) else 'nothing to do'}"]
    for name in sorted({*ticked.turns, *ticked.said}):
        # Who has no turn has ended a task that went on beside the ticks.
        action, said = ticked.turns.get(name, "work"), one_line(ticked.said.get(name, ""), _SAID)
        rows.append(f"  {name:<18} {action:<8} {said}".rstrip())
    return rows + [f"  {name:<18} failed: {why}" for name, why in sorted(ticked.failed.items())]
