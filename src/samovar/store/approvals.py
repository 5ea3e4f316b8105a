"""The words of people in a database: each for one exact act, once, for a time.

That a word has expired is not written down but seen whenever somebody looks: a clock that was wrong
for a while loses nothing.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from samovar.core.errors import Refused, SetupError
from samovar.org.seams import Approval, ApprovalState
from samovar.store.database import Database
from samovar.store.rows import approval as read
from samovar.store.tables import approvals

_OPEN = ("asked", "granted")


class SqlApprovals:
    """Questions and answers; `samovar.org.seams.Approvals` on a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def ask(self, approval: Approval, seconds: float, /) -> Approval:
        """Ask a person; an open question about the same digest is returned instead of doubled."""
        values = {
            "agent": approval.agent,
            "act": approval.act,
            "digest": approval.digest,
            "text": approval.text,
            "task": approval.task,
            "state": "asked",
            "answered_by": "",
            "note": approval.note,
            "asked": self.database.wall(),
            "expires": self.database.wall(seconds),
        }
        insert = (postgresql if self.database.server else sqlite).insert
        new = insert(approvals).values(values).on_conflict_do_nothing().returning(approvals)
        known = select(approvals).where(
            approvals.c.digest == approval.digest, approvals.c.state.in_(_OPEN)
        )
        over = (approvals.c.digest == approval.digest) & self._over()
        async with self.database.writing() as connection:
            # It is asked anew: of one act, one question or word is open.
            await connection.execute(update(approvals).where(over).values(state="expired"))
            row = (await connection.execute(new)).first()
            return read(row or (await connection.execute(known)).one())

    async def answer(self, id: int, yes: bool, /, *, by: str, note: str = "") -> Approval:
        """Record a person's word. Raises SetupError when there is no open question of that id."""
        values = {
            "state": "granted" if yes else "refused",
            "answered_by": by,
            "note": note,
            "answered": self.database.wall(),
        }
        asked = (approvals.c.id == id) & (approvals.c.state == "asked") & ~self._over()
        async with self.database.writing() as connection:
            row = await self._changed(connection, update(approvals).where(asked), values)
        if row is None:
            raise SetupError(f"question {id} is not open: it was answered before, or has expired")
        return read(row)

    async def use(self, digest: str, /) -> Approval:
        """Spend the granted approval of exactly this act. Raises Refused when there is none."""
        mine = (approvals.c.digest == digest) & (approvals.c.state == "granted")
        granted = mine & ~self._over()
        async with self.database.writing() as connection:
            spent = {"state": "used"}
            row = await self._changed(connection, update(approvals).where(granted), spent)
        if row is None:
            raise Refused("nobody allowed exactly this act, or the word was used or has expired")
        return read(row)

    async def withdraw(self, task: int, /) -> None:
        """Let the open questions that a task waits for expire: it goes on no more."""
        waited = (approvals.c.act != "question") | (approvals.c.note == "")
        held = (approvals.c.task == task) & (approvals.c.state == "asked") & waited
        async with self.database.writing() as connection:
            await connection.execute(update(approvals).where(held).values(state="expired"))

    async def list(self, states: Sequence[ApprovalState] = ("asked",), /) -> Sequence[Approval]:
        """Return approvals in these states, the oldest first."""
        rest = [c for c in approvals.c if c is not approvals.c.state]
        state = case((self._over(), "expired"), else_=approvals.c.state).label("state")
        now = select(*rest, state).subquery()
        asked = select(now).where(now.c.state.in_(states)).order_by(now.c.id)
        async with self.database.reading() as connection:
            return [read(row) for row in await connection.execute(asked)]

    def _over(self) -> ColumnElement[bool]:
        """Return whether nobody answered a question, or used a word, in time."""
        return approvals.c.state.in_(_OPEN) & (approvals.c.expires <= self.database.wall())

    async def _changed(
        self, connection: AsyncConnection, change: Any, values: dict[str, Any]
    ) -> Row[Any] | None:
        done = await connection.execute(change.values(values).returning(approvals))
        row: Row[Any] | None = done.first()
        return row
