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


_JSON = JSON().with_variant(JSONB(), "postgresql")
metadata = MetaData()

tasks = Table(
    "tasks",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("agent", Text),
    Column("kind", Text),
    Column("text", Text),
    Column("repo", Text),
    Column("run", Text),
    Column("data", _JSON),
    Column("job_group", Text),
    Column("priority", BigInteger),
    Column("position", BigInteger),
    Column("tries", BigInteger),
    Column("created_by", Text),
    Column("parent", BigInteger),
    Column("depth", BigInteger),
    Column("state", Text),
    Column("attempts", BigInteger),
    Column("owner", Text),
    Column("fence", BigInteger),
    Column("until", Float),
    Column("span", Float),
    Column("boot", Text),
    Column("reason", Text),
    Column("result", Text),
    Column("dedupe", Text),
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
    Column("agent", Text, primary_key=True),
    Column("balance", BigInteger),
    Column("day", Text),
    Column("spent", BigInteger),
)
"""`spent` belongs to `day`; on any other day nothing was spent yet."""

ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("at", Moment),
    Column("day", Text),
    Column("agent", Text),
    Column("amount", BigInteger),
    Column("balance", BigInteger),
    Column("task", BigInteger),
    Column("run", Text),
    Column("model", Text),
    Column("tokens", BigInteger),
    Column("note", Text),
    Column("granted_by", Text),
    Column("dedupe", Text),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("agent", Text),
    Column("act", Text),
    Column("digest", Text),
    Column("text", Text),
    Column("task", BigInteger),
    Column("state", Text),
    Column("answered_by", Text),
    Column("note", Text),
    Column("asked", Moment),
    Column("expires", Moment),
    Column("answered", Moment),
)

effects = Table(
    "effects",
    metadata,
    Column("name", Text, primary_key=True),
    Column("what", Text),
    Column("done", Boolean),
    Column("result", Text),
    Column("intended", Moment),
)

parcels = Table(
    "parcels",
    metadata,
    Column("name", Text, primary_key=True),
    Column("note", _JSON),
    Column("sealed", Boolean),
    Column("sent", Moment),
)
"""Not `sealed`: its files are still being written, or whoever sent it died."""

parcel_files = Table(
    "parcel_files",
    metadata,
    Column("parcel", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("digest", Text),
    Column("size", BigInteger),
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("part", BigInteger, primary_key=True),
    Column("data", LargeBinary),
)
"""What files hold, in parts; SHA-256 of the whole. A file in several parcels is kept once."""
