"""Which paths a change may touch. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from samovar.core.errors import ToolError
from samovar.core.way import owner

LENGTH = 1024
"""Longest accepted path, in bytes."""
_UNSEEN = ("Cc", "Cs", "Cf", "Zl", "Zp")
"""Kinds of characters that nobody sees: control, half, format, ends of lines."""


def check(path: str) -> str:
    """Return the path if it is plainly inside the project. Raises ToolError with the reason."""
    if not path or len(path.encode("utf-8", "surrogatepass")) > LENGTH:
        raise ToolError(f"a path of {len(path)} characters is not allowed")
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        raise ToolError(f"{path!r} is not relative to the project")
    if "\\" in path or any(unicodedata.category(c) in _UNSEEN for c in path):
        raise ToolError(f"{path!r} holds a character no path may hold")
    for part in path.split("/"):
        if part in ("", ".", ".."):
            raise ToolError(f"{path!r} is not a plain path inside the project")
        if owner(part) == "git":
            raise ToolError(f"{path!r} belongs to git, not to the project")
    return path


def check_against(path: str, entries: Mapping[str, str]) -> str:
    """Return the path if it may be written in a tree of `entries` (path to git mode).

    Raises ToolError for symbolic links, submodules, paths below a file, folders, and names that
    differ from an existing one only by upper and lower case.
    """
    check(path)
    mode = entries.get(path, "100644")
    if mode not in ("100644", "100755", "100664"):
        raise ToolError(f"{path!r} is a symbolic link or a submodule and cannot be edited")
    parts = path.split("/")
    for parent in ("/".join(parts[:n]) for n in range(1, len(parts))):
        if entries.get(parent) == "160000":
            raise ToolError(f"{path!r} lies in the submodule {parent!r}: work on it there")
        if parent in entries:
            raise ToolError(f"{path!r} lies below {parent!r}, which is not a folder")
    return path


def collisions(paths: Iterable[str], entries: Mapping[str, str]) -> None:
    """Raise ToolError if a new path is a folder, or is another name but for its case."""
    wanted = [p for p in paths if p not in entries]
    if not wanted:
        return
    existing = _with_folders(entries)
    folders = _with_folders(p.rpartition("/")[0] for p in wanted) | existing - entries.keys()
    known = {_folded(name): name for name in existing}
    for path in wanted:
        for name in _with_folders([path]):
            other = known.setdefault(_folded(name), name)
            if other != name and name not in existing:
                raise ToolError(f"{name!r} differs from {other!r} only by case: use {other!r}")
        if path in folders:
            raise ToolError(f"{path!r} is a folder")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _with_folders(paths: Iterable[str]) -> set[str]:
    names: set[str] = set()
    for path in paths:
        while path and path not in names:
            names.add(path)
            path = path.rpartition("/")[0]
    return names
