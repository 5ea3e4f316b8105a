"""The credits of a team: its ledger, whose latest lines are read on from where we were."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from samovar.org.seams import NO_LIMIT, LedgerEntry
from samovar.org.sound import prices
from samovar.org.team import Team
from samovar.web.verbs import By

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


@dataclass(frozen=True)
class Money:
    """The credits of a team."""

    team: Team
    latest: Lines

    async def balances(self) -> Mapping[str, int]:
        """Return what every agent has."""
        return await self.team.credits()

    async def entries(self) -> Sequence[LedgerEntry]:
        """Return the latest lines of each agent in the ledger, the oldest first."""
        return await self.latest.read()

    async def lines(self, agent: str, after: int, limit: int, /) -> Sequence[LedgerEntry]:
        """Return lines of the ledger with an id above `after`, the oldest first."""
        return await self.team.entries(agent, after=after, limit=limit)

    async def days(self, since: date, /) -> Mapping[str, Mapping[str, int]]:
        """Return what was spent by day (UTC, `2026-11-21`) and agent, from a day on."""
        return await self.team.engine.turns.kit.ledger.days(since)

    async def grant(self, agent: str, amount: int, /) -> int:
        """Give credits, or take them with a negative amount; return the balance."""
        return await self.team.add_credits(agent, amount)

    async def costs(self) -> Mapping[int, int]:
        """Return what was spent on each task."""
        found = await self.spent_by("task")
        return {int(task): spent for task, spent in found.items()}

    async def spent_by(self, by: By, /) -> Mapping[str, int]:
        """Return what was spent in all, by agent, task or model."""
        return await self.team.engine.turns.kit.ledger.sums(by)

    async def spent_today(self) -> int:
        """Return what everybody together spent on this day (UTC)."""
        return await self.team.engine.turns.kit.ledger.spent_today()

    async def limits(self, agents: Sequence[str], /) -> Mapping[str, int]:
        """Return what agents may spend a day; those without a limit are left out."""
        found = (await asyncio.to_thread(prices, self.team.home))[0]
        limits = {name: found.budget(name).per_day for name in agents}
        return {name: most for name, most in limits.items() if most != NO_LIMIT}

    async def limit(self, agent: str, per_day: int, /) -> None:
        """Change what an agent may spend a day; NO_LIMIT lifts the limit."""
        await self.team.limit(agent, per_day)


def _id(line: LedgerEntry) -> int:
    return line.id
