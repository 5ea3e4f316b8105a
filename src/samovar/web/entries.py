"""The entries of a run's log, as JSON and as they are written."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from samovar.core.text import whole
from samovar.web.live import Update
from samovar.web.record import Record, Row


class EventSource:
    """The lines of a log as server-sent events, as they are written."""

    pace = 0.05

    def __init__(self, record: Record) -> None:
        self._record = record
        self._sent = 0

    async def look(self) -> Update | None:
        """Return the new lines."""
        self._record.look()
        begin, self._sent = self._sent, len(self._record.rows)
        return self._update(begin)

    async def since(self, id: str, /) -> Update | None:
        """Return the lines after an entry."""
        seen = whole(id, 12)
        return self._update(0 if seen is None else seen + 1)

    def _update(self, begin: int) -> Update | None:
        fresh = lines(self._record.rows[max(begin, 0) : self._sent])
        text = "".join(
            f"id: {r['seq']}\nevent: entry\ndata: {msgspec.json.encode(r).decode()}\n\n"
            for r in fresh
        )
        return Update(str(self._sent - 1), text) if text else None


def lines(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return entries as plain data."""
    whole = ({"seq": r.seq, "at": r.at, "event": r.event} for r in rows)
    return [msgspec.to_builtins(line, builtin_types=(datetime,)) for line in whole]
