"""The log of a run as the pages read it: task runs and conversations alike, line by line.

A line that cannot be understood is shown as it stands; one bad line must not hide the others.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE
from samovar.core.event import Entry, Event
from samovar.web.words import zoned


class Strange(Struct, frozen=True):
    """A line of a kind this version does not know."""

    text: str


class Row(Struct, frozen=True):
    """One line of a log."""

    seq: int
    at: datetime
    event: Event | Strange
    size: int = 0
    """Bytes of the line, or of what is kept of a strange one."""


class _Stamp(Struct, frozen=True):
    seq: int = -1
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    event: Any = None


_entry = msgspec.json.Decoder(Entry)
_stamp = msgspec.json.Decoder(_Stamp)


def row(line: bytes, place: int) -> Row:
    """Return one line of a log, whatever it holds."""
    try:
        entry = _entry.decode(line)
    except UNREADABLE:
        return _strange(line, place)
    return Row(entry.seq, zoned(entry.at), entry.event, len(line))


def _strange(line: bytes, place: int) -> Row:
    text = line.decode("utf-8", "replace")[:2000]
    try:
        stamp = _stamp.decode(line)
    except UNREADABLE:
        stamp = _Stamp()
    return Row(place, zoned(stamp.at), Strange(text), len(text))


@dataclass
class Record:
    """A log that is read on as it grows."""

    path: Path
    rows: list[Row] = field(default_factory=list)
    _offset: int = 0
    _rest: bytes = b""

    def look(self) -> bool:
        """Read what is new; say whether there was anything."""
        try:
            if self.path.stat().st_size == self._offset:
                return False
            with open(self.path, "rb") as handle:
                handle.seek(self._offset)
                data = handle.read()
        except OSError:
            return False
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        before = len(self.rows)
        for line in lines:
            self.rows.append(row(line, len(self.rows)))
        return len(self.rows) > before

    @property
    def entries(self) -> list[Entry]:
        """The lines up to the first that is not understood."""
        found: list[Entry] = []
        for each in self.rows:
            if not isinstance(each.event, Event):
                break
            found.append(Entry(each.seq, each.at, each.event))
        return found


def read(path: Path) -> Record:
    """Return the log as it is now."""
    record = Record(path)
    record.look()
    return record
