"""Patterns over paths, as rules write them.

`*`, `?` and `[ab]` stay within a folder, `**` goes over folders. A pattern that begins with `/` or
`~` speaks of whole paths. Any other speaks of the way from the root, so that no folder above it
counts: without a slash of any name on that way, with one of its end at any depth, after `./` of
all of it.
"""

import os
import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase, translate

from samovar.core.way import inside


def fits(pattern: str, path: str, root: str, *, beyond: bool) -> bool:
    """Whether a pattern speaks of a whole path.

    One that is not whole itself speaks of paths outside the root only if `beyond`, and is held
    against all of them then.
    """
    if _is_whole(pattern):
        return _form(pattern).fullmatch(path) is not None
    near = inside(path, root)
    if near is None and not beyond:
        return False
    way = path if near is None else near
    if "/" not in pattern:
        return any(fnmatchcase(name, pattern) for name in way.split("/"))
    return _form(pattern).fullmatch(way) is not None


def sieve(patterns: Iterable[str], root: str) -> Callable[[str], bool]:
    """Return what says at a glance whether any of the patterns speaks of a whole path."""
    kinds: dict[str, list[str]] = {"whole": [_NONE], "name": [_NONE], "way": [_NONE]}
    for pattern in set(patterns):
        kind = "whole" if _is_whole(pattern) else "way" if "/" in pattern else "name"
        kinds[kind].append(translate(pattern) if kind == "name" else _form(pattern).pattern)
    whole, name, way = (re.compile("|".join(kinds[kind])) for kind in ("whole", "name", "way"))

    def caught(path: str) -> bool:
        near = inside(path, root)
        seen = path if near is None else near
        return bool(
            whole.fullmatch(path)
            or way.fullmatch(seen)
            or any(name.match(each) for each in seen.split("/"))
        )

    return caught


_NONE = r"(?!)"
"""Fits nothing."""
_SPECIAL = re.compile(r"(\*\*/?|\*|\?|\[!?\]?[^\]/]*\])")


def _is_whole(pattern: str) -> bool:
    return os.path.expanduser(pattern).startswith("/")


def _form(pattern: str) -> re.Pattern[str]:
    """Return a pattern as a regular expression over what it speaks of."""
    wanted = os.path.expanduser(pattern)
    if wanted.endswith("/"):
        wanted += "**"
    if not wanted.startswith(("/", "./")):
        wanted = f"**/{wanted}"
    parts = _SPECIAL.split(wanted.removeprefix("./"))
    text = "".join(_one(part) for part in parts)
    # What forbids all within a folder forbids the folder.
    text = re.sub(r"/\.\*$", "(?:/.*)?", text)
    return re.compile(f"(?s:{text})")


def _one(part: str) -> str:
    """Return a piece of a pattern as a piece of a regular expression."""
    forms = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    if part in forms:
        return forms[part]
    # What the standard library makes of one character, without its begin `(?s:` and its end `)\Z`.
    return f"(?!/){translate(part)[4:-3]}" if _SPECIAL.fullmatch(part) else re.escape(part)
