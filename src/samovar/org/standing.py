"""How a home stands: its tick, and everything else in a few numbers."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.core.errors import SetupError
from samovar.org.problem import Problem
from samovar.org.seams import JobState


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


def present(home: Path) -> int:
    """Return the number of the latest finished tick. Raises SetupError for a damaged file."""
    path = home / "tick.json"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, int])["tick"]
    except FileNotFoundError:
        return 0
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
        raise SetupError(
            f"{path} is damaged: write the number of the last tick, such as "
            f'{{"tick": {_latest(home)}}}'
        ) from error
    return found


def _latest(home: Path) -> int:
    names = [p.name[:8] for p in home.glob("agents/*/outbox/*.json")]
    return max((int(n) for n in names if n.isdigit()), default=0)
