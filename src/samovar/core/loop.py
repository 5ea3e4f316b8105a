"""The loop of a run: decide, do it, note what happened, again."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from samovar.core.decide import Move, decide
from samovar.core.event import Event
from samovar.core.state import State, fold


class Doer(Protocol):
    """Somebody who carries out a move."""

    async def __call__(self, move: Move, state: State, /) -> Event: ...


async def work(state: State, do: Doer, more: Callable[[State], bool]) -> AsyncIterator[Event]:
    """Go on from any state until the run closes, yielding each event.

    The caller stores an event before it asks for the next one, so that after a crash
    `work(replay(log), do, more)` goes on where the log ends.
    """
    while state.closed is None:
        event = await do(decide(state, more=more(state)), state)
        state = fold(state, event)
        yield event
