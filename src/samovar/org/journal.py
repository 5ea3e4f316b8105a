"""Logs of agents and of the engine: one line of JSON each, with the time, in rotated files."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from samovar.core.log import now

_log = logging.getLogger(__name__)
LARGEST = 1_000_000
"""Bytes of a file before it is put aside."""
KEPT = 3
"""Files put aside, at most."""


class Journal:
    """The log in one folder. A line that cannot be written is dropped: a log stops nobody."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = now) -> None:
        self.path = folder / "log.jsonl"
        self.clock = clock

    def add(self, event: str, **facts: Any) -> None:
        """Write a line."""
        row = {"at": self.clock(), "event": event, **{k: v for k, v in facts.items() if v != ""}}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size > LARGEST:
                self._rotate()
            with self.path.open("ab") as handle:
                handle.write(msgspec.json.encode(row) + b"\n")
        except OSError:
            return

    def _rotate(self) -> None:
        for number in range(KEPT - 1, 0, -1):
            older = self.path.with_suffix(f".{number}.jsonl")
            if older.exists():
                older.replace(self.path.with_suffix(f".{number + 1}.jsonl"))
        self.path.replace(self.path.with_suffix(".1.jsonl"))


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


def tail(path: Path, lines: int) -> list[dict[str, Any]]:
    """Return the last lines of a log; damaged ones are left out."""
    try:
        with path.open("rb") as handle:
            found = deque(handle, maxlen=lines)
    except OSError:
        return []
    return _rows(found)


def read_on(path: Path, place: int) -> tuple[list[dict[str, Any]], int]:
    """Return the lines of a log after a place, in bytes, and where the last whole one ends.

    Damaged ones are left out. A file that ends before the place is a new one, read from its begin.
    """
    try:
        with path.open("rb") as handle:
            handle.seek(place if place <= path.stat().st_size else 0)
            begin, data = handle.tell(), handle.read()
    except OSError:
        return [], place
    whole = data[: data.rfind(b"\n") + 1]
    return _rows(whole.splitlines()), begin + len(whole)


def _rows(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for line in lines:
        try:
            row = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows
