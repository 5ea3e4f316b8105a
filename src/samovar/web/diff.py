"""A unified difference as rows to show, with the changed words of a changed line marked. Pure."""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

Kind = Literal["same", "old", "new", "hunk", "note"]
FOLD = 400
"""A file with more rows than this is shown folded."""


class Piece(Struct, frozen=True):
    """A part of a line; marked when it is what changed."""

    text: str
    marked: bool = False


class DiffLine(Struct, frozen=True):
    """One line of a difference."""

    kind: Kind
    pieces: tuple[Piece, ...]
    old: int | None = None
    new: int | None = None


class FileDiff(Struct, frozen=True):
    """The difference of one file."""

    path: str
    lines: tuple[DiffLine, ...]
    added: int
    removed: int

    @property
    def folded(self) -> bool:
        """Whether it is too long to be shown at once."""
        return len(self.lines) > FOLD


def parse(diff: str) -> list[FileDiff]:
    """Return the files of a unified difference as git prints it."""
    files: list[FileDiff] = []
    for part in re.split(r"^(?=diff --git )", diff, flags=re.M):
        if part.strip():
            files.append(_file(part.split("\n")))
    return files


def _file(rows: Sequence[str]) -> FileDiff:
    lines = tuple(_marked(list(_lines(rows))))
    added = sum(line.kind == "new" for line in lines)
    removed = sum(line.kind == "old" for line in lines)
    return FileDiff(_path(rows), lines, added, removed)


def _path(rows: Sequence[str]) -> str:
    for row in rows:
        if row.startswith(("+++ ", "--- ")) and not row.endswith("/dev/null"):
            found = row[4:].strip().strip('"')
            if row.startswith("+++ ") or "+++ /dev/null" in rows:
                return found[2:] if found[:2] in ("a/", "b/") else found
    return rows[0].rpartition(" b/")[2] if rows else ""


def _lines(rows: Sequence[str]) -> Iterator[DiffLine]:
    old = new = 0
    inside = False
    for row in rows:
        hunk = re.match(r"@@ -(\d+)(?:,\d+)? \+(\d+)", row)
        if hunk:
            old, new, inside = int(hunk[1]), int(hunk[2]), True
            yield DiffLine("hunk", (Piece(row),))
        elif not inside:
            if row and not row.startswith(("diff --git ", "index ", "--- ", "+++ ")):
                yield DiffLine("note", (Piece(row),))
        elif row.startswith("+"):
            yield DiffLine("new", (Piece(row[1:]),), None, new)
            new += 1
        elif row.startswith("-"):
            yield DiffLine("old", (Piece(row[1:]),), old)
            old += 1
        elif row.startswith(" "):
            yield DiffLine("same", (Piece(row[1:]),), old, new)
            old, new = old + 1, new + 1
        elif row.startswith("\\"):
            yield DiffLine("note", (Piece(row[2:]),))


def _marked(lines: list[DiffLine]) -> Iterator[DiffLine]:
    """Mark changed words where as many lines were removed as were added in their place."""
    place = 0
    while place < len(lines):
        old = _block(lines, place, "old")
        new = _block(lines, place + len(old), "new")
        if not old or len(old) != len(new):
            yield lines[place]
            place += 1
            continue
        pairs = [_words(a, b) for a, b in zip(old, new, strict=True)]
        yield from (a for a, _ in pairs)
        yield from (b for _, b in pairs)
        place += len(old) + len(new)


def _block(lines: list[DiffLine], place: int, kind: Kind) -> list[DiffLine]:
    end = place
    while end < len(lines) and lines[end].kind == kind:
        end += 1
    return lines[place:end]


def _words(old: DiffLine, new: DiffLine) -> tuple[DiffLine, DiffLine]:
    a = re.findall(r"\w+|\s+|.", old.pieces[0].text)
    b = re.findall(r"\w+|\s+|.", new.pieces[0].text)
    if len(a) + len(b) > 400:
        return old, new
    match = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if match.ratio() < 0.4:
        return old, new
    left: list[Piece] = []
    right: list[Piece] = []
    for what, i, j, k, end in match.get_opcodes():
        left += [Piece("".join(a[i:j]), what != "equal")] if j > i else []
        right += [Piece("".join(b[k:end]), what != "equal")] if end > k else []
    return (
        DiffLine("old", tuple(left), old.old),
        DiffLine("new", tuple(right), None, new.new),
    )
