"""One database: SQLite in a file, or PostgreSQL at an address; its transactions and its clock."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Interval, cast, event, extract, func, literal
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    DBAPIError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from samovar.core.errors import SetupError
from samovar.org.seams import StoreAway
from samovar.store.clock import Clock
from samovar.store.tables import tasks

PATIENCE = 10
"""Seconds to wait for another process's transaction, or for a connection."""
_SETTINGS = "SET idle_in_transaction_session_timeout = '5s'"
"""A worker that hangs, or whose machine is gone, in the middle of a transaction lets go of it."""
_PRAGMAS = (
    f"PRAGMA busy_timeout = {PATIENCE * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


@dataclass(frozen=True)
class Database:
    """An open database."""

    engine: AsyncEngine
    clock: Clock
    shown: str
    """Its address without the password, for messages."""
    alone: AbstractAsyncContextManager[Any] = field(default_factory=nullcontext)
    """Held while writing: SQLite has one writer, and waiting here is fairer than in SQLite."""

    @property
    def server(self) -> bool:
        """Whether a server keeps the time for everyone."""
        return self.engine.dialect.name == "postgresql"

    @property
    def boot(self) -> str:
        """Which start of a machine lease time counts from."""
        return "" if self.server else self.clock.boot

    def steady(self) -> ColumnElement[float]:
        """Return the present lease time, in seconds."""
        if self.server:
            return cast(extract("epoch", func.statement_timestamp()), tasks.c.until.type)
        return literal(self.clock.steady(), tasks.c.until.type)

    def wall(self, later: float = 0.0) -> ColumnElement[datetime]:
        """Return the time for people, so many seconds from now."""
        if self.server:
            return func.clock_timestamp() + cast(timedelta(seconds=later), Interval)
        return literal(self.clock.wall() + timedelta(seconds=later), tasks.c.created.type)

    def day(self) -> ColumnElement[str]:
        """Return the day (UTC) a transaction began on, such as `2026-11-21`."""
        if self.server:
            # The same throughout a transaction, so that an index finds the lines of a day.
            return func.to_char(func.timezone("UTC", func.now()), "YYYY-MM-DD")
        return literal(self.clock.wall().astimezone(UTC).date().isoformat())

    def when(self, until: float) -> datetime:
        """Return a lease time as a time for people."""
        if self.server:
            return datetime.fromtimestamp(until, UTC)
        return self.clock.wall() + timedelta(seconds=until - self.clock.steady())

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Run a transaction that writes.

        Raises StoreAway when the database does not answer, SetupError for what it cannot keep.
        """
        with _Named(self.shown):
            async with self.alone, self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Run a transaction that only reads; it waits for nobody. Raises StoreAway."""
        with _Named(self.shown):
            async with self.engine.connect() as connection:
                yield await connection.execution_options(reading=True)

    async def close(self) -> None:
        """Give back every connection."""
        await self.engine.dispose()


class _Named:
    """Turns a driver's errors into ours, with the database's address."""

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        match error:
            case OperationalError() | InterfaceError() | DBAPIError(connection_invalidated=True):
                said = " ".join(str(error.orig).split())
                raise StoreAway(f"the database {self.shown} does not answer: {said}") from error
            case PoolTimeout():
                raise StoreAway(f"the database {self.shown} is too busy") from error
            case DataError() | OverflowError():
                said = " ".join(str(getattr(error, "orig", error)).split())
                raise SetupError(f"the database {self.shown} cannot keep this: {said}") from error
            case DatabaseError() if _damaged(error.orig):
                raise SetupError(f"{self.shown} is damaged: restore it from a backup") from error


def _damaged(error: BaseException | None) -> bool:
    """Whether SQLite cannot make sense of what stands in the file."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class _Letting(sqlite3.Connection):
    """A connection that lets go of its transaction when it is closed.

    One that is cancelled in the middle of a statement is closed while its cursor is still known to
    somebody; SQLite then keeps it, and the lock on the file, until that cursor is forgotten.
    """

    def close(self) -> None:
        """Take back what was not committed, and close."""
        if self.in_transaction:
            self.rollback()
        super().close()


def sqlite(path: Path) -> str:
    """Return the address of a SQLite file."""
    return f"sqlite+aiosqlite:///{path}"


def connect(address: str, clock: Clock) -> Database:
    """Return a database, not yet migrated. Raises SetupError for an unusable address."""
    url = _url(address)
    try:
        if url.get_backend_name() == "sqlite":
            return _sqlite(url, clock)
        return _postgresql(url, clock)
    except ModuleNotFoundError as error:
        raise SetupError(
            f"{error.name} is missing: pip install 'samovar[postgres]' for a PostgreSQL database"
        ) from error


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise SetupError(
            "SAMOVAR_DATABASE_URL is no address of a database; "
            "write postgresql+psycopg://USER:PASSWORD@HOST/NAME"
        ) from error
    match url.get_backend_name():
        case "sqlite":
            return url.set(drivername="sqlite+aiosqlite")
        case "postgresql":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise SetupError(
                f"no databases of the kind {other!r}: use postgresql+psycopg or sqlite"
            )


def _sqlite(url: URL, clock: Clock) -> Database:
    if url.database in (None, "", ":memory:"):
        raise SetupError("SQLite needs a file here: write sqlite+aiosqlite:////folder/samovar.db")
    engine = create_async_engine(url, pool_timeout=PATIENCE, connect_args={"factory": _Letting})
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return Database(engine, clock, str(url.database), asyncio.Lock())


def _postgresql(url: URL, clock: Clock) -> Database:
    engine = create_async_engine(
        url,
        pool_size=5,
        max_overflow=15,
        pool_timeout=PATIENCE,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5},
    )
    event.listen(engine.sync_engine, "connect", _settle)
    return Database(engine, clock, url.render_as_string(hide_password=True))


def _prepare(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: it would begin them too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _settle(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(_SETTINGS)
    cursor.close()
    connection.commit()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
