"""How a home stands: its tick, and everything else in a few numbers."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE, SetupError
from samovar.org import bookmark
from samovar.org.outbox import listed, outbox_of
from samovar.org.problem import Problem
from samovar.org.resume import PEOPLE
from samovar.org.seams import JobState

FILE = "tick.json"
_MOST = 10**8
"""Names of entries have eight digits for the tick."""


class Status(Struct, frozen=True, kw_only=True):
    """A team in a few numbers."""

    home: str
    tick: int
    engine: int = 0
    """Process of the engine; 0 when none runs."""
    agents: int = 0
    broken: int = 0
    entries: int = 0
    """Entries in all outboxes."""
    jobs: Mapping[JobState, int] = {}
    approvals: int = 0
    stopped: tuple[str, ...] = ()
    """Agents without credits."""
    problems: tuple[Problem, ...] = ()


def totals(counts: Mapping[str, Mapping[JobState, int]]) -> dict[JobState, int]:
    """Return how many tasks there are in each state, of how many each agent has."""
    found: dict[JobState, int] = {}
    for mine in counts.values():
        for state, count in mine.items():
            found[state] = found.get(state, 0) + count
    return found


def present(home: Path) -> int:
    """Return the number of the latest finished tick; where its file is damaged, what others say."""
    try:
        return _written(home)
    except SetupError:
        return _latest(home)


def damage(home: Path) -> list[Problem]:
    """Return what is wrong with the file that holds the tick."""
    try:
        _written(home)
    except SetupError as error:
        fix = f"the next tick writes it anew and goes on after tick {_latest(home)}"
        return [Problem(file=FILE, wrong=str(error), fix=fix, weight="warning")]
    return []


def _written(home: Path) -> int:
    """Return what stands in the file; 0 without one. Raises SetupError for a damaged one."""
    try:
        found = msgspec.json.decode((home / FILE).read_bytes(), type=dict[str, int])["tick"]
    except FileNotFoundError:
        return 0
    except (OSError, KeyError, *UNREADABLE) as error:
        raise SetupError("is damaged") from error
    if not 0 <= found < _MOST:
        raise SetupError("is damaged")
    return found


def _latest(home: Path) -> int:
    """Return the latest tick that any agent's entries or bookmark, or a person's entry, tells of.

    A person writes in the tick to come.
    """
    said = [n.tick - 1 for n in listed(outbox_of(home, PEOPLE))]
    for folder in home.glob("agents/*"):
        said += [n.tick for n in listed(outbox_of(home, folder.name))]
        said.append(bookmark.load(home, folder.name).tick)
    return max((n for n in said if 0 < n < _MOST), default=0)
