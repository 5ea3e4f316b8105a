"""A quick look into a home's SQLite file with the standard library alone.

SQLAlchemy takes longer to import than `samovar status` may take as a whole.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from samovar.org.seams import JobState, StoreAway

_JOBS = "SELECT agent, state, count(*) FROM tasks GROUP BY agent, state"
_BROKE = "SELECT agent FROM accounts WHERE balance <= 0 ORDER BY agent"
_ASKED = "SELECT count(*) FROM approvals WHERE state = 'asked' AND expires > ?"


class Glance(Struct, frozen=True, kw_only=True):
    """What a status shows of the books."""

    jobs: Mapping[str, Mapping[JobState, int]] = {}
    """By agent and state."""
    broke: tuple[str, ...] = ()
    """Agents without credits."""
    approvals: int = 0


def glance(home: Path) -> Glance:
    """Return the counts of a home's own database; nothing is written. Raises StoreAway."""
    path = home / "samovar.db"
    if not path.exists():
        return Glance()
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as base:
            jobs: dict[str, dict[JobState, int]] = {}
            for agent, state, count in base.execute(_JOBS):
                jobs.setdefault(agent, {})[state] = count
            return Glance(
                jobs=jobs,
                broke=tuple(row[0] for row in base.execute(_BROKE)),
                approvals=base.execute(_ASKED, (now,)).fetchone()[0],
            )
    except sqlite3.Error as error:
        raise StoreAway(f"the database {path} does not answer: {error}") from error
