"""A home to a Team: the only place that names the organisation's concrete backends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from samovar.boot import Choice, choose_model, quiet, remember, shown
from samovar.coder import Coder, repository
from samovar.core.errors import ModelError, SamovarError, SetupError
from samovar.core.log import now
from samovar.core.seams import Live, Model
from samovar.memory.recall import Memory
from samovar.models.catalogue import CATALOGUE
from samovar.models.choices import structured
from samovar.org.crew import Crew
from samovar.org.engine import Engine
from samovar.org.journal import engine_log
from samovar.org.kit import Kit
from samovar.org.roster import Folder
from samovar.org.seams import Job
from samovar.org.sound import prices
from samovar.org.standing import present
from samovar.org.team import Team
from samovar.org.turn import Turns
from samovar.org.validate import Known
from samovar.repo import command
from samovar.settings import Settings, load
from samovar.store.bells import open_bell
from samovar.store.store import open_store
from samovar.worker import name_worker

RECALLED = 400
"""Tokens of notes in a prompt."""
SHOWN = 6_000
"""Characters of a run's difference in a prompt."""

T = TypeVar("T")


class _Stack(AsyncExitStack):
    """A stack that knows whether something was started on it."""

    used = False

    async def enter_async_context(self, cm: AbstractAsyncContextManager[T]) -> T:
        """Start something."""
        self.used = True
        return await super().enter_async_context(cm)


@dataclass
class Pool:
    """The models agents ask; of those that run on this machine, one at a time is loaded."""

    home: Path
    settings: Settings
    live: Live = quiet
    progress: Callable[[int, int], None] = lambda _have, _all: None
    loaded: str = ""
    swaps: int = 0
    """How often another model was loaded."""
    _known: dict[str, Choice] = field(default_factory=dict)
    _own: _Stack = field(default_factory=_Stack)
    _own_name: str | None = None

    async def find(self, names: Sequence[str], /) -> tuple[str, Model]:
        """Return the first of these models that answers. Raises what the last one raised."""
        said: SamovarError = ModelError("no model is named")
        for name in names:
            try:
                choice = await self.choice(name)
            except (ModelError, SetupError) as error:
                said = error
                continue
            return shown(choice.endpoint.model), choice.model
        raise said

    async def choice(self, name: str) -> Choice:
        """Return a model with what was measured of it."""
        if name not in self._known:
            await self._load(name)
        self.loaded = name
        return self._known[name]

    async def close(self) -> None:
        """Stop the model that runs here."""
        await self._own.aclose()

    async def _load(self, name: str) -> None:
        stack = _Stack()
        try:
            if self._own_name is not None and name in embeddable():
                await self._unload()
            choice = await choose_model(
                self.settings, self.home, stack, name, self.live, self.progress
            )
        except BaseException:
            await stack.aclose()
            raise
        self._known[name] = choice
        if stack.used:
            if self._own_name is not None:
                await self._unload()
            self._own, self._own_name = stack, name
            self.swaps += 1

    async def _unload(self) -> None:
        """Stop the model that runs here; its memory is needed."""
        own, name = self._own, self._own_name
        self._own, self._own_name = _Stack(), None
        if name is not None:
            self._known.pop(name, None)
        await own.aclose()


def embeddable() -> set[str]:
    """Return the names of models that samovar can run itself."""
    return {w.name for w in CATALOGUE} | {"embedded"}


@dataclass
class Minds:
    """The memories of the agents of a home."""

    home: Path
    _held: dict[str, Memory] = field(default_factory=dict)

    async def recall(self, agent: str, question: str, /) -> str:
        """Return what may help, in a few lines."""
        return await self._of(agent).recall(question, RECALLED)

    async def note(self, agent: str, text: str, /) -> None:
        """Keep something for later."""
        await self._of(agent).store(text[:10_000], "agent")

    def close(self) -> None:
        """Close what is open."""
        for memory in self._held.values():
            memory.close()

    def _of(self, agent: str) -> Memory:
        if agent not in self._held:
            self._held[agent] = remember(self.home, agent)
        return self._held[agent]


@asynccontextmanager
async def open_team(
    home: Path,
    *,
    live: Live = quiet,
    progress: Callable[[int, int], None] = lambda _have, _all: None,
    known: Known | None = None,
    no_sandbox: bool = False,
) -> AsyncIterator[Team]:
    """Open the team of a home; models and databases that are started for it end with the block.

    Raises SetupError where there is no home.
    """
    settings = load(home)
    pool, minds = Pool(home, settings, live, progress), Minds(home)
    async with open_store(home, settings.database_url) as store:
        bell = open_bell(settings.bell_url, sorted(Folder(home, known).read().resumes))
        try:
            coder = Coder(
                home, settings, pool.choice, store.approvals, store.queue, live, no_sandbox
            )
            kit = Kit(
                models=pool,
                choose=structured,
                queue=store.queue,
                claims=store.claims,
                ledger=store.ledger,
                approvals=store.approvals,
                memory=minds,
                code=coder.work,
                bell=bell,
                prices=lambda: prices(home)[0],
                owner=name_worker(),
            )
            yield assemble(home, kit, Folder(home, known))
        finally:
            await pool.close()
            minds.close()
            await bell.close()


def assemble(home: Path, kit: Kit, folder: Folder) -> Team:
    """Return a team over a home that works with a kit."""

    async def material(job: Job) -> str:
        return await of_run(home, job)

    crew = Crew(home, kit, folder.read, lambda: present(home) + 1, material)
    history = History(home).keep if (home / ".git").exists() else None
    return Team(
        home,
        Engine(home, Turns(home, kit, crew), folder, engine_log(home, now), after=history),
    )


async def of_run(home: Path, job: Job) -> str:
    """Return the difference a task's run made, for those who judge it or write about it."""
    if not job.run or not job.repo:
        return ""
    try:
        place = await repository(home, job.repo)
        text = (place.place.home / "runs" / job.run / "change.diff").read_text(errors="replace")
    except (SamovarError, OSError):
        return ""
    cut = "" if len(text) <= SHOWN else f"\n[... {len(text) - SHOWN} more characters]"
    return f"What run {job.run} changed:\n```diff\n{text[:SHOWN]}{cut}\n```"


@dataclass(frozen=True)
class History:
    """The outboxes, resumes and notes of a home in its own git repository, a commit a tick."""

    home: Path

    async def keep(self, tick: int) -> None:
        """Commit what changed; git that fails stops nothing."""
        here = (
            "-C",
            str(self.home),
            "-c",
            "user.name=samovar",
            "-c",
            "user.email=samovar@localhost",
        )
        try:
            await command.run(*here, "add", "--all", "--", "agents", cwd=self.home)
            await command.run(
                *here, "commit", "--quiet", "--no-gpg-sign", "-m", f"tick {tick}", cwd=self.home
            )
        except SetupError as error:
            await asyncio.to_thread(engine_log(self.home).add, "history", text=str(error))
