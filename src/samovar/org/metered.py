"""A model that costs: each call is charged before its answer is used."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from msgspec.structs import replace

from samovar.core.message import Reply, Request, Usage
from samovar.core.seams import Model
from samovar.org.credits import Tariff, price, shown
from samovar.org.seams import NO_LIMIT, Charge, Ledger, NoCredit


def today() -> date:
    """Return the day credits are counted by: UTC."""
    return datetime.now(UTC).date()


@dataclass
class Metered:
    """Charges an agent for every answer; without credit there is no call, and no answer.

    `charge` says who pays and for what; its amount and key are filled in here. The key makes a call
    that is repeated after a crash cost once.
    """

    model: Model
    ledger: Ledger
    charge: Charge
    tariff: Tariff = field(default_factory=Tariff)
    per_day: int = NO_LIMIT
    day: Callable[[], date] = today
    calls: int = 0

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer once it is paid. Raises NoCredit, and what the model raises."""
        await self._afford(request)
        reply = await self.model.reply(request)
        self.calls += 1
        cost = price(self.tariff, reply.usage, reply.seconds)
        tokens = reply.usage.prompt + reply.usage.generated
        # Made before anything is awaited: other calls may end meanwhile, and count on.
        line = self._line(cost, tokens, reply.model)
        try:
            await self.ledger.charge(line, self.per_day)
        except NoCredit:
            await self._take_the_rest(line)
            raise
        return reply

    async def _afford(self, request: Request) -> None:
        """Refuse a call that what is left cannot even begin. Raises NoCredit."""
        if not price(self.tariff, Usage(1, 0, 1), 1.0):
            return
        letters = sum(len(m.text) for m in request.messages)
        least = max(1, self.tariff.call + self.tariff.cached * (letters // 8))
        agent = self.charge.agent
        left = await self.ledger.balance(agent)
        if left < least:
            raise NoCredit(
                f"{agent} has {shown(left)} credits left and a call costs at least "
                f"{shown(least)}: samovar credits add {agent} 100"
            )
        if await self._today() < least:
            raise NoCredit(
                f"{agent} has spent its {shown(self.per_day)} credits of this day: raise per_day "
                "in credits.json, or wait until tomorrow (UTC)"
            )

    async def _today(self) -> int:
        """Return what may still be spent on this day."""
        if self.per_day >= NO_LIMIT:
            return NO_LIMIT
        return self.per_day - await self.ledger.spent(self.charge.agent, self.day())

    def _line(self, cost: int, tokens: int, model: str) -> Charge:
        about = self.charge
        return Charge(
            agent=about.agent,
            amount=cost,
            task=about.task,
            run=about.run,
            model=about.model or model,
            tokens=tokens,
            note=about.note,
            key=self._key() if about.key else "",
        )

    def _key(self) -> str:
        return hashlib.sha256(f"{self.charge.key}:{self.calls}".encode()).hexdigest()[:32]

    async def _take_the_rest(self, line: Charge) -> None:
        """Charge what is left for an answer that is too dear: it was made, if not used."""
        left = min(await self.ledger.balance(line.agent), await self._today())
        if 0 < left < line.amount:
            await self.ledger.charge(replace(line, amount=left), self.per_day)
