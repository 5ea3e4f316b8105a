"""A quick look into a home's books without SQLAlchemy.

It takes longer to import than `samovar status` may take as a whole.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import Struct

from samovar.core.errors import SetupError
from samovar.org.seams import JobState, StoreAway
from samovar.store.identity import foreign, known

_JOBS = "SELECT agent, state, count(*) FROM tasks GROUP BY agent, state"
_BROKE = "SELECT agent FROM accounts WHERE balance <= 0 ORDER BY agent"
_ASKED = "SELECT count(*) FROM approvals WHERE state = 'asked' AND expires > "
_OWNER = "SELECT id, place FROM team"
_PATIENCE = 5


class Glance(Struct, frozen=True, kw_only=True):
    """What a status shows of the books."""

    jobs: Mapping[str, Mapping[JobState, int]] = {}
    """By agent and state."""
    broke: tuple[str, ...] = ()
    """Agents without credits."""
    approvals: int = 0


def glance(home: Path, url: str = "") -> Glance:
    """Return the counts of a home's books, its own or those at an address; nothing is written.

    Raises StoreAway, and SetupError for a database of another team.
    """
    address = urlsplit(url)
    if address.scheme.startswith("postgresql"):
        return _server(home, url)
    return _file(home, Path(address.path[1:]) if url else home / "samovar.db")


def _file(home: Path, path: Path) -> Glance:
    if not path.exists():
        return Glance()
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as base:
            if path.parent != home:
                _check(home, str(path), base.execute(_OWNER))
            asked = base.execute(f"{_ASKED} ?", (now,)).fetchone()
            return _seen(base.execute(_JOBS), base.execute(_BROKE), asked)
    except sqlite3.Error as error:
        raise StoreAway(f"the database {path} does not answer: {error}") from error


def _server(home: Path, url: str) -> Glance:
    try:
        import psycopg
    except ModuleNotFoundError as error:
        raise SetupError(
            f"{error.name} is missing: pip install 'samovar[postgres]' for a PostgreSQL database"
        ) from error
    shown = _without_password(url)
    plain = f"postgresql://{url.partition('://')[2]}"
    try:
        with psycopg.connect(plain, connect_timeout=_PATIENCE) as base:
            _check(home, shown, base.execute(_OWNER))
            asked = base.execute(f"{_ASKED} clock_timestamp()").fetchone()
            return _seen(base.execute(_JOBS), base.execute(_BROKE), asked)
    except psycopg.errors.UndefinedTable:
        return Glance()
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        raise StoreAway(f"the database {shown} does not answer: {said}") from error


def _check(home: Path, shown: str, owners: Iterable[Any]) -> None:
    """Raise SetupError for the database of another team."""
    for id, place in owners:
        if id != known(home):
            raise foreign(home, shown, id, place)


def _seen(counts: Iterable[Any], broke: Iterable[Any], asked: Any) -> Glance:
    jobs: dict[str, dict[JobState, int]] = {}
    for agent, state, count in counts:
        jobs.setdefault(agent, {})[state] = count
    return Glance(jobs=jobs, broke=tuple(row[0] for row in broke), approvals=asked[0])


def _without_password(url: str) -> str:
    """Return an address as it may be shown."""
    address = urlsplit(url)
    user, at, place = address.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    hidden = f"{name}:***" if colon else name
    return address._replace(netloc=f"{hidden}{at}{place}").geturl()
