"""Settings to App: the only place that names concrete backends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from samovar import __version__
from samovar.app import App, Wish
from samovar.checks.environment import (
    Environment,
    dependencies,
    find_command,
    find_environment,
)
from samovar.checks.project import Project
from samovar.core.errors import ModelError, SamovarError, SetupError, Unreachable
from samovar.core.event import Opened, branch_of
from samovar.core.message import Sampling
from samovar.core.scratch import ENTERED, Scratch, sweep_once
from samovar.core.seams import Live, Model, Sandbox, text_of
from samovar.core.task import Task
from samovar.flow.kit import Ask, Kit
from samovar.memory.notes import Notes, folder_of
from samovar.memory.recall import Memory
from samovar.memory.skills.workshop import Workshop
from samovar.memory.vectors import Embedder
from samovar.models import minilm, weights
from samovar.models import profile as profiles
from samovar.models.catalogue import CATALOGUE
from samovar.models.discover import discover, embeds, named
from samovar.models.embed import Embeddings
from samovar.models.embedded import embedded, threads
from samovar.models.endpoint import Endpoint
from samovar.models.openai import OpenAI
from samovar.models.profile import Profile
from samovar.models.proxy import by
from samovar.models.sampling import family, sampling
from samovar.models.wrappers import Retrying
from samovar.repo import git
from samovar.repo.git import Git
from samovar.repo.home import home_of
from samovar.sandboxes.find import find_sandbox
from samovar.sandboxes.workspace import remove
from samovar.settings import Server, Settings, load, readable, variables

EMBEDDED = "qwen2.5-coder-1.5b"
"""The model that comes along when no server answers."""


def quiet(_kind: str, _text: str, /) -> None:
    """Listen to nothing."""


@dataclass(frozen=True)
class Choice:
    """A model, where it answers and what was measured of it."""

    model: Model
    endpoint: Endpoint
    profile: Profile


async def first(names: Sequence[str], choose: Callable[[str], Awaitable[Choice]]) -> Choice:
    """Return the first of these models that answers. Raises what is wrong with the last one."""
    said: SamovarError = SetupError("no model is named")
    for name in names:
        try:
            return await choose(name)
        except (ModelError, SetupError) as error:
            said = error
    raise said


@dataclass
class Desk:
    """The workplace of one repository: its git, a sandbox, a model that starts when needed."""

    repo: Git
    settings: Settings
    home: Path
    stack: AsyncExitStack
    ask: Ask
    live: Live = quiet
    wanted: str = ""
    """Name of the model; empty takes the settings' one, then the first that answers."""
    no_sandbox: bool = False
    progress: Callable[[int, int], None] = lambda _have, _all: None
    choice: Choice | None = None
    sandbox: Sandbox | None = None

    async def opened(self, run: str, task: Task, /) -> Opened:
        """Return the first event of a new run."""
        begun = Opened(
            run=run,
            task=task,
            repo=str(self.repo.place.root),
            base=await self.repo.head(),
            branch=branch_of(run),
            version=__version__,
        )
        return await self.taken_up(begun)

    async def taken_up(self, opened: Opened, /) -> Opened:
        """Return the opening of a run with the model and the sandbox that are at hand now."""
        sandbox = await self._held()
        choice = await self._model()
        return replace(
            opened,
            model=shown(choice.endpoint.model),
            digest=choice.profile.digest,
            sandbox=sandbox.tier,
        )

    async def kit(self, opened: Opened, wish: Wish, /) -> Kit:
        """Return the kit for a run."""
        choice = await self._model()
        tree = await self.repo.tree(opened.base)
        if lacking := await asyncio.to_thread(tree.lacking):
            self.live("note", lacking)
        around = surroundings(self.repo.place.trees, self.settings, self.home, tree.paths())
        self.live("note", f"tests run with {around.origin}")
        if more := [n for n, place in around.lent.items() if place not in around.readable]:
            self.live("note", f"tests may read {', '.join(more)} of your folder")
        checks = Project(
            tree=tree,
            sandbox=await self._held(),
            environment=around,
            folder=await self._scratch(),
            seconds=self.settings.check_seconds,
            test_seconds=self.settings.test_seconds,
        )
        read = partial(text_of, tree)
        test = opened.task.test or find_command(tree.paths(), read, around.python)
        return Kit(
            model=choice.model,
            tree=tree,
            checks=checks,
            repo=self.repo,
            ask=self.ask,
            live=self.live,
            command=test,
            push=wish.push,
            override=wish.override,
            context=choice.profile.context,
            search_seconds=self.settings.search_seconds,
        )

    async def find(self, branch: str, key: str, /) -> str:
        """Return the branch's commit that carries the key."""
        return await self.repo.find(branch, key)

    async def undo(self, branch: str, run: str, commit: str, onto: str = "", /) -> str:
        """Take back what a run committed."""
        return await self.repo.undo(branch, run, commit, onto)

    def remote(self) -> str:
        """Return the name of the remote that a push goes to."""
        return self.repo.remote()

    async def _held(self) -> Sandbox:
        if self.sandbox is None:
            self.sandbox = await find_sandbox(self.no_sandbox)
        return self.sandbox

    async def _model(self) -> Choice:
        if self.choice is None:
            self.choice = await choose_model(
                self.settings, self.home, self.stack, self.wanted, self.live, self.progress
            )
        return self.choice

    async def _scratch(self) -> Path:
        """Return a fresh folder for copies of the project, removed at the end."""
        return await self.stack.enter_async_context(scratch())


def surroundings(
    roots: Sequence[Path], settings: Settings, home: Path, paths: Sequence[str] = ()
) -> Environment:
    """Return how the code of a project runs: its interpreter, and what a person lets it read.

    What the first of the folders lacks the next may have. `paths` are the files of a commit; the
    dependencies beside them are lent to a copy of it.
    """
    found = find_environment(*roots)
    more = readable(settings.readable, home)
    lent = {n: p for root in reversed(roots) for n, p in dependencies(root, paths).items()}
    return replace(found, readable=(*found.readable, *more), lent=lent)


@asynccontextmanager
async def scratch() -> AsyncIterator[Path]:
    """Give an empty folder that the sandbox may be handed, and remove it afterwards."""
    await asyncio.to_thread(sweep_once)
    # The sandbox runs under another user, who must be able to enter.
    with await asyncio.to_thread(Scratch, ENTERED) as folder:
        try:
            yield folder
        finally:
            await remove(folder)


async def workshop(project: Path, no_sandbox: bool = False) -> Workshop:
    """Return where skills run: a sandbox that was just tried, with the Python of a project."""
    found = find_environment(project)
    return Workshop(await find_sandbox(no_sandbox), scratch, found.python, found.readable)


def remember(home: Path, agent: str) -> Memory:
    """Return the memory of an agent; it compares meanings where there is an embedding model.

    Raises SetupError when the settings name a model for embeddings that they do not describe.
    """
    return Memory(Notes(folder_of(home, agent)), embedder(home))


def embedder(home: Path) -> Embedder | None:
    """Return the model that embeds: the settings' one, else the small one if it was pulled."""
    settings = load(home)
    if not settings.embeddings:
        return minilm.MiniLM() if minilm.here() else None
    secrets = variables(home)
    for server in settings.models:
        if server.name == settings.embeddings and server.model:
            key = secrets.get(server.key, "")
            return Embeddings(endpoint_of(server, key))
    raise SetupError(
        f"embeddings = {settings.embeddings!r}: add a [[models]] table of that name with url and "
        "model to samovar.toml, or leave it empty"
    )


@asynccontextmanager
async def at_work(
    folder: Path,
    ask: Ask,
    live: Live = quiet,
    wanted: str = "",
    no_sandbox: bool = False,
    progress: Callable[[int, int], None] = lambda _have, _all: None,
) -> AsyncIterator[App]:
    """Open a repository for work; servers that are started for it end with the block."""
    repo = await git.open(folder)
    home = home_of(repo)
    async with AsyncExitStack() as stack:
        settings = load(home)
        desk = Desk(repo, settings, home, stack, ask, live, wanted, no_sandbox, progress)
        yield App(home, desk)


def shown(model: str) -> str:
    """Return a model's name for people; llama.cpp calls its model by the path of its file."""
    return Path(model).stem if model.endswith(".gguf") else model


def manner(model: str) -> Callable[[float, int], Sampling]:
    """Return how to sample from a model: its family's settings, at the temperature asked for."""
    kind = family(model)

    def drawn(temperature: float, seed: int, /) -> Sampling:
        return sampling(kind, temperature, seed)

    return drawn


async def endpoints(settings: Settings, home: Path) -> list[tuple[str, Endpoint]]:
    """Return every model that answers, those configured first, with its name."""
    secrets = variables(home)
    served = await asyncio.gather(*(_served(s, secrets.get(s.key, "")) for s in settings.models))
    rows = [(s.name, e) for s, found in zip(settings.models, served, strict=True) for e in found]
    rows += [(e.model, e) for e in await discover([]) if all(e.url != r.url for _, r in rows)]
    return rows


def endpoint_of(server: Server, key: str = "") -> Endpoint:
    """Return where a configured model answers. Raises SetupError for what is no address."""
    return Endpoint(url=server.url, model=server.model, key=key, context=server.context)


async def _served(server: Server, key: str) -> list[Endpoint]:
    found = await named(endpoint_of(server, key))
    # A server may know a model by more names than it lists.
    return [replace(found[0], model=server.model)] if server.model and found else found


def silent(settings: Settings, found: Sequence[tuple[str, Endpoint]]) -> list[Server]:
    """Return the configured servers that are not among those that answer."""
    heard = {(name, endpoint.url) for name, endpoint in found}
    return [s for s in settings.models if (s.name, endpoint_of(s).url) not in heard]


def usual(settings: Settings, wanted: str) -> str:
    """Return the name a person gave for the model to use: now, as `model`, or by a table."""
    tables = (s.name for s in settings.models if s.name != settings.embeddings)
    return wanted or settings.model or next(tables, "")


def fitting(found: Sequence[tuple[str, Endpoint]], name: str) -> list[Endpoint]:
    """Return the models of a name; without a name all but those for embeddings."""
    return [e for n, e in found if (name in (n, e.model) if name else not embeds(e.model))]


async def choose_model(
    settings: Settings,
    home: Path,
    stack: AsyncExitStack,
    wanted: str,
    live: Live,
    progress: Callable[[int, int], None],
) -> Choice:
    """Return the model to work with: the wanted one, else the first that answers, else our own.

    Raises Unreachable when none answers and the weights cannot be had.
    """
    name = usual(settings, wanted)
    if name != "embedded" and name != EMBEDDED:
        found = await endpoints(settings, home)
        if picked := fitting(found, name):
            measured = await profiles.known(picked[0])
            model = Retrying(OpenAI(picked[0], measured, live), live=live)
            return Choice(model, picked[0], measured)
        if name and name not in {w.name for w in CATALOGUE}:
            away = [s for s in silent(settings, found) if name in (s.name, s.model)]
            if away:
                at = endpoint_of(away[0])
                raise Unreachable(
                    f"no model answers at {at.shown}{by(at.url)}: start the server, check address "
                    "and key, or see 'samovar doctor'"
                )
            known = ", ".join(n for n, _ in found) or "none"
            raise SetupError(
                f"no model called {name!r} answers; found: {known}; see 'samovar model list'"
            )
    return await _own(settings, stack, name, live, progress)


def computing(settings: Settings, weights: Path) -> int:
    """Return how many threads our own server gets: as told, else as measured, else a guess."""
    known = profiles.load_own(weights)
    return settings.threads or (known.threads if known else 0) or threads()


async def _own(
    settings: Settings,
    stack: AsyncExitStack,
    name: str,
    live: Live,
    progress: Callable[[int, int], None],
) -> Choice:
    entry = weights.find(name if name and name != "embedded" else EMBEDDED)
    if not weights.here(entry):
        if not settings.fetch:
            raise Unreachable(
                f"no model answers, {entry.name} is not here, and `fetch` is off: start a server, "
                f"or run 'samovar model pull {entry.name}'"
            )
        live("step", f"fetching {entry.name} once; it is kept for later")
    path = await weights.fetch(entry.name, progress)
    live("step", f"starting {entry.name}")
    used = computing(settings, path)
    endpoint = await stack.enter_async_context(
        embedded(path, threads=used, context=settings.context)
    )
    profile = profiles.load(endpoint, "embedded") or Profile(
        context=settings.context,
        prefill=30.0,
        generate=4.0,
        family=family(entry.name),
        threads=used,
    )
    profile = replace(profile, context=settings.context, digest=entry.sha256)
    return Choice(Retrying(OpenAI(endpoint, profile, live), live=live), endpoint, profile)
