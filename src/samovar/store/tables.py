"""The tables, as SQLAlchemy's expressions see them; `migrations/` creates them."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB

from samovar.core.text import storable


class Moment(TypeDecorator[datetime]):
    """A time in UTC, with its zone on every database; SQLite keeps none of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return what is stored."""
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return what was stored."""
        if value is None or value.tzinfo is None:
            return value.replace(tzinfo=UTC) if value is not None else None
        return value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text, whatever people and models put into it: PostgreSQL takes no NUL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Return what is stored."""
        return storable(value) if value is not None else None


_JSON = JSON().with_variant(JSONB(), "postgresql")
metadata = MetaData()

tasks = Table(
    "tasks",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("agent", Words),
    Column("kind", Words),
    Column("text", Words),
    Column("repo", Words),
    Column("run", Words),
    Column("data", _JSON),
    Column("job_group", Words),
    Column("priority", BigInteger),
    Column("position", BigInteger),
    Column("tries", BigInteger),
    Column("created_by", Words),
    Column("parent", BigInteger),
    Column("depth", BigInteger),
    Column("state", Words),
    Column("attempts", BigInteger),
    Column("owner", Words),
    Column("fence", BigInteger),
    Column("until", Float),
    Column("span", Float),
    Column("boot", Words),
    Column("reason", Words),
    Column("result", Words),
    Column("dedupe", Words),
    Column("created", Moment),
    Column("started", Moment),
    Column("ended", Moment),
)
"""`until` is lease time: the end of the lease of a running job, or of the pause of a ready one.
`span` is the length of that lease or pause in seconds, `boot` the start of the machine it counts
from (empty on PostgreSQL, whose server has the only clock)."""

accounts = Table(
    "accounts",
    metadata,
    Column("agent", Words, primary_key=True),
    Column("balance", BigInteger),
    Column("day", Words),
    Column("spent", BigInteger),
)
"""`spent` belongs to `day`; what was spent on any other, the lines of the ledger say."""

ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("at", Moment),
    Column("day", Words),
    Column("agent", Words),
    Column("amount", BigInteger),
    Column("balance", BigInteger),
    Column("task", BigInteger),
    Column("run", Words),
    Column("model", Words),
    Column("tokens", BigInteger),
    Column("note", Words),
    Column("granted_by", Words),
    Column("dedupe", Words),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("agent", Words),
    Column("act", Words),
    Column("digest", Words),
    Column("text", Words),
    Column("task", BigInteger),
    Column("state", Words),
    Column("answered_by", Words),
    Column("note", Words),
    Column("asked", Moment),
    Column("expires", Moment),
    Column("answered", Moment),
)

effects = Table(
    "effects",
    metadata,
    Column("name", Words, primary_key=True),
    Column("what", Words),
    Column("done", Boolean),
    Column("result", Words),
    Column("intended", Moment),
)

parcels = Table(
    "parcels",
    metadata,
    Column("name", Words, primary_key=True),
    Column("note", _JSON),
    Column("sealed", Boolean),
    Column("sent", Moment),
)
"""Not `sealed`: its files are still being written, or whoever sent it died."""

parcel_files = Table(
    "parcel_files",
    metadata,
    Column("parcel", Words, primary_key=True),
    Column("path", Words, primary_key=True),
    Column("digest", Words),
    Column("size", BigInteger),
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("part", BigInteger, primary_key=True),
    Column("data", LargeBinary),
)
"""What files hold, in parts; SHA-256 of the whole. A file in several parcels is kept once."""

team = Table(
    "team",
    metadata,
    Column("one", BigInteger, primary_key=True),
    Column("id", Words),
    Column("place", Words),
)
"""Whose the database is, by the id of its home; `one` is 1, there is no second row."""
