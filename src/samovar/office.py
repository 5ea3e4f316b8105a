"""A home to a Team: the only place that names the organisation's concrete backends."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from samovar.app import App
from samovar.boot import quiet, remember
from samovar.carriage.away import Away, Place
from samovar.carriage.dispatch import Dispatch
from samovar.coder import Coder, repository
from samovar.core.errors import SamovarError, SetupError
from samovar.core.log import now
from samovar.core.seams import Live
from samovar.hands.hands import Hands
from samovar.hands.known import known as known_here
from samovar.memory.recall import Memory
from samovar.models.choices import structured
from samovar.org.crew import Crew
from samovar.org.engine import Engine
from samovar.org.found import HISTORY, IGNORED
from samovar.org.journal import engine_log
from samovar.org.kit import Kit
from samovar.org.purse import Purse
from samovar.org.roster import Folder, Roster
from samovar.org.seams import Bell, Claims, Job, Work
from samovar.org.sound import Pricing
from samovar.org.standing import present
from samovar.org.team import Team
from samovar.org.turn import Turns
from samovar.org.validate import Known
from samovar.pool import Pool
from samovar.repo import command
from samovar.settings import Settings, load
from samovar.store.bells import open_bell
from samovar.store.ringing import Ringing
from samovar.store.store import Store, open_store
from samovar.worker import name_worker

RECALLED = 400
"""Tokens of notes in a prompt."""
SHOWN = 6_000
"""Characters of a run's difference in a prompt."""


@dataclass
class Minds:
    """The memories of the agents of a home."""

    home: Path
    _held: dict[str, Memory] = field(default_factory=dict)

    async def recall(self, agent: str, question: str, /) -> str:
        """Return what may help, in a few lines."""
        return await self.of(agent).recall(question, RECALLED)

    async def note(self, agent: str, text: str, /) -> None:
        """Keep something for later."""
        await self.of(agent).store(text[:10_000], "agent")

    def close(self) -> None:
        """Close what is open."""
        for memory in self._held.values():
            memory.close()

    def of(self, agent: str) -> Memory:
        """Return the memory of an agent."""
        if agent not in self._held:
            self._held[agent] = remember(self.home, agent)
        return self._held[agent]


@dataclass(frozen=True)
class Given:
    """What a team is given, wherever its home lies."""

    settings: Settings
    store: Store
    pool: Pool
    bell: Bell
    live: Live
    no_sandbox: bool


@dataclass(frozen=True)
class Outpost:
    """What a worker needs that shares no folder with the home."""

    claims: Claims
    bell: Bell
    work: Work


@asynccontextmanager
async def open_team(
    home: Path,
    *,
    live: Live = quiet,
    known: Known | None = None,
    no_sandbox: bool = False,
) -> AsyncIterator[Team]:
    """Open the team of a home; models and databases that are started for it end with the block.

    Raises SetupError where there is no home, and for a database of another team.
    """
    settings = load(home)
    pool, minds = Pool(home, settings, live), Minds(home)
    folder = Folder(home, known or known_here(home, settings))
    carried = settings.carry_megabytes << 20
    async with open_store(home, settings.database_url, carried=carried, own=True) as store:
        bell = open_bell(settings.bell_url, folder.names)
        try:
            given = Given(settings, store, pool, bell, live, no_sandbox)
            team = assemble(home, equip(home, given, minds, folder.read), folder)
            if carried:
                log = engine_log(home)
                dispatch = Dispatch(home, store.parcels, store.queue, folder.read, log)
                team.engine.before = dispatch.exchange
            # Whoever looks, or works without an engine, finds the first credits granted.
            await team.engine.grant(folder.read())
            yield team
        finally:
            await pool.close()
            minds.close()
            await bell.close()


@asynccontextmanager
async def open_purse(home: Path) -> AsyncIterator[Purse]:
    """Open what the agents of a home pay from, for whoever talks to them outside their tasks."""
    async with open_team(home) as team:
        kit = team.engine.turns.kit
        yield Purse(kit.ledger, kit.prices)


@asynccontextmanager
async def open_outpost(
    folder: Path, *, live: Live = quiet, no_sandbox: bool = False
) -> AsyncIterator[Outpost]:
    """Open a place in which tasks of a home elsewhere are worked on; nothing of the home is here.

    Raises SetupError where no database is named.
    """
    settings = load(folder)
    if not settings.database_url:
        raise SetupError(
            "carry_megabytes is set, but no database that workers share: set SAMOVAR_DATABASE_URL"
        )
    pool = Pool(folder, settings, live)
    carried = settings.carry_megabytes << 20
    async with open_store(folder, settings.database_url, carried=carried) as store:

        async def owners() -> Sequence[str]:
            """Return whose tasks there are: nothing of the home is here to tell who is in it."""
            return sorted(await store.queue.counts())

        bell = open_bell(settings.bell_url, owners)
        given = Given(settings, store, pool, bell, live, no_sandbox)
        queue = Ringing(store.queue, bell)
        away = Away(folder / "away", store.parcels, queue, lambda place: staff(given, place))
        try:
            yield Outpost(store.claims, bell, away.work)
        finally:
            await pool.close()
            await bell.close()


@contextmanager
def staff(given: Given, place: Place) -> Iterator[Work]:
    """Give the way in which the team works on tasks, in a place of its own."""
    minds, known = Minds(place.home), known_here(place.home, given.settings)
    folder = Folder(place.home, known)

    def roster() -> Roster:
        return place.roster(folder.read())

    kit = replace(equip(place.home, given, minds, roster), queue=place.queue)
    try:
        yield crew(place.home, kit, roster).work
    finally:
        minds.close()


def equip(home: Path, given: Given, minds: Minds, roster: Callable[[], Roster]) -> Kit:
    """Return what a team works with, in a home."""
    settings, store, pool = given.settings, given.store, given.pool
    prices = Pricing(home)
    coder = Coder(
        home, settings, pool.choice, store.approvals, store.queue, given.live, given.no_sandbox
    )
    hands = Hands(
        home=home,
        settings=settings,
        choice=pool.choice,
        memory=minds.of,
        approvals=store.approvals,
        roster=roster,
        prices=prices,
        live=given.live,
        no_sandbox=given.no_sandbox,
    )
    return kit_on(
        store,
        given.bell,
        models=pool,
        choose=structured,
        memory=minds,
        code=coder.work,
        act=hands.work,
        slot=pool.slot,
        real=pool.real,
        missed=pool.missed,
        prices=prices,
        owner=name_worker(),
    )


def kit_on(store: Store, bell: Bell, **rest: Any) -> Kit:
    """Return a kit whose books are those of a store; the rest is given by name.

    Its bell rings for whatever becomes ready, whoever filed it.
    """
    return Kit(
        queue=Ringing(store.queue, bell),
        bell=bell,
        claims=store.claims,
        ledger=store.ledger,
        approvals=store.approvals,
        effects=store.effects,
        **rest,
    )


def assemble(home: Path, kit: Kit, folder: Folder) -> Team:
    """Return a team over a home that works with a kit."""
    turns = Turns(home, kit, crew(home, kit, folder.read))

    histories: list[History] | None = None

    async def after(tick: int) -> None:
        nonlocal histories
        if histories is None:
            # Looked for once: whose a .git is, only its first commits tell.
            git = await history_of(home)
            histories = [History(home, git)] if git is not None else []
        for history in histories:
            await history.keep(tick)

    return Team(home, Engine(home, turns, folder, engine_log(home, now), after=after))


def crew(home: Path, kit: Kit, roster: Callable[[], Roster]) -> Crew:
    """Return the agents of a home at work."""

    async def material(job: Job) -> str:
        return await of_run(home, job)

    return Crew(home, kit, roster, lambda: present(home) + 1, material)


async def of_run(home: Path, job: Job) -> str:
    """Return the difference a task's run made, for those who judge it or write about it."""
    if not job.run or not job.repo:
        return ""
    try:
        place = await repository(home, job.repo)
        text = App(place.place.home).diff(job.run)
    except (SamovarError, OSError):
        return ""
    if not text:
        return ""
    cut = "" if len(text) <= SHOWN else f"\n[... {len(text) - SHOWN} more characters]"
    return f"What run {job.run} changed:\n```diff\n{text[:SHOWN]}{cut}\n```"


STALE = 600.0
"""Seconds after which a lock of git is nobody's: no act on a home takes that long."""
KEPT = ("agents", "people/outbox", "credits.json")
"""What the history of a home holds."""
LEFT = tuple(f":(exclude,glob)**/{n}{'**' if n.endswith('/') else ''}" for n in IGNORED.split())
"""What does not belong into it, as git says so where .gitignore is not asked."""
ADDRESS = "samovar@localhost"
"""Who keeps the history of a home."""
_SETTINGS = (
    "user.name=samovar",
    f"user.email={ADDRESS}",
    "gc.auto=2000",
    "gc.autoDetach=false",
)


async def history_of(home: Path) -> Path | None:
    """Return the git directory with the history of a home; None where there is none.

    It is not called .git: a home is no repository to work in, and a repository that a home lies in
    does not see it. Homes of before have theirs in .git, which a tick began; any other is a
    person's own.
    """
    if (home / HISTORY).is_dir():
        return home / HISTORY
    old = home / ".git"
    return old if old.is_dir() and await _begun_by_tick(old) else None


async def _begun_by_tick(git: Path) -> bool:
    roots = ("log", "--max-parents=0", "--format=%ae %s", "HEAD")
    try:
        said = (await command.run("--git-dir", str(git), *roots)).text
    except SetupError:
        return False
    return all(line.startswith(f"{ADDRESS} tick ") for line in said.split("\n"))


@dataclass(frozen=True)
class History:
    """Outboxes, resumes, notes and budgets of a home in git, a commit a tick."""

    home: Path
    git: Path
    """Its git directory."""

    async def keep(self, tick: int) -> None:
        """Commit what changed; git that fails stops nothing."""
        await asyncio.to_thread(self._unlock)
        # Git refuses a path where there is nothing.
        there = [kept for kept in KEPT if (self.home / kept).exists()]
        try:
            # A home within a project hides all of itself from the project's git, and so from ours.
            hidden = not (await self._run("check-ignore", "--no-index", "--quiet", "agents")).status
            add = ("add", "--all", *(["--force"] if hidden else []), "--", *there, *LEFT)
            message = ("commit", "--quiet", "--no-gpg-sign", "-m", f"tick {tick}")
            for act in (add, message, ("gc", "--auto", "--quiet")):
                done = await self._run(*act)
                # A commit of nothing says so on standard output.
                if done.status and done.error.strip():
                    raise SetupError(f"git {act[0]}: {done.error.strip().splitlines()[0]}")
        except SetupError as error:
            await asyncio.to_thread(engine_log(self.home).add, "history", text=str(error))

    async def _run(self, *words: str) -> command.Result:
        settings = [part for each in _SETTINGS for part in ("-c", each)]
        place = ("--git-dir", str(self.git), "--work-tree", str(self.home))
        patterns = {"GIT_LITERAL_PATHSPECS": "0"}
        return await command.run(*place, *settings, *words, cwd=self.home, env=patterns)

    def _unlock(self) -> None:
        """Remove locks that a killed git left: each would end the history for good."""
        heads = self.git.glob("refs/heads/*.lock")
        for lock in (self.git / "index.lock", self.git / "HEAD.lock", *heads):
            with suppress(OSError):
                if time.time() - lock.stat().st_mtime > STALE:
                    lock.unlink()
                    engine_log(self.home).add("history", text=f"removed {lock}, left by a kill")
