"""What happened in a tick, and the exit code that says so. Pure."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from samovar.core.errors import SamovarError, SandboxMissing, Unreachable

CODES = {"failed": 1, "waiting": 4}
"""Exit codes of tasks by how the work on them ended; 0 for the rest."""
_WORST = (3, 5, 1, 4, 0)
"""What a person has to mend first comes first."""


class Ticked(Struct, frozen=True, kw_only=True):
    """What happened in a tick."""

    tick: int
    turns: Mapping[str, str] = {}
    """What each agent did, by agent."""
    said: Mapping[str, str] = {}
    """What came of it in words, by agent."""
    failed: Mapping[str, str] = {}
    """Why a turn was not finished, by agent."""
    codes: Mapping[str, int] = {}
    """What a command would end with for each turn (by agent) and each task worked on (`#ID`)."""
    seconds: float = 0.0


def exit_code(error: Exception) -> int:
    """Return what a command ends with for a turn or a task that ended by an error."""
    match error:
        case Unreachable():
            return 3
        case SandboxMissing():
            return 5
        case _:
            return 1


def said(error: Exception) -> str:
    """Return an error for people; one that samovar did not expect says its kind."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.strerror}: {error.filename}"
    return str(error) if isinstance(error, SamovarError) else repr(error)


def worst(codes: Iterable[int]) -> int:
    """Return the one exit code of several turns and tasks; 0 for none."""
    return min(codes, key=_WORST.index, default=0)
