"""Who has a turn in a tick, and in which order. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from samovar.org.resume import Schedule


class Turn(Struct, frozen=True):
    """An agent that has something to do, and the model it needs."""

    agent: str
    model: str
    """Its real name: one model has one."""
    place: tuple[int, ...] = ()
    """Where the task stands that it is to work on; empty where it has something to choose first."""


def look(schedule: Schedule, tick: int) -> int:
    """Return the latest tick, this one or an earlier, that the schedule names for the inbox."""
    return tick - (tick - schedule.phase_offset) % schedule.run_every_n_ticks


def order(turns: Iterable[Turn], loaded: str) -> list[Turn]:
    """Return the turns with the fewest changes of the loaded model: its own come first.

    Of one model, first those who choose, by name, then those who work, by their tasks' places:
    a choice is one short call, and whoever filed a task first waits shortest. A turn reads entries
    of earlier ticks only, so the order changes no result.
    """
    return sorted(turns, key=lambda t: (t.model != loaded, t.model, t.place, t.agent))


def swaps(turns: Iterable[Turn], loaded: str) -> int:
    """Return how often the model would be changed in this order."""
    count = 0
    for turn in turns:
        count += turn.model != loaded
        loaded = turn.model
    return count
