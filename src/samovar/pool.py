"""The models agents ask; of those that run on this machine, one at a time is loaded."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from samovar.boot import (
    EMBEDDED,
    Choice,
    choose_model,
    endpoints,
    first,
    fitting,
    quiet,
    shown,
    usual,
)
from samovar.core.errors import ModelError, SetupError
from samovar.core.message import Reply, Request
from samovar.core.seams import Live, Model
from samovar.models import weights
from samovar.models.catalogue import CATALOGUE
from samovar.models.endpoint import Endpoint
from samovar.settings import Settings

_log = logging.getLogger(__name__)
HERE = "this machine"
"""The slot of every model samovar runs itself."""

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
    """The models of a home, found when they are first wanted."""

    home: Path
    settings: Settings
    live: Live = quiet
    loaded: str = ""
    """Name of the model that was asked last, as `real` tells it."""
    swaps: int = 0
    """How often a model was loaded here."""
    _known: dict[str, Choice] = field(default_factory=dict)
    """By the name a model was asked for."""
    _missed: dict[str, str] = field(default_factory=dict)
    """Why there is none, by that name."""
    _own: _Stack = field(default_factory=_Stack)
    _own_name: str = ""
    _own_choice: Choice | None = None
    """The model that is loaded here, and its name in the catalogue."""
    _gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One thing at a time with the models of this machine: a load, or an answer."""

    async def find(self, names: Sequence[str], /) -> tuple[str, Model]:
        """Return the first of these models that answers. Raises what the last one raised."""
        found = await first(names, self.choice)
        return shown(found.endpoint.model), found.model

    async def choice(self, name: str) -> Choice:
        """Return a model with what was measured of it; one of this machine loads when asked."""
        if name not in self._known:
            async with self._gate:
                try:
                    self._known[name] = await self._found(name)
                except (ModelError, SetupError) as error:
                    self._missed[name] = str(error)
                    raise
        if not isinstance(self._known[name].model, _Local):
            self.loaded = self.real(name)
        return self._known[name]

    def missed(self, name: str) -> str:
        """Return why a model could not be had when it was last asked for; empty if it could."""
        return "" if name in self._known else self._missed.get(name, "")

    def slot(self, name: str) -> str:
        """Return what a model shares with others: of those with one slot, one is loaded."""
        known = self._known.get(name)
        if known is not None:
            return HERE if isinstance(known.model, _Local) else known.endpoint.url
        wanted = self.real(name)
        return HERE if wanted in embeddable() else wanted

    def real(self, name: str) -> str:
        """Return the name of the model that a name stands for: "" is the usual one.

        Which one that is may be known only once it was asked. The name `find` gave is one, too.
        """
        known = self._known.get(name) or next(
            (c for c in self._known.values() if shown(c.endpoint.model) == name), None
        )
        if known is not None and isinstance(known.model, _Local):
            return known.model.name
        if known is not None:
            return shown(known.endpoint.model)
        wanted = name or self.settings.model or ("" if self.settings.models else EMBEDDED)
        return EMBEDDED if wanted == "embedded" else wanted

    async def answer(self, name: str, request: Request) -> Reply:
        """Return the answer of a model of this machine, which is loaded for it if need be."""
        async with self._gate:
            own = await self._ready(name)
            self.loaded = name
            return await own.model.reply(request)

    async def close(self) -> None:
        """Stop the model that runs here."""
        await self._unload()

    async def _found(self, asked: str) -> Choice:
        name = usual(self.settings, asked)
        if not name and not fitting(await endpoints(self.settings, self.home), name):
            name = EMBEDDED
        name = EMBEDDED if name == "embedded" else name
        found = await self._ready(name)
        if found is not self._own_choice:
            return found
        return replace(found, model=_Local(self, name))

    async def _ready(self, name: str) -> Choice:
        """Return a model that answers; what has to make room for it is stopped first."""
        if self._own_choice is not None and name == self._own_name:
            return self._own_choice
        if name in embeddable():
            await self._unload()
        stack = _Stack()
        try:
            choice = await choose_model(
                self.settings, self.home, stack, name, self.live, _Fetching(name)
            )
        except BaseException:
            await stack.aclose()
            raise
        if stack.used:
            await self._unload()
            self._own, self._own_name, self._own_choice = stack, name, choice
            self.swaps += 1
        return choice

    async def _unload(self) -> None:
        own = self._own
        self._own, self._own_name, self._own_choice = _Stack(), "", None
        await own.aclose()


@dataclass
class _Fetching:
    """Says once in the log that weights are fetched: an agent's turn waits for that, unasked."""

    model: str
    said: bool = False

    def __call__(self, _have: int, size: int, /) -> None:
        """Hear how far it is, in bytes."""
        if not self.said:
            _log.warning("fetching_weights", extra={"model": self.model, "megabytes": size >> 20})
        self.said = True


@dataclass(frozen=True)
class _Local:
    """A model of this machine: loaded again when another one took its place."""

    pool: Pool
    name: str

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer once it is our turn."""
        return await self.pool.answer(self.name, request)


def embeddable() -> frozenset[str]:
    """Return the names of models that samovar can run itself."""
    return frozenset({w.name for w in CATALOGUE} | {"embedded"})


def answers(settings: Settings, found: Sequence[tuple[str, Endpoint]], names: Sequence[str]) -> str:
    """Return the name of the model that would answer of some, the best first; empty for none.

    `found` are those that answer now; weights that may be fetched count as here.
    """
    for asked in names:
        name = usual(settings, asked)
        own = name if name not in ("", "embedded") else EMBEDDED
        if name not in ("embedded", EMBEDDED) and (served := fitting(found, name)):
            return shown(served[0].model)
        if own in embeddable() and (settings.fetch or weights.here(weights.find(own))):
            return own
    return ""
