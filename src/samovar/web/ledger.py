"""The latest lines of a team's ledger, read on from where we were."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from samovar.org.seams import LedgerEntry
from samovar.org.team import Team

KEPT = 250
"""Lines kept of each agent, for its plot and its forecast."""
PAGE = 500
AGAIN = 300
"""Ids that are read again: PostgreSQL gives them out before it is known who commits first."""


@dataclass
class Lines:
    """What was read of a ledger so far: the latest lines of each agent, by id."""

    team: Team
    _known: dict[str, dict[int, LedgerEntry]] = field(default_factory=dict)
    _last: int = 0
    """The highest id that was read."""
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self) -> list[LedgerEntry]:
        """Return the latest lines of each agent, the oldest first."""
        async with self._reading:
            after = max(self._last - AGAIN, 0)
            while page := await self.team.entries(after=after, limit=PAGE):
                self._keep(page)
                after = self._last = page[-1].id
        return sorted((e for kept in self._known.values() for e in kept.values()), key=_id)

    def _keep(self, page: Sequence[LedgerEntry]) -> None:
        for line in page:
            self._known.setdefault(line.agent, {})[line.id] = line
        for agent in {line.agent for line in page}:
            self._known[agent] = dict(sorted(self._known[agent].items())[-KEPT:])


def _id(line: LedgerEntry) -> int:
    return line.id
