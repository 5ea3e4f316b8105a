"""Functions, classes and methods as pieces of a text, and putting other pieces there. Pure."""

import difflib
import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import ToolError
from samovar.core.text import one_line

NAMES = 20
"""Names shown when one is not found."""
_KINDS = (
    r"[@#]",
    "export",
    "default",
    "declare",
    "pub|private|protected",
    "abstract",
    "static",
    "override",
    "readonly",
    "get|set",
)
"""Kinds of decorators (the first) and modifiers, in the order TypeScript wants them written."""


class Symbol(Struct, frozen=True, kw_only=True):
    """A definition; places are numbers of characters in the text."""

    name: str
    """With the classes or functions around it: `Tree.insert`."""
    start: int
    """Where its first decorator or keyword stands; not its indentation."""
    end: int
    """Behind its last letter, or the comment on its last line."""
    line: int
    core: int
    """Behind its decorators and modifiers."""
    leaf: tuple[int, int]
    """Where its own name stands."""
    marks: tuple[tuple[int, int], ...] = ()
    """Where its decorators and modifiers stand, in their order; `async` is none of them."""
    inside: int = -1
    """Where a new member goes; -1 for what takes none."""
    member: str = ""
    """The indentation of its members."""
    empty: bool = False
    """Whether it has braces with nothing between them."""
    whole: tuple[int, int] | None = None
    """The statement it stands in together with others, such as `var a = ..., b = ...;`."""

    @property
    def own(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]


class Language(Protocol):
    """What is known about one programming language."""

    def symbols(self, text: str, /) -> Sequence[Symbol]:
        """Return every definition in order. Raises ToolError for what cannot be parsed."""
        ...

    def uses(self, text: str, symbol: Symbol, new: str, /) -> Iterable[tuple[int, int]]:
        """Return where the name of a symbol stands, its definitions included.

        Raises ToolError when the new name is taken or no name.
        """
        ...

    def defined(self, code: str, /) -> Sequence[Symbol]:
        """Return the outermost definitions in a piece of code."""
        ...

    def broken(self, text: str, /) -> int:
        """Return how many places of a text cannot be parsed."""
        ...

    def literal(self, code: str, /) -> set[int]:
        """Return the lines, counted from 0, that begin inside a string and must not be moved."""
        ...


def pick(symbols: Sequence[Symbol], name: str) -> Symbol:
    """Return the one symbol of a name; `name@12` is the one at line 12.

    Raises ToolError that names the nearest ones, or the lines of several.
    """
    wanted, _, line = name.replace(".<locals>.", ".").replace("::", ".").partition("@")
    found = [s for s in symbols if s.name == wanted]
    if not found and "." not in wanted:
        found = [s for s in symbols if s.own == wanted]
    if line:
        found = [s for s in found if str(s.line) == line]
    if len(found) == 1:
        return found[0]
    if found:
        ways = ", ".join(f"{s.name}@{s.line}" for s in found)
        raise ToolError(f"{len(found)} definitions are called {wanted!r}: name one of {ways}")
    names = list(dict.fromkeys(s.name for s in symbols))
    near = difflib.get_close_matches(wanted, names, 5, 0.5) or names[:NAMES]
    raise ToolError(f"there is no {name!r} here; there is: {', '.join(near) or 'no definition'}")


def keeping(text: str, old: Symbol, code: str, new: Symbol) -> tuple[Symbol, str, str]:
    """Return a symbol and code for its place that take away no decorator and no modifier.

    Of a kind that the code has itself the code's own stand. Third comes what to say of it.
    """
    own = {_kind(code, mark) for mark in new.marks}
    kept = [m for m in old.marks if _kind(text, m) not in own]
    ahead = takewhile(lambda m: _kind(text, m) == 0, old.marks)
    front = 0 if 0 in own or code[: new.start].strip() else len(list(ahead))
    for mark in sorted(kept[front:], key=lambda m: _kind(text, m), reverse=True):
        higher = (m[0] for m in new.marks if _kind(code, m) > _kind(text, mark))
        place = next(higher, new.core)
        gap = " " if _kind(text, mark) else "\n"
        code = code[:place] + text[slice(*mark)] + gap + code[place:]
    start = old.marks[front][0] if front < len(old.marks) else old.core
    return replace(old, start=start), code, _told(text, old, kept, code)


def _told(text: str, old: Symbol, kept: Sequence[tuple[int, int]], code: str) -> str:
    """Say which decorators and modifiers were kept, and which the code has changed."""
    gone = [m for m in old.marks if m not in kept and text[slice(*m)] not in code]
    said = (
        f", {verb} " + " ".join(one_line(text[slice(*m)], 40) for m in marks)
        for verb, marks in (("kept", kept), ("without", gone))
        if marks
    )
    return "".join(said)


def _kind(text: str, mark: tuple[int, int]) -> int:
    return next(n for n, kind in enumerate(_KINDS) if re.match(kind, text[slice(*mark)]))


def replaced(text: str, symbol: Symbol, code: str, language: Language) -> str:
    """Return the text with other code in the place of a symbol; all the rest stays."""
    indent = indentation(text, symbol.start)
    return text[: symbol.start] + fitted(code, indent, text, language) + text[symbol.end :]


def inserted(text: str, symbol: Symbol | None, code: str, language: Language) -> str:
    """Return the text with code at the end of a class, behind a function, or at its own end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if symbol is None:
        gap = newline * 2 if text.endswith("\n") else newline * 3
        return text + (gap if text.strip() else "") + fitted(code, "", text, language) + newline
    if symbol.inside >= 0:
        new = symbol.member + fitted(code, symbol.member, text, language)
        if symbol.empty:
            around = indentation(text, symbol.start)
            new = newline + new + newline + around
        else:
            new = newline * 2 + new
        return text[: symbol.inside] + new + text[symbol.inside :]
    start, end = symbol.whole or (symbol.start, symbol.end)
    indent = indentation(text, start)
    gap = newline * (2 if indent else 3)
    return text[:end] + gap + indent + fitted(code, indent, text, language) + text[end:]


def renamed(text: str, places: Iterable[tuple[int, int]], new: str) -> str:
    """Return the text with a name written at all the places."""
    for start, end in sorted(set(places), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def fitted(code: str, indent: str, text: str, language: Language) -> str:
    """Return code with the indentation and the line ends of the place it goes to.

    Its first line comes without indentation: that stands there already. Lines inside strings
    stay as they are.
    """
    rows = code.replace("\r\n", "\n").strip("\n").split("\n")
    fixed = language.literal("\n".join(rows))
    loose = [r for n, r in enumerate(rows) if n not in fixed and r.strip()]
    if _first_was_cut(loose, indent):
        rows[0] = indent + rows[0]
        loose[0] = rows[0]
    margin = min((_depth(r) for r in loose), default=0)
    unit = "\t" if _tabs(text, indent) and not any(r.startswith("\t") for r in rows) else ""
    width = _width(rows, margin)
    moved = [
        r if n in fixed else _moved(r, margin, indent, unit, width) for n, r in enumerate(rows)
    ]
    moved[0] = moved[0].removeprefix(indent)
    return ("\r\n" if "\r\n" in text else "\n").join(moved)


def _moved(row: str, margin: int, indent: str, unit: str, width: int) -> str:
    if not row.strip():
        return row
    own = row[min(margin, _depth(row)) :]
    if unit:
        spaces = len(own) - len(own.lstrip(" "))
        own = unit * (spaces // width) + " " * (spaces % width) + own[spaces:]
    return indent + own


def _first_was_cut(rows: Sequence[str], indent: str) -> bool:
    """Whether code was copied from its place, but for the indentation of its first line."""
    if not indent or len(rows) < 2 or _depth(rows[0]):
        return False
    if not all(r.startswith(indent) for r in rows[1:]):
        return False
    # A bracket that closes the signature stands as deep as the definition itself.
    depths = [_depth(r) for r in rows[1:] if r.strip()[0] not in ")]}#"] or [len(indent)]
    if rows[0].startswith(("@", "#[")):
        return min(depths) == len(indent)
    if rows[-1][len(indent) :].startswith("}"):
        return True
    # Below two spaces, four are either: code cut from there, or written as most people write.
    doubtful = min(depths) in (3, 4) and all(d % 4 == 0 for d in depths)
    return min(depths) > len(indent) and not doubtful


def _depth(row: str) -> int:
    return len(row) - len(row.lstrip(" \t"))


def _tabs(text: str, indent: str) -> bool:
    tabs = len(re.findall(r"^\t", text, re.MULTILINE))
    return "\t" in indent or (not indent and tabs > len(re.findall(r"^  ", text, re.MULTILINE)))


def _width(rows: Sequence[str], margin: int) -> int:
    depths = {_depth(r) - margin for r in rows if r.strip()}
    return min((d for d in depths if d > 1), default=4)


def indentation(text: str, place: int) -> str:
    """Return the white space at the begin of the line of a place."""
    start = max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1
    return text[start : place - len(text[start:place].lstrip(" \t\f"))]
