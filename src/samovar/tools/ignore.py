"""What .gitignore files leave out, and a walk over the rest. Source: gitignore(5)."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from samovar.core.errors import ToolError
from samovar.core.way import owner
from samovar.tools import beneath

MOST = 200_000
"""Names after which a walk ends."""
DEEP = 100
JUNK = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "node_modules"})
"""Folders that programs leave behind, and no project keeps in git."""
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Found:
    """One file of a walk."""

    path: str
    size: int
    link: bool = False
    ignored: bool = False
    """Whether a .gitignore leaves it out."""
    within: str = ""
    """The outermost folder above it that one leaves out as a whole."""


@dataclass(frozen=True)
class Rule:
    """One line of a .gitignore."""

    form: re.Pattern[str]
    """Fits a path relative to the folder of its .gitignore."""
    keeps: bool
    folders: bool
    """Whether it speaks of folders only."""


Levels = tuple[tuple[str, tuple[Rule, ...]], ...]
"""Folders with their rules, the innermost first."""


def rules(text: str) -> tuple[Rule, ...]:
    """Return the rules of a .gitignore, the last first: that one decides."""
    found = [r for line in text.splitlines()[:5000] if (r := _rule(line))]
    return tuple(reversed(found))


def ignored(levels: Levels, path: str, folder: bool) -> bool:
    """Whether a path is left out."""
    for start, known in levels:
        below = path[len(start) :]
        for rule in known:
            if (folder or not rule.folders) and rule.form.fullmatch(below):
                return not rule.keeps
    return False


def walk(root: Path, path: str = ".", most: int = MOST) -> Iterator[Found]:
    """Yield the regular files below a folder, in order, without those left out.

    Links are not followed and not listed. Raises ToolError for a path that is not allowed.
    """
    yield from (found for found in entries(root, path, most) if not found.link)


def entries(root: Path, path: str = ".", most: int = MOST) -> Iterator[Found]:
    """Yield what `walk` does, and links: to files, to folders, and to nothing."""
    yield from _from(root, path, most, every=False)


def everything(root: Path, path: str = ".", most: int = MOST) -> Iterator[Found]:
    """Yield what `entries` does, and what .gitignore files leave out."""
    yield from _from(root, path, most, every=True)


def hidden(root: Path, path: str = ".") -> list[Found]:
    """Return the regular files below a folder, whose path has no links, that `walk` leaves out.

    What programs leave behind is not among them, nor what a name with a dot in front keeps apart.
    """
    depth = 0 if path == "." else path.count("/") + 1
    return [
        f
        for f in everything(root, path)
        if f.ignored and not f.link and not _aside(f.path.split("/")[depth:])
    ]


def _aside(names: list[str]) -> bool:
    return any(name in JUNK or name.startswith(".") for name in names)


def _from(root: Path, path: str, most: int, *, every: bool) -> Iterator[Found]:
    with beneath.spot(root, path) as place:
        start = os.open(place.name, _FLAGS, dir_fd=place.folder)
        levels = _above(root, place.parts)
        prefix = "".join(f"{p}/" for p in place.parts)
    yield from islice(_below(start, prefix, levels, _Way(every)), most)


@dataclass(frozen=True)
class _Way:
    """How a walk came to a folder."""

    every: bool
    """Whether what is left out is walked over, too."""
    within: str = ""
    depth: int = 0

    def into(self, path: str, out: bool) -> "_Way":
        return _Way(self.every, self.within or (path if out else ""), self.depth + 1)


def _below(folder: int, prefix: str, levels: Levels, way: _Way) -> Iterator[Found]:
    """Yield what is below an open folder, and close it."""
    try:
        own = rules(_gitignore(folder))
        levels = ((prefix, own), *levels) if own else levels
        with os.scandir(folder) as rows:
            entries = sorted(rows, key=lambda e: e.name)
        for entry in entries:
            path = prefix + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            out = bool(way.within) or ignored(levels, path, is_folder)
            if owner(entry.name) or (out and not way.every):
                continue
            if is_folder and way.depth < DEEP:
                yield from _inner(entry.name, folder, f"{path}/", levels, way.into(path, out))
            elif entry.is_file(follow_symlinks=False):
                size = entry.stat(follow_symlinks=False).st_size
                yield Found(path, size, ignored=out, within=way.within)
            elif entry.is_symlink():
                yield Found(path, 0, link=True, ignored=out, within=way.within)
    finally:
        os.close(folder)


def _inner(name: str, above: int, prefix: str, levels: Levels, way: _Way) -> Iterator[Found]:
    try:
        folder = os.open(name, _FLAGS, dir_fd=above)
    except OSError:
        # It went away, turned into a link, or may not be entered.
        return
    yield from _below(folder, prefix, levels, way)


def _above(root: Path, parts: tuple[str, ...]) -> Levels:
    """Return the rules of the folders above one."""
    levels: list[tuple[str, tuple[Rule, ...]]] = []
    for n in range(len(parts)):
        with beneath.spot(root, "/".join(parts[:n]) or ".") as place:
            number = os.open(place.name, _FLAGS, dir_fd=place.folder)
        try:
            levels.insert(0, ("".join(f"{p}/" for p in parts[:n]), rules(_gitignore(number))))
        finally:
            os.close(number)
    return tuple(levels)


def _gitignore(folder: int) -> str:
    try:
        number = os.open(".gitignore", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return ""
    with open(number, "rb") as file:
        regular = stat.S_ISREG(os.fstat(number).st_mode)
        return file.read(1 << 20).decode("utf-8", "replace") if regular else ""


def _rule(line: str) -> Rule | None:
    line = re.sub(r"(?<!\\) +$", "", line.rstrip("\r"))
    keeps = line.startswith("!")
    line = line.removeprefix("!")
    folders = line.endswith("/")
    line = line.rstrip("/")
    if not line or (line.startswith("#") and not keeps):
        return None
    anchored = "/" in line
    text = _form(line.removeprefix("/"))
    try:
        return Rule(re.compile(text if anchored else f"(?:.*/)?{text}"), keeps, folders)
    except re.error:
        return None


def glob(pattern: str) -> re.Pattern[str]:
    """Return a glob over paths as a regular expression; without a slash it means the name.

    `{a,b}` stands for either. Raises ToolError for one that can fit nothing, such as `[z-a]`.
    """
    text = "|".join(_form(p.removeprefix("./").lstrip("/")) for p in _braces(pattern))
    try:
        return re.compile(f"(?:{text})" if "/" in pattern else f"(?:.*/)?(?:{text})")
    except re.error as error:
        raise ToolError(f"{pattern!r} is no glob: {error.msg}") from error


def _braces(pattern: str) -> list[str]:
    found = re.search(r"\{([^{}]*,[^{}]*)\}", pattern)
    if found is None or pattern.count("{") > 3:
        return [pattern]
    ways = (pattern[: found.start()] + w + pattern[found.end() :] for w in found[1].split(","))
    return [p for way in ways for p in _braces(way)]


_PARTS = re.compile(
    r"(?P<any>\*\*/)|(?P<rest>/\*\*$)|(?P<star>\*+)|(?P<one>\?)|(?P<set>\[!?\]?[^\]/]*\])|\\?(?P<plain>.)"
)


_MEANT = re.compile(r"[\\\[&~|]|(?<=-)-")
"""What a set of a regular expression reads, or warns that it may read, otherwise than a glob."""


def _form(pattern: str) -> str:
    said = ""
    for part in _PARTS.finditer(pattern):
        match part.lastgroup:
            case "any":
                said += "(?:.*/)?"
            case "rest":
                said += "/.*"
            case "star":
                said += "[^/]*"
            case "one":
                said += "[^/]"
            case "set":
                said += _set(part["set"])
            case _:
                said += re.escape(part["plain"])
    return said


def _set(text: str) -> str:
    inner = _MEANT.sub(r"\\\g<0>", text[1:-1])
    return f"[^{inner[1:]}/]" if inner.startswith("!") else f"[{inner}]"
