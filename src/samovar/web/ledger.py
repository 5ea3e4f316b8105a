"""The latest lines of a team's ledger, read on from where we were."""

import asyncio
from dataclasses import dataclass, field

from samovar.org.seams import LedgerEntry
from samovar.org.team import Team

KEPT = 5_000
"""Lines kept for plots."""
PAGE = 500
AGAIN = 300
"""Ids that are read again: PostgreSQL gives them out before it is known who commits first."""


@dataclass
class Lines:
    """What was read of a ledger so far, by id."""

    team: Team
    _known: dict[int, LedgerEntry] = field(default_factory=dict)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def latest(self, limit: int) -> list[LedgerEntry]:
        """Return the latest lines, the oldest first."""
        async with self._reading:
            after = max(next(reversed(self._known), 0) - AGAIN, 0)
            while page := await self.team.entries(after=after, limit=PAGE):
                self._known |= {line.id: line for line in page}
                self._known = dict(sorted(self._known.items())[-KEPT:])
                after = page[-1].id
        return list(self._known.values())[-limit:]
