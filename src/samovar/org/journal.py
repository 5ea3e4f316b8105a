"""Logs of agents and of the engine: one line of JSON each, with the time, in rotated files."""

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from samovar.core.errors import UNREADABLE
from samovar.core.log import now

_log = logging.getLogger(__name__)
LARGEST = 1_000_000
"""Bytes of a file before it is put aside."""
KEPT = 3
"""Files put aside, at most."""


class Journal:
    """The log in one folder. A line that cannot be written is dropped: a log stops nobody.

    Nor does it make anew what its folder lies in: that of an agent may be removed or renamed.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = now) -> None:
        self.path = folder / "log.jsonl"
        self.clock = clock

    def add(self, event: str, **facts: Any) -> None:
        """Write a line."""
        row = {"at": self.clock(), "event": event, **{k: v for k, v in facts.items() if v != ""}}
        try:
            self.path.parent.mkdir(exist_ok=True)
            if self.path.exists() and self.path.stat().st_size > LARGEST:
                self._rotate()
            with self.path.open("ab") as handle:
                handle.write(msgspec.json.encode(row) + b"\n")
        except (OSError, ValueError):
            return

    def _rotate(self) -> None:
        for number in range(KEPT - 1, 0, -1):
            older = _aside(self.path, number)
            if older.exists():
                older.replace(_aside(self.path, number + 1))
        self.path.replace(_aside(self.path, 1))


@dataclass
class Trouble:
    """What keeps the engine from finishing its ticks: told when it begins, and when it is over."""

    log: Journal
    cause: str = ""

    def met(self, cause: str) -> None:
        """Tell of a cause, once."""
        if cause == self.cause:
            return
        self.cause = cause
        self.log.add("trouble", text=f"{cause}; the tick is tried again")
        # A full disk takes no line of a log.
        _log.warning("tick_not_finished", extra={"error": cause})

    def over(self) -> None:
        """Tell that it is over."""
        if self.cause:
            self.log.add("goes on", text=f"no longer: {self.cause}")
        self.cause = ""


def agent_log(home: Path, agent: str, clock: Callable[[], datetime] = now) -> Journal:
    """Return the log of an agent."""
    return Journal(home / "agents" / agent / "logs", clock)


def engine_log(home: Path, clock: Callable[[], datetime] = now) -> Journal:
    """Return the log of the engine."""
    return Journal(home / "logs", clock)


class Place(NamedTuple):
    """Where a reader of a log stands."""

    file: int = 0
    """The number (inode) of its file, which it keeps when it is put aside; 0 for the begin."""
    end: int = 0
    """Bytes that were read of it: whole lines."""


def tail(path: Path, lines: int) -> list[dict[str, Any]]:
    """Return the last lines of a log; damaged ones are left out."""
    found: list[bytes] = []
    for _, handle in _files(path):
        found = [*deque(handle, maxlen=lines - len(found)), *found]
        if len(found) >= lines:
            break
    return _rows(found)


def read_on(path: Path, place: Place) -> tuple[list[dict[str, Any]], Place]:
    """Return the lines of a log after a place, and where the last whole one ends.

    Damaged ones are left out. A file that ends before the place is a new one, read from its begin.
    """
    found: list[bytes] = []
    newest: Place | None = None
    for file, handle in _files(path):
        size = os.fstat(handle.fileno()).st_size
        begin = handle.seek(place.end if place.file == file and place.end <= size else 0)
        data = handle.read()
        whole = data[: data.rfind(b"\n") + 1]
        found = [*whole.splitlines(), *found]
        newest = newest or Place(file, begin + len(whole))
        if place.file == file:
            break
    return _rows(found), newest or place


def _files(path: Path) -> Iterator[tuple[int, BinaryIO]]:
    """Yield the files of a log and their numbers, the newest first.

    Each comes once, also when it is put aside while this looks.
    """
    seen: set[int] = set()
    for file in (path, *(_aside(path, n + 1) for n in range(KEPT))):
        try:
            handle = file.open("rb")
        except OSError:
            continue
        with handle:
            number = os.fstat(handle.fileno()).st_ino
            if number not in seen:
                seen.add(number)
                yield number, handle


def _aside(path: Path, number: int) -> Path:
    """Return where a log is put aside: 1 is the latest."""
    return path.with_suffix(f".{number}.jsonl")


def _rows(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for line in lines:
        try:
            row = msgspec.json.decode(line)
        except UNREADABLE:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows
