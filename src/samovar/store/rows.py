"""Rows of the tables as the organisation's structs, and back."""

from typing import Any

from sqlalchemy import ColumnElement, Row, or_

from samovar.org.seams import Approval, Effect, Job, LedgerEntry
from samovar.store.database import Database
from samovar.store.tables import tasks

_RENAMED = {"job_group": "group", "answered_by": "by", "granted_by": "by", "name": "key"}
_KEPT_HERE = {"dedupe", "span", "boot", "day"}


def job(database: Database, row: Row[Any]) -> Job:
    """Return the job a row of `tasks` holds."""
    fields = _fields(row)
    ours = row.boot == database.boot and row.until > 0
    shown = ours and row.state in ("running", "ready")
    return Job(**{**fields, "until": database.when(row.until) if shown else None})


def entry(row: Row[Any]) -> LedgerEntry:
    """Return the line a row of `ledger` holds."""
    return LedgerEntry(**_fields(row))


def approval(row: Row[Any]) -> Approval:
    """Return the approval a row of `approvals` holds."""
    return Approval(**_fields(row))


def effect(row: Row[Any], *, fresh: bool) -> Effect:
    """Return the effect a row of `effects` holds."""
    return Effect(**_fields(row), fresh=fresh)


def passed(database: Database) -> ColumnElement[bool]:
    """Return whether the lease or the pause of a row of `tasks` is over, or there is none."""
    elsewhere = tasks.c.boot != database.boot
    return or_(tasks.c.until == 0, elsewhere, tasks.c.until <= database.steady())


def _fields(row: Row[Any]) -> dict[str, Any]:
    return {_RENAMED.get(n, n): v for n, v in row._mapping.items() if n not in _KEPT_HERE}
