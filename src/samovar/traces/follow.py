"""Logs as they grow, to spans. What was written before anybody followed is not told again."""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from samovar.core.errors import UNREADABLE
from samovar.core.event import Closed, Entry
from samovar.core.talk import Talk
from samovar.org.standing import present
from samovar.traces.runs import Work
from samovar.traces.span import Span
from samovar.traces.talks import Talking
from samovar.traces.ticks import Line, Turned, ticked

LOCK = "traces.lock"
REMEMBERED = 500
"""Ticks whose end is remembered."""
_entry = msgspec.json.Decoder(Entry)
_line = msgspec.json.Decoder(Line)


@dataclass
class Grown:
    """A file that lines are added to."""

    path: Path
    seen: int = 0
    """Bytes that were read, or were there before."""

    def lines(self, begin: int) -> list[tuple[int, bytes]]:
        """Return the whole lines from a place on, each with where it begins."""
        try:
            with open(self.path, "rb") as handle:
                handle.seek(begin)
                data = handle.read()
        except OSError:
            return []
        found: list[tuple[int, bytes]] = []
        for line in data.split(b"\n")[:-1]:
            found.append((begin, line))
            begin += len(line) + 1
        self.seen = begin
        return found


@dataclass
class Log:
    """The log of one run."""

    file: Grown
    texts: bool
    told: int = 0
    """Lines that begin before this place were written before anybody followed."""
    reader: Work | Talking | None = None

    def look(self) -> Iterator[Span]:
        """Yield what ended since the last look."""
        begin = self.file.seen if self.reader is not None else 0
        for place, line in self.file.lines(begin):
            try:
                entry = _entry.decode(line)
            except UNREADABLE:
                continue
            if self.reader is None:
                talk = isinstance(entry.event, Talk)
                self.reader = Talking(self.texts) if talk else Work(self.texts)
            spans = self.reader.feed(entry)
            if place >= self.told:
                yield from spans
            if isinstance(entry.event, Closed):
                # A closed run is forgotten; if it goes on, its log is read from the front again.
                self.told = max(self.told, place + len(line) + 1)
        if isinstance(self.reader, Work) and self.told >= self.file.seen:
            self.reader = None


@dataclass
class Home:
    """The logs of one home; a lock keeps a second process from telling the same."""

    path: Path
    texts: bool = False
    _logs: dict[str, Log] | None = None
    """None before the first look."""
    _diaries: dict[str, Grown] = field(default_factory=dict)
    _ends: dict[int, datetime] = field(default_factory=dict)
    """When the latest ticks were seen to end."""
    _lock: int = -1

    def look(self) -> list[Span]:
        """Return what ended since the last look; nothing while another process follows."""
        if not self._held():
            return []
        first = self._logs is None
        return [*self._runs(first), *self._ticks(first)]

    def close(self) -> None:
        """Let another process follow."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _runs(self, first: bool) -> list[Span]:
        logs = self._logs = self._logs if self._logs is not None else {}
        found: list[Span] = []
        for folder in _folders(self.path / "runs"):
            path = folder / "events.jsonl"
            size = _size(path)
            log = logs.get(folder.name)
            if log is None:
                before = size if first else 0
                log = logs[folder.name] = Log(Grown(path, before), self.texts, told=before)
            if size > log.file.seen:
                found += log.look()
        return found

    def _ticks(self, first: bool) -> list[Span]:
        tick = present(self.path)
        if tick in self._ends and not first:
            return []
        turns = self._turned(first)
        found: list[Span] = []
        for number in sorted(turns):
            since = max((at for n, at in self._ends.items() if n < number), default=None)
            spans = ticked(str(self.path), number, turns[number], since)
            # What is worked on beside the ticks ends when its own tick was told long ago.
            found += spans if number not in self._ends else spans[:-1]
            self._ends[number] = spans[-1].end
        self._ends[tick] = datetime.now(UTC)
        for old in sorted(self._ends)[:-REMEMBERED]:
            del self._ends[old]
        return found

    def _turned(self, first: bool) -> dict[int, list[Turned]]:
        """Return the new turns of every agent, by their tick."""
        turns: dict[int, list[Turned]] = {}
        for folder in _folders(self.path / "agents"):
            diary = self._diaries.get(folder.name)
            if diary is None:
                path = folder / "logs" / "log.jsonl"
                diary = self._diaries[folder.name] = Grown(path, _size(path) if first else 0)
            for turn in _turns(folder.name, diary):
                turns.setdefault(turn.line.tick, []).append(turn)
        return turns

    def _held(self) -> bool:
        if self._lock >= 0:
            return True
        try:
            handle = os.open(self.path / LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._lock = handle
        return True


@dataclass
class Follower:
    """Some homes, followed together."""

    homes: Callable[[], Sequence[Path]]
    texts: bool = False
    _known: dict[Path, Home] = field(default_factory=dict)

    def look(self) -> list[Span]:
        """Return what ended in all homes since the last look."""
        for path in self.homes():
            if path not in self._known:
                self._known[path] = Home(path, self.texts)
        return [span for home in self._known.values() for span in home.look()]

    def close(self) -> None:
        """Let other processes follow."""
        for home in self._known.values():
            home.close()


def _turns(agent: str, diary: Grown) -> Iterator[Turned]:
    size = _size(diary.path)
    if size < diary.seen:
        # The log was put aside and begun anew.
        diary.seen = 0
    if size == diary.seen:
        return
    for _, line in diary.lines(diary.seen):
        try:
            row = _line.decode(line)
        except UNREADABLE:
            continue
        if row.event in ("turn", "failed"):
            yield Turned(agent, row)


def _folders(place: Path) -> list[Path]:
    try:
        with os.scandir(place) as found:
            return [Path(e.path) for e in found]
    except OSError:
        return []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
