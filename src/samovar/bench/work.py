"""What a harness is given, and what it gives back."""

from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from samovar.bench.sets import Exercise, Mode
from samovar.boot import Choice
from samovar.core.message import Reply, Request
from samovar.core.seams import Model, Sandbox
from samovar.core.task import Budget
from samovar.models.wrappers import Counted

APART = 100_000
"""How far the seeds of two repetitions lie from one another."""


@dataclass(frozen=True)
class Job:
    """One try at one task."""

    task: Exercise
    mode: Mode
    folder: Path
    """An empty folder for the repository, and for the result."""
    choice: Choice
    """Its model is the counted one."""
    count: Counted
    sandbox: Sandbox
    budget: Budget
    off: tuple[str, ...] = ()
    over: Path | None = None
    """Files of an earlier try."""
    note: str = ""
    """What the tests said of the earlier try."""

    @property
    def text(self) -> str:
        """The task in words, with what the tests said of an earlier try."""
        if not self.note:
            return self.task.text
        return f"{self.task.text.rstrip()}\n\nThe tests said of the code as it is now:\n{self.note}"


class Made(Struct, frozen=True, kw_only=True):
    """What a harness left behind."""

    work: Path
    """A folder with the files to be judged."""
    claimed: bool = False
    """Whether it says itself that the task is done."""
    why: str = ""
    """Its own last line."""


@dataclass(frozen=True)
class Seeded:
    """Moves the seeds of another repetition apart, and leaves greedy requests alone."""

    model: Model
    seed: int

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer."""
        drawn = request.sampling
        if self.seed and drawn.temperature and drawn.seed is not None:
            moved = replace(drawn, seed=drawn.seed + self.seed * APART)
            request = replace(request, sampling=moved)
        return await self.model.reply(request)


def counted(choice: Choice, seed: int) -> tuple[Choice, Counted]:
    """Return the model of a choice for one repetition, and its count."""
    count = Counted(Seeded(choice.model, seed))
    return Choice(count, choice.endpoint, choice.profile), count
