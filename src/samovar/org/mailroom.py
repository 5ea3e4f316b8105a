"""The virtual inboxes: what each agent has not yet read in the outboxes it may read.

An idle look costs one stat for each outbox. Names and entries are not kept in memory, but for the
latest few of each outbox; a reader's place is a sequence number in its own folder (see bookmark).
"""

import math
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from samovar.core.errors import Missing, SetupError
from samovar.core.text import joined
from samovar.org.outbox import Named, OutboxEntry, is_for, listed, named, outbox_of, read
from samovar.org.resume import PEOPLE
from samovar.org.roster import Roster

TAIL = 256
"""Names kept of each outbox."""
REMEMBERED = 2000
"""Refused files remembered, so that each is reported once."""
_RACE = 2_000_000_000
"""Nanoseconds within which a folder may change again without a new time of change."""


class Unread(Struct, frozen=True):
    """What an agent has not read."""

    entries: tuple[OutboxEntry, ...] = ()
    """Those that are for it, in the order (tick, sender, sequence)."""
    place: Mapping[str, int] = {}
    """Where it stands in each outbox once it has read them."""


class _Box:
    """What is known of one outbox."""

    def __init__(self) -> None:
        self.changed = -1
        self.settled = False
        self.newest = 0
        self.highest = 0
        """The highest number there is, refused entries included."""
        self.count = 0
        self.tail: deque[Named] = deque(maxlen=TAIL)
        self.bad: dict[Named, int] = {}
        """Refused entries, with the time their file last changed."""

    def take_out(self, name: Named, changed: int) -> None:
        """Count an entry as refused until its file changes."""
        self.bad[name] = changed
        if name in self.tail:
            self.tail.remove(name)
            self.count -= 1
        self.newest = self.tail[-1].seq if self.tail else self.newest


class Mailroom:
    """The outboxes of a home, looked through for every reader."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._boxes: dict[str, _Box] = {}
        self._waiting: set[str] = set()
        self._roster: Roster | None = None
        self._told: dict[str, str] = {}
        self._fresh: list[str] = []

    def look(self, roster: Roster) -> None:
        """Find out which outboxes changed, and so who may have something to read."""
        if roster is not self._roster:
            self._roster = roster
            self._waiting = set(roster.resumes)
        writers = [*roster.resumes, PEOPLE]
        for gone in self._boxes.keys() - set(writers):
            del self._boxes[gone]
        for writer in writers:
            if not self._look(writer):
                continue
            if writer == PEOPLE:
                self._waiting |= set(roster.resumes)
            else:
                self._waiting |= roster.readers[writer]

    def waiting(self) -> frozenset[str]:
        """Return who may have something to read; all others have nothing."""
        return frozenset(self._waiting)

    def wrote(self, writer: str) -> None:
        """Take note that an entry was just written, without waiting for the next look."""
        if writer in self._boxes:
            self._boxes[writer].settled = False

    def stand(self, place: Mapping[str, int], since: int) -> dict[str, int]:
        """Return where a reader stands in the outboxes as they are now; `since` is its latest turn.

        Numbers begin anew where an outbox was emptied or its agent hired again, and go back where
        it was restored: there, what was written from that turn on was not read.
        """
        return {writer: self._stand(writer, seq, since) for writer, seq in place.items()}

    def unread(self, reader: str, place: Mapping[str, int], tick: int, limit: int) -> Unread:
        """Return what an agent is to read as of a tick: entries of earlier ones, at most `limit`.

        People are heard in the tick they write in: nobody knows their order among the agents.
        """
        assert self._roster is not None, "look comes first"
        writers = sorted(self._roster.reads.get(reader, frozenset()))
        behind = [w for w in (*writers, PEOPLE) if self._newest(w) > place.get(w, 0)]
        if not behind:
            self._waiting.discard(reader)
            return Unread(place=dict(place))
        resume = self._roster.resumes[reader]
        ways = [self._since(w, place.get(w, 0), tick) for w in behind]
        new, mine, ahead = dict(place), list[OutboxEntry](), False
        for _, writer, name in merge(*ways):
            if name is None:
                ahead = True
                continue
            entry = self._entry(writer, name)
            if entry is None:
                continue
            if is_for(entry, resume):
                if len(mine) == limit:
                    break
                mine.append(entry)
            new[writer] = name.seq
        if not mine and not ahead:
            self._waiting.discard(reader)
        return Unread(tuple(mine), new)

    def refused(self) -> list[str]:
        """Return what was refused or begins anew since the last call, each once: one line each."""
        found, self._fresh = self._fresh, []
        return found

    def count(self) -> int:
        """Return how many entries all outboxes hold."""
        return sum(box.count for box in self._boxes.values())

    def names(self, writer: str) -> list[Named]:
        """Return what an outbox holds by its names, the oldest first."""
        return listed(outbox_of(self.home, writer))

    def latest(self, writers: Sequence[str], limit: int, after: str = "") -> list[OutboxEntry]:
        """Return the latest good entries of some outboxes, the latest first.

        `after` is the id of one of them: those that were written before it. Raises Missing when
        there is none of that id.
        """
        end = self._place(writers, after) if after else (math.inf, 0, "")
        names = self._tail if limit <= TAIL and not after else self.names
        places = [((n.tick, n.seq, w), n) for w in writers for n in names(w)]
        found: list[OutboxEntry] = []
        for place, name in sorted(places, reverse=True):
            entry = self._entry(place[2], name) if place < end else None
            if entry is not None:
                found.append(entry)
            if len(found) == limit:
                break
        return found

    def _place(self, writers: Sequence[str], id: str) -> tuple[float, int, str]:
        """Return where an entry stands among all: its tick, its number and its outbox."""
        sender, _, number = id.rpartition("/")
        writer = PEOPLE if sender.startswith("person:") else sender
        names = self.names(writer) if writer in writers else []
        found = next((n for n in names if str(n.seq) == number), None)
        if found is None:
            raise Missing(f"there is no message {id[:60]!r} to go on after: begin anew")
        return found.tick, found.seq, writer

    def _look(self, writer: str) -> bool:
        """Bring up to date what is known of an outbox; return whether it changed."""
        box = self._boxes.setdefault(writer, _Box())
        path = outbox_of(self.home, writer)
        try:
            changed = os.stat(path, follow_symlinks=False).st_mtime_ns
        except OSError:
            changed = 0
        if changed == box.changed and box.settled:
            return False
        box.settled = abs(time.time_ns() - changed) > _RACE
        before = (box.newest, box.count, box.highest)
        box.changed = changed
        self._scan(writer, path, box)
        return (box.newest, box.count, box.highest) != before

    def _scan(self, writer: str, path: Path, box: _Box) -> None:
        if path.is_symlink():
            self._refuse(str(path), f"{path}: is a symbolic link; refused")
            return
        found: list[Named] = []
        box.highest = 0
        for file in _files(path):
            name = named(file)
            box.highest = max(box.highest, name.seq if name else 0)
            if name in box.bad and box.bad[name] == _changed(path / file):
                continue
            if name is not None:
                found.append(name)
            elif not file.startswith("."):
                place = str(path / file)
                self._refuse(place, f"{place}: is not named as an entry is; refused")
        found.sort()
        twins = [a for a, b in pairwise(found) if a.seq == b.seq]
        for name in twins:
            self._judge_twins(writer, [n for n in found if n.seq == name.seq], found)
        box.count = len(found)
        box.newest = found[-1].seq if found else 0
        box.tail = deque(found[-TAIL:], maxlen=TAIL)

    def _judge_twins(self, writer: str, same: list[Named], found: list[Named]) -> None:
        """Keep the one good entry among several with one number; two good ones are refused."""
        good = [n for n in same if self._entry(writer, n) is not None]
        for name in same:
            if good != [name] and name in found:
                found.remove(name)
        for name in good if len(good) > 1 else ():
            place = str(outbox_of(self.home, writer) / name.file)
            self._refuse(place, f"{place}: another entry has the same number; refused")

    def _stand(self, writer: str, seq: int, since: int) -> int:
        box = self._boxes.get(writer)
        # An empty one tells nothing: it may be on its way elsewhere and back.
        if box is None or not 0 < box.highest < seq:
            return seq
        path = outbox_of(self.home, writer)
        why = "it was emptied or restored, or its agent was hired again"
        said = f"{path}: its numbers begin anew ({why}); what came since is read"
        self._refuse(f"{path}, anew", said)
        return max((n.seq for n in self.names(writer) if n.tick < since), default=0)

    def _newest(self, writer: str) -> int:
        box = self._boxes.get(writer)
        return box.newest if box else 0

    def _tail(self, writer: str) -> list[Named]:
        box = self._boxes.get(writer)
        return list(box.tail) if box else []

    def _since(
        self, writer: str, seq: int, tick: int
    ) -> Iterator[tuple[tuple[int, str, int], str, Named | None]]:
        """Yield the names after a place; a last None says that more belong to later ticks."""
        box = self._boxes[writer]
        whole = len(box.tail) == box.count or (box.tail and box.tail[0].seq <= seq + 1)
        latest = tick if writer == PEOPLE else tick - 1
        for name in list(box.tail) if whole else self.names(writer):
            if name.seq <= seq or name in box.bad:
                continue
            if name.tick > latest:
                yield (2**62, writer, name.seq), writer, None
                return
            yield (name.tick, writer, name.seq), writer, name

    def _entry(self, writer: str, name: Named) -> OutboxEntry | None:
        box = outbox_of(self.home, writer)
        try:
            return read(box, writer, name)
        except SetupError as error:
            self._refuse(str(box / name.file), str(error))
            if writer in self._boxes:
                self._boxes[writer].take_out(name, _changed(box / name.file))
            return None

    def _refuse(self, place: str, why: str) -> None:
        if place in self._told:
            return
        while len(self._told) >= REMEMBERED:
            del self._told[next(iter(self._told))]
        self._told[place] = why
        self._fresh.append(joined(why))
        del self._fresh[:-REMEMBERED]


def _changed(path: Path) -> int:
    try:
        return os.lstat(path).st_ctime_ns
    except OSError:
        return -1


def _files(path: Path) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []
