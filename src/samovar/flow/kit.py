"""The kit: the capabilities a run was given, as protocols. `boot` fills it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from samovar.core.event import Asked
from samovar.core.seams import Live, Model, Repo, Tree
from samovar.core.task import Checked, Probe, Trials


class Checks(Protocol):
    """The checks of one project, run in the sandbox on a fresh copy of its files."""

    async def test(self, name: str, command: str, changed: Mapping[str, str]) -> Checked:
        """Run the test command on the project with a change."""
        ...

    async def snippet(self, name: str, code: str, changed: Mapping[str, str]) -> Checked:
        """Run a few lines of Python against the project with a change."""
        ...

    async def lint(self, changed: Mapping[str, str]) -> Checked | None:
        """Return what the project's linter says of a change that it did not say before."""
        ...

    async def trials(
        self,
        variants: Sequence[Mapping[str, str]],
        probe: Probe,
        changed: Mapping[str, str],
        *,
        bar: int = 1,
        seconds: float = 2.0,
        total: float = 60.0,
    ) -> Trials:
        """Try variants until one leaves less of the probe red than `bar`."""
        ...

    async def reach(self, probe: Probe, changed: Mapping[str, str]) -> dict[str, dict[int, int]]:
        """Return how often a probe ran each line of each file."""
        ...

    async def behaviours(
        self,
        versions: Sequence[Mapping[str, str]],
        calls: Sequence[str],
        *,
        seconds: float = 2.0,
        total: float = 120.0,
    ) -> tuple[Checked, list[tuple[str, ...]]]:
        """Return how the command ended, and for each version what each call returned or raised.

        `seconds` is the limit of one call, `total` of all.
        """
        ...


class Word(Struct, frozen=True):
    """What somebody answered."""

    yes: bool
    by: str = "person"
    note: str = ""


class Ask(Protocol):
    """Somebody who can say yes."""

    async def __call__(self, asked: Asked, text: str, /) -> Word | None:
        """Return the answer, or None when nobody can answer now."""
        ...


@dataclass(frozen=True)
class Kit:
    """Everything a run works with."""

    model: Model
    tree: Tree
    checks: Checks
    repo: Repo
    ask: Ask
    live: Live
    command: str = ""
    """The test command found or given; empty when the project has none."""
    push: bool = False
    override: bool = False
    """A person lets phases pass without a passed verdict; it is recorded."""
    context: int = 16_384
    """Tokens the model's server really takes."""
    search_seconds: float = 60.0
    """How long small edits are tried in one go."""
