"""A bell inside one process."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

Known = Callable[[], Awaitable[Sequence[str]]]
"""Tells which agents there are."""


class LocalBell:
    """Wakes whoever waits in this process; `samovar.org.seams.Bell` without a server."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Event, frozenset[str]] = {}
        self._unheard: set[str] = set()

    async def ring(self, agent: str, /) -> None:
        """Say that an agent has work."""
        heard = [e for e, agents in self._waiting.items() if not agents or agent in agents]
        for event in heard:
            event.set()
        self._unheard |= set() if heard else {agent}

    async def wait(self, agents: Sequence[str], seconds: float, /) -> bool:
        """Return True once it rang for one of these agents (any by default), else False in time."""
        rang = self._unheard & set(agents) if agents else set(self._unheard)
        if rang:
            self._unheard -= rang
            return True
        event = asyncio.Event()
        self._waiting[event] = frozenset(agents)
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return False
        finally:
            del self._waiting[event]
        return True

    async def close(self) -> None:
        """Give nothing back: there is nothing to give back."""
