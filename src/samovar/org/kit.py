"""What the organisation was given: models, the books, memory. `samovar.office` fills it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from msgspec import Struct

from samovar.core.message import Message
from samovar.core.seams import Model
from samovar.org.credits import Prices
from samovar.org.hold import Manner
from samovar.org.resume import Resume
from samovar.org.seams import Approvals, Bell, Claims, Effects, Ended, Hold, Job, Ledger, Queue


class Models(Protocol):
    """The models of this machine and its servers."""

    @property
    def loaded(self) -> str:
        """Real name of the model that would answer without loading anything; empty for none."""
        ...

    async def find(self, names: Sequence[str], /) -> tuple[str, Model]:
        """Return the first of these models that answers, with its name; "" is the usual one.

        Raises ModelError or SetupError saying why none does.
        """
        ...


class Choose(Protocol):
    """Asks a model for a value of a type."""

    async def __call__(
        self, model: Model, messages: Sequence[Message], type: type, /, *, limit: int
    ) -> Any:
        """Return a value of the type; `limit` is in tokens. Raises ModelError."""
        ...


class Memory(Protocol):
    """What agents remember."""

    async def recall(self, agent: str, question: str, /) -> str:
        """Return what may help, in a few lines; empty when there is nothing."""
        ...

    async def note(self, agent: str, text: str, /) -> None:
        """Keep something for later."""
        ...


class Worked(Struct, frozen=True):
    """How the work on a task ended, and the run that did it."""

    ended: Ended
    run: str = ""
    repo: str = ""


class Brief(Struct, frozen=True):
    """What an agent is told of a task: who it is, and what to do."""

    system: str
    text: str


class Act(Protocol):
    """Works on a task with the tools of an agent's resume."""

    async def __call__(
        self, job: Job, resume: Resume, brief: Brief, meter: "Meter", hold: Hold, /
    ) -> Worked | str:
        """Return how it ended; where no tool is to be had or needed, what to show the model."""
        ...


class Code(Protocol):
    """Works on a task in a repository."""

    async def __call__(self, job: Job, resume: Resume, meter: "Meter", hold: Hold, /) -> Worked: ...


class Meter(Protocol):
    """Makes a model charge an agent for a job."""

    def __call__(self, model: Model, name: str, /) -> Model: ...


class Forgetful:
    """A memory of nothing; for trials."""

    async def recall(self, _agent: str, _question: str, /) -> str:
        """Return nothing."""
        return ""

    async def note(self, _agent: str, _text: str, /) -> None:
        """Keep nothing."""


class Silent:
    """A bell that never rings; its waits are pauses."""

    async def ring(self, _agent: str, /) -> None:
        """Do nothing."""

    async def wait(self, _agents: Sequence[str], seconds: float, /) -> bool:
        """Wait the whole time."""
        await asyncio.sleep(seconds)
        return False


async def no_code(_job: Job, _resume: Resume, _meter: Meter, _hold: Hold, /) -> Worked:
    """Say that nothing here can work in repositories."""
    return Worked(Ended(state="failed", text="no worker for code is set up here"))


async def no_tools(
    _job: Job, _resume: Resume, _brief: Brief, _meter: Meter, _hold: Hold, /
) -> Worked | str:
    """Say that there are no tools here."""
    return ""


def itself(model: str) -> str:
    """Return a model as it is called: it has one name only, and a slot of its own."""
    return model


@dataclass(frozen=True)
class Kit:
    """Everything a team works with."""

    models: Models
    choose: Choose
    queue: Queue
    claims: Claims
    ledger: Ledger
    approvals: Approvals
    effects: Effects
    memory: Memory = field(default_factory=Forgetful)
    code: Code = no_code
    act: Act = no_tools
    slot: Callable[[str], str] = itself
    """What a model shares: of those with one slot, one is loaded at a time."""
    real: Callable[[str], str] = itself
    """The name of the model that a name stands for; "" is the usual one."""
    missed: Callable[[str], str] = lambda _model: ""
    """Why a model could not be had; empty where it could, or nobody knows."""
    bell: Bell = field(default_factory=Silent)
    prices: Callable[[], Prices] = Prices
    """What calls cost now. Raises NoCredit while that is not known."""
    owner: str = "engine"
    """Names this process among all that hold tasks."""
    manner: Manner = field(default_factory=lambda: Manner(lease=30.0, pause=30.0, patience=0.0))
    """How the engine holds tasks; what it waits for, it waits for by ticks."""
