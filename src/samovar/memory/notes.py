"""The notes of one agent: a folder of Markdown files, which are the truth."""

import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from samovar.core.errors import SetupError, ToolError
from samovar.core.log import now, sync, write
from samovar.memory.note import LONGEST, Note, Speaker, labels, parse, render, slug, whole

_LARGEST = 1 << 20
"""Bytes of a file that is still taken for a note."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class Stamp(Struct, frozen=True):
    """What the file system says of a file: enough to see that it was changed."""

    modified: int
    """Nanoseconds."""
    size: int
    """Bytes."""


class Notes:
    """A folder of notes. People may add, edit and delete its files at any time."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = now) -> None:
        self.folder = folder
        self.clock = clock

    def add(self, text: str, said_by: Speaker, tags: Sequence[str] = (), origin: str = "") -> Note:
        """Write a note to the disk and return it. Raises ToolError for an empty or long text."""
        plain = whole(text)
        if not plain:
            raise ToolError("a note needs a text: say in a sentence what to remember")
        if len(plain) > LONGEST:
            raise ToolError(
                f"a note has at most {LONGEST:,} characters, not {len(plain):,}: "
                "keep the gist, or write a file and note its path"
            )
        note = Note(
            id=self._free(slug(plain)),
            at=self.clock(),
            said_by=said_by,
            text=plain,
            tags=labels(tags),
            origin=origin,
        )
        self._prepare()
        write(self._path(note.id), render(note).encode())
        return note

    def read(self, id: str) -> Note:
        """Return one note. Raises ToolError when there is none of that name."""
        path = self._path(id)
        try:
            facts = os.lstat(path)
            text = path.read_bytes()[:_LARGEST].decode("utf-8", "replace")
        except (OSError, ValueError) as error:
            raise ToolError(f"there is no note {id!r}: search for it first") from error
        return parse(id, text, datetime.fromtimestamp(facts.st_mtime, UTC))

    def peek(self, id: str) -> Note | None:
        """Return one note, or None when it has just gone."""
        try:
            return self.read(id)
        except ToolError:
            return None

    def forget(self, id: str) -> Note:
        """Delete one note and return what it said. Raises ToolError when there is none."""
        note = self.read(id)
        try:
            self._path(id).unlink()
            sync(self.folder)
        except OSError as error:
            raise SetupError(f"cannot delete {self._path(id)}: {error.strerror}") from error
        return note

    def changed(self) -> int:
        """Return when a file was last added, deleted or replaced, in nanoseconds."""
        try:
            return os.stat(self.folder).st_mtime_ns
        except FileNotFoundError:
            return 0

    def stamp(self, id: str) -> Stamp | None:
        """Return the stamp of one note's file, as `stamps` does; None where there is none."""
        try:
            return _stamp(self._path(id))
        except (OSError, ToolError):
            return None

    def stamps(self) -> dict[str, Stamp]:
        """Return every note's id with the stamp of its file; links and folders do not count."""
        try:
            rows = os.scandir(self.folder)
        except FileNotFoundError:
            return {}
        with rows:
            files = [row for row in rows if row.name.endswith(".md") and row.name[0] != "."]
            found = {row.name[:-3]: _stamp(row) for row in files}
        return {id: stamp for id, stamp in found.items() if stamp is not None}

    def all(self) -> Iterator[Note]:
        """Yield every note, in the order of their names."""
        for id in sorted(self.stamps()):
            yield self.read(id)

    def latest(self) -> list[Note]:
        """Return every note, the latest first."""
        return sorted(self.all(), key=lambda note: note.at, reverse=True)

    def _path(self, id: str) -> Path:
        if not id or id.startswith(".") or "/" in id or "\0" in id:
            raise ToolError(f"{id[:80]!r} is no name of a note: take one that a search shows")
        return self.folder / f"{id}.md"

    def _free(self, begin: str) -> str:
        while True:
            id = f"{begin}-{secrets.token_hex(2)}"
            if not self._path(id).exists():
                return id

    def _prepare(self) -> None:
        """Make the folder; what is computed from the notes stays out of a person's git."""
        if not (self.folder / ".gitignore").exists():
            write(self.folder / ".gitignore", b".index.db*\n")


def _stamp(file: os.DirEntry[str] | Path) -> Stamp | None:
    """Return a file's stamp; None for one that is gone, a link, a folder, or what is too large."""
    try:
        facts = file.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    fits = stat.S_ISREG(facts.st_mode) and facts.st_size <= _LARGEST
    return Stamp(facts.st_mtime_ns, facts.st_size) if fits else None


def folder_of(home: Path, agent: str) -> Path:
    """Return where an agent's notes lie. Raises SetupError for a name that is no plain word."""
    if not _NAME.fullmatch(agent):
        raise SetupError(
            f"{agent[:80]!r} is no name of an agent: letters, digits, '-' and '_' only"
        )
    return home / "agents" / agent / "memory"
