"""The ledger of credits in a database: integers, never below zero."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from samovar.org.credits import shown
from samovar.org.seams import NO_LIMIT, Charge, LedgerEntry, NoCredit
from samovar.store.database import Database
from samovar.store.rows import entry as read
from samovar.store.tables import accounts, ledger

_CHARGED = (ledger.c.amount < 0, ledger.c.granted_by == "")
"""What was spent; credits a person took back were not."""


class _Repeated(Exception):
    """The key was used before: the transaction is taken back."""


class SqlLedger:
    """The credits of every agent; `samovar.org.seams.Ledger` on a database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._insert = (postgresql if database.server else sqlite).insert

    async def charge(self, charge: Charge, per_day: int = NO_LIMIT, /) -> int:
        """Take credits and return the balance left. Raises NoCredit, then nothing was taken."""
        if charge.amount < 0:
            raise ValueError("a charge takes credits; to give some, use grant")
        line = {
            "agent": charge.agent,
            "amount": -charge.amount,
            "task": charge.task,
            "run": charge.run,
            "model": charge.model,
            "tokens": charge.tokens,
            "note": charge.note,
            "granted_by": "",
            "dedupe": charge.key or None,
        }
        spent = self._spent() + charge.amount
        enough = (accounts.c.balance >= charge.amount) & (spent <= per_day)
        balance = await self._book(line, enough, {"day": self.database.day(), "spent": spent})
        if balance is not None:
            return balance
        raise await self._refusal(charge, per_day)

    async def grant(
        self, agent: str, amount: int, /, *, by: str, note: str = "", key: str = ""
    ) -> int:
        """Give credits, or take some back, and return the balance. Raises NoCredit."""
        line = {
            "agent": agent,
            "amount": amount,
            "task": 0,
            "run": "",
            "model": "",
            "tokens": 0,
            "note": note,
            "granted_by": by,
            "dedupe": key or None,
        }
        balance = await self._book(line, accounts.c.balance >= max(0, -amount), {})
        if balance is None:
            raise too_much(agent, await self.balance(agent), -amount)
        return balance

    async def balance(self, agent: str, /) -> int:
        """Return what an agent has; 0 for one nobody knows."""
        asked = select(accounts.c.balance).where(accounts.c.agent == agent)
        async with self.database.reading() as connection:
            return (await connection.execute(asked)).scalar() or 0

    async def balances(self) -> Mapping[str, int]:
        """Return what every agent has."""
        async with self.database.reading() as connection:
            rows = await connection.execute(select(accounts.c.agent, accounts.c.balance))
            return {row.agent: row.balance for row in rows}

    async def spent(self, agent: str, day: date, /) -> int:
        """Return what an agent spent on a day (UTC)."""
        asked = select(func.coalesce(-func.sum(ledger.c.amount), 0)).where(
            ledger.c.agent == agent, ledger.c.day == day.isoformat(), *_CHARGED
        )
        async with self.database.reading() as connection:
            return int((await connection.execute(asked)).scalar_one())

    async def spent_today(self) -> int:
        """Return what everybody together spent on this day (UTC)."""
        async with self.database.reading() as connection:
            found = await connection.execute(select(func.coalesce(func.sum(self._spent()), 0)))
            return int(found.scalar_one())

    async def entries(
        self, agent: str = "", /, *, after: int = 0, limit: int = 500
    ) -> Sequence[LedgerEntry]:
        """Return lines with an id above `after`, the oldest first; of all agents by default."""
        asked = select(ledger).where(ledger.c.id > after).order_by(ledger.c.id).limit(limit)
        asked = asked.where(ledger.c.agent == agent) if agent else asked
        async with self.database.reading() as connection:
            return [read(row) for row in await connection.execute(asked)]

    async def sums(self, by: Literal["agent", "task", "model"], /) -> Mapping[str, int]:
        """Return what was spent in all, by agent, task or model."""
        column = ledger.c[by]
        asked = select(column, -func.sum(ledger.c.amount)).where(*_CHARGED).group_by(column)
        async with self.database.reading() as connection:
            return {str(name): int(spent) for name, spent in await connection.execute(asked)}

    async def days(self, since: date, /) -> Mapping[str, Mapping[str, int]]:
        """Return what was spent by day (UTC, `2026-11-21`) and agent, from a day on."""
        by = (ledger.c.day, ledger.c.agent)
        asked = select(*by, -func.sum(ledger.c.amount)).group_by(*by)
        asked = asked.where(ledger.c.day >= since.isoformat(), *_CHARGED)
        found: dict[str, dict[str, int]] = {}
        async with self.database.reading() as connection:
            for day, agent, spent in await connection.execute(asked):
                found.setdefault(day, {})[agent] = int(spent)
        return found

    async def _book(
        self, line: dict[str, Any], enough: ColumnElement[bool], also: dict[str, Any]
    ) -> int | None:
        """Change an account and write the line, both or neither; None when there is not enough."""
        try:
            async with self.database.writing() as connection:
                return await self._booked(connection, line, enough, also)
        except _Repeated:
            return await self.balance(line["agent"])

    async def _booked(
        self,
        connection: AsyncConnection,
        line: dict[str, Any],
        enough: ColumnElement[bool],
        also: dict[str, Any],
    ) -> int | None:
        if line["dedupe"]:
            known = select(ledger.c.id).where(ledger.c.dedupe == line["dedupe"])
            if (await connection.execute(known)).first():
                raise _Repeated
        day = self.database.day()
        account = {"agent": line["agent"], "balance": 0, "day": day, "spent": 0}
        await connection.execute(self._insert(accounts).values(account).on_conflict_do_nothing())
        changed = await connection.execute(
            update(accounts)
            .where(accounts.c.agent == line["agent"], enough)
            .values(balance=accounts.c.balance + line["amount"], **also)
            .returning(accounts.c.balance)
        )
        balance = changed.scalar()
        if balance is None:
            return None
        full = line | {"at": self.database.wall(), "day": day, "balance": balance}
        written = self._insert(ledger).values(full).on_conflict_do_nothing()
        if (await connection.execute(written.returning(ledger.c.id))).first() is None:
            raise _Repeated
        return int(balance)

    async def _refusal(self, charge: Charge, per_day: int) -> NoCredit:
        asked = select(accounts.c.balance, self._spent().label("spent"))
        async with self.database.reading() as connection:
            found = await connection.execute(asked.where(accounts.c.agent == charge.agent))
            row = found.one()
        return refusal(charge, row.balance, row.spent, per_day)

    def _spent(self) -> ColumnElement[int]:
        """Return what an account spent today.

        An account counts one day, the latest it was charged on. Where that is another one, the
        lines say it: a clock that jumps to tomorrow and back has lost nothing of today.
        """
        day = self.database.day()
        lines = select(func.coalesce(-func.sum(ledger.c.amount), 0)).where(
            ledger.c.agent == accounts.c.agent, ledger.c.day == day, *_CHARGED
        )
        counted = cast(lines.correlate(accounts).scalar_subquery(), BigInteger)
        return case((accounts.c.day == day, accounts.c.spent), else_=counted)


def too_much(agent: str, balance: int, amount: int) -> NoCredit:
    """Return the error of whoever would take back more than there is."""
    return NoCredit(
        f"{agent} has {shown(balance)} credits, so {shown(amount)} cannot be taken: take less"
    )


def refusal(charge: Charge, balance: int, spent: int, per_day: int) -> NoCredit:
    """Return the error that says what is lacking and how to mend it."""
    needs = shown(charge.amount)
    if charge.amount > balance:
        lack = shown(charge.amount - balance).replace(",", "")
        return NoCredit(
            f"{charge.agent} has {shown(balance)} credits and needs {needs}: "
            f"samovar credits add {charge.agent} {lack}"
        )
    return NoCredit(
        f"{charge.agent} spent {shown(spent)} of {shown(per_day)} credits today and needs {needs} "
        "more: raise its daily limit, or wait until tomorrow (UTC)"
    )
