"""The index over a folder of notes: full text and vectors in one SQLite file beside them.

The files are the truth: what people add, delete, replace or edit is noticed at the next question,
by `watch`, which names what was touched, and by the folder's time of change. Where it cannot name
them, all files are asked for their time, which takes 15 to 40 ms for ten thousand. A damaged index
is made anew.
What was forgotten is no longer readable in any byte of it: pages are overwritten, the full text is
written anew, the journal is emptied.
"""

import hashlib
import math
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from samovar.core.errors import SetupError
from samovar.memory.note import Note
from samovar.memory.notes import Notes, Stamp
from samovar.memory.watch import Watch
from samovar.memory.words import spaced, terms

MANY = 500
"""Notes from which their folder is watched: fewer are asked sooner, and a user has 128 watches."""
VERSION = 3
"""Another number makes every index anew."""
_SCHEMA = Path(__file__).with_name("index.sql").read_text()

_AROUND = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH),
}
"""Errors of SQLite that making the index anew would not mend."""

T = TypeVar("T")


class Index:
    """Full text and vectors of one folder of notes; its methods may be called from any thread."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.path = notes.folder / ".index.db"
        self._lock = threading.Lock()
        self._base: sqlite3.Connection | None = None
        self._seen: dict[str, Stamp] = {}
        self._version = -1
        self._folder = -1
        self._watch: Watch | None = None
        self._traces = True
        """Whether the journal may hold what was forgotten."""
        self.changes = 0
        """Counts up whenever a note or a vector changed."""
        self._fresh: set[str] | None = None
        """Notes that changed since `fresh` was asked; None where any may have."""

    def refresh(self) -> None:
        """Take in what changed in the folder since last time."""
        self._do(self._refresh)

    def matches(self, question: str, limit: int) -> list[tuple[str, float]]:
        """Return the notes that share words with a question, the best first.

        Each comes with the share of the question's words it holds, the rare ones counting more.
        """
        return self._do(lambda base: _matches(base, question, limit))

    def pending(self, model: str) -> list[tuple[str, bytes]]:
        """Return the notes, by id and checksum, without a vector of this model; latest first."""
        query = (
            "SELECT id, sha256 FROM notes LEFT JOIN vectors USING (number) "
            "WHERE model IS NOT ? ORDER BY number DESC"
        )
        return self._do(lambda base: base.execute(query, (model,)).fetchall())

    def keep(self, model: str, vectors: Mapping[tuple[str, bytes], bytes]) -> None:
        """Store vectors of notes, unless a note changed in the meantime."""
        query = (
            "INSERT OR REPLACE INTO vectors "
            "SELECT number, ?, ? FROM notes WHERE id = ? AND sha256 = ?"
        )
        rows = [(model, v, id, digest) for (id, digest), v in vectors.items()]
        self._do(lambda base: base.executemany(query, rows))
        self._changed(id for id, _ in vectors)

    def vectors(self, model: str, only: Collection[str] | None = None) -> list[tuple[str, bytes]]:
        """Return the vectors of a model with the ids of their notes; those of some, if named."""
        query = "SELECT id, vector FROM notes JOIN vectors USING (number) WHERE model = ?"
        if only is None:
            return self._do(lambda base: base.execute(query, (model,)).fetchall())
        one = f"{query} AND id = ?"
        return self._do(lambda base: [row for id in only for row in base.execute(one, (model, id))])

    def fresh(self) -> frozenset[str] | None:
        """Return the notes that changed since this was last asked; None where any may have."""
        with self._lock:
            found, self._fresh = self._fresh, set()
        return None if found is None else frozenset(found)

    def _changed(self, ids: Iterable[str]) -> None:
        if self._fresh is not None:
            self._fresh.update(ids)
        self.changes += 1

    def alike(self, text: str, tags: tuple[str, ...]) -> list[str]:
        """Return the notes of just these words and tags, by id."""
        query = "SELECT id FROM notes WHERE sha256 = ?"
        asked = (_checksum(text, tags),)
        return self._do(lambda base: [id for (id,) in base.execute(query, asked)])

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._shut()
            if self._watch is not None:
                self._watch.close()
            self._watch = None

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do some work in a transaction; on a damaged database, once more on a new one."""
        with self._lock:
            try:
                return self._within(work)
            except sqlite3.DatabaseError as error:
                if not _damaged(error):
                    self._version = -1
                    raise SetupError(f"{self.path}: {error}; if it stays, delete it") from error
                self._discard()
            try:
                self._within(self._refresh)
                return self._within(work)
            except sqlite3.Error as error:
                raise SetupError(f"{self.path} cannot be made anew: {error}") from error

    def _within(self, work: Callable[[sqlite3.Connection], T]) -> T:
        base = self._open()
        with base:
            done = work(base)
        if self._traces:
            busy, _, _ = base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._traces = bool(busy)
        return done

    def _open(self) -> sqlite3.Connection:
        if self._base is None:
            self.notes.folder.mkdir(parents=True, exist_ok=True)
            base = sqlite3.connect(self.path, timeout=10, check_same_thread=False)
            self._base = base
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = NORMAL")
            base.execute("PRAGMA secure_delete = ON")
            if base.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                for name in ("notes", "words", "vectors"):
                    base.execute(f"DROP TABLE IF EXISTS {name}")
                # Pages that were freed before may still hold what was forgotten.
                base.execute("VACUUM")
            base.executescript(f"{_SCHEMA}PRAGMA user_version = {VERSION};")
            self._seen, self._version, self._traces = {}, -1, True
        return self._base

    def _shut(self) -> None:
        if self._base is not None:
            self._base.close()
            self._base = None

    def _discard(self) -> None:
        self._shut()
        for end in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        self._fresh = None
        self.changes += 1

    def _refresh(self, base: sqlite3.Connection) -> None:
        version = base.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            rows = base.execute("SELECT id, modified, size FROM notes")
            self._seen, self._version = {id: Stamp(at, size) for id, at, size in rows}, version
            self._fresh = None
            self.changes += 1
            self._folder = -1
        news = self._news()
        if not news:
            return
        there = {id: stamp for id, stamp in news.items() if stamp is not None}
        gone = news.keys() - there.keys()
        _remove(base, gone)
        for id, stamp in there.items():
            note = self.notes.peek(id)
            if note is not None:
                _take_in(base, note, stamp)
        if any(id in self._seen for id in news):
            # Full text only marks what is deleted; the words stay until its parts are merged.
            base.execute("INSERT INTO words (words) VALUES ('optimize')")
            self._traces = True
        self._seen |= there
        for id in gone:
            del self._seen[id]
        self._changed(news)

    def _news(self) -> dict[str, Stamp | None]:
        """Return the notes that are not as they were, by id; None stands for one that is gone."""
        self._watch = self._watch or Watch(self.notes.folder)
        touched, changed = self._watch.touched(), self.notes.changed()
        if touched is not None and self._folder >= 0 and (touched or changed == self._folder):
            self._folder = changed
            found = {id: self.notes.stamp(id) for id in touched}
            return {id: stamp for id, stamp in found.items() if stamp != self._seen.get(id)}
        # First the watch: what happens while all files are asked is told afterwards.
        if len(self._seen) >= MANY:
            self._watch.renew()
        self._folder, there = self.notes.changed(), self.notes.stamps()
        ids = there.keys() | self._seen.keys()
        return {id: there.get(id) for id in ids if there.get(id) != self._seen.get(id)}


def _damaged(error: sqlite3.DatabaseError) -> bool:
    """Whether an error is about what the file holds, and not about the disk, rights or others."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF not in _AROUND


def _checksum(text: str, tags: tuple[str, ...]) -> bytes:
    return hashlib.sha256(f"{text}\0{tags}".encode("utf-8", "replace")).digest()


def _take_in(base: sqlite3.Connection, note: Note, stamp: Stamp) -> None:
    """Store a note anew; its vector stays if only the file's time changed."""
    digest = _checksum(note.text, note.tags)
    row = base.execute("SELECT number, sha256 FROM notes WHERE id = ?", (note.id,)).fetchone()
    if row is not None and row[1] == digest:
        values = (stamp.modified, stamp.size, row[0])
        base.execute("UPDATE notes SET modified = ?, size = ? WHERE number = ?", values)
        return
    _remove(base, [note.id])
    number = base.execute(
        "INSERT INTO notes (id, modified, size, sha256) VALUES (?, ?, ?, ?)",
        (note.id, stamp.modified, stamp.size, digest),
    ).lastrowid
    base.execute(
        "INSERT INTO words (rowid, text, tags) VALUES (?, ?, ?)",
        (number, spaced(note.text), spaced(" ".join(note.tags))),
    )


def _remove(base: sqlite3.Connection, ids: Iterable[str]) -> None:
    for id in ids:
        row = base.execute("SELECT number FROM notes WHERE id = ?", (id,)).fetchone()
        if row is not None:
            for table, column in (("words", "rowid"), ("vectors", "number"), ("notes", "number")):
                base.execute(f"DELETE FROM {table} WHERE {column} = ?", row)  # noqa: S608


def _matches(base: sqlite3.Connection, question: str, limit: int) -> list[tuple[str, float]]:
    words = [f'"{word}"' for word in terms(question)]
    if not words:
        return []
    ranked = (
        "SELECT number, id FROM words JOIN notes ON number = words.rowid "
        "WHERE words MATCH ? ORDER BY bm25(words) LIMIT ?"
    )
    found = base.execute(ranked, (" OR ".join(words), limit)).fetchall()
    holders = [_holders(base, word) for word in words] if found else []
    total = base.execute("SELECT count(*) FROM notes").fetchone()[0]
    weights = [math.log(1 + (total - len(h) + 0.5) / (len(h) + 0.5)) for h in holders]
    return [
        (id, sum(w for w, h in zip(weights, holders, strict=True) if number in h) / sum(weights))
        for number, id in found
    ]


def _holders(base: sqlite3.Connection, word: str) -> set[int]:
    rows = base.execute("SELECT rowid FROM words WHERE words MATCH ?", (word,))
    return {number for (number,) in rows}
