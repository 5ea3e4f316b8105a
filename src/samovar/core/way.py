"""A path: as it is written, where its links lead, whom a name belongs to, where modules begin."""

import os
import posixpath
import re
import unicodedata
from contextlib import suppress

INSIDE = "/w"
"""Where a sandbox shows the workspace; models see such paths and name them."""
_LINKS = 40
"""Links on one way, at most; the system follows no more either."""
_LONGEST = 4096
"""Letters of a path the system takes."""
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
"""Characters some file systems, HFS+ among them, leave out when they compare names."""
_SOURCES = re.compile(r"((?!tests?/)[^/]+/)*?src(?=/)")
_OWNED = {
    re.compile(r"(\.git|git~[0-9]+)", re.IGNORECASE): "git",
    re.compile(r"\.samovar", re.IGNORECASE): "samovar",
}


def written(path: str, root: str) -> str:
    """Return a whole path by its letters alone; one that is relative starts at the root."""
    return posixpath.normpath(_whole(path.replace("\\", "/"), root))


def followed(path: str, root: str) -> str:
    """Return where a path leads, name by name; what is not there stays as it is written.

    A path or link that begins with INSIDE leads to the root, whose own way is taken as it is.
    """
    if len(path) > _LONGEST:
        return written(path, root)
    done, todo, links = "/", _names(_whole(path, root), root), _LINKS
    while todo:
        here = posixpath.normpath(posixpath.join(done, todo.pop()))
        target = "" if f"{root}/".startswith(f"{here}/") or not links else _target(here)
        if target:
            links -= 1
            done = "/" if target.startswith("/") else done
            todo += _names(target, root)
        else:
            done = here
    return done


def inside(path: str, root: str) -> str | None:
    """Return the way from the root to a whole path, empty for the root; None for one outside.

    INSIDE is the root by another name.
    """
    for top in (posixpath.normpath(root or "/").rstrip("/"), INSIDE):
        if f"{path}/".startswith(f"{top}/"):
            return path[len(top) + 1 :]
    return None


def owner(name: str) -> str:
    """Return whom a file or folder of this name belongs to, if not to the project."""
    bare = unicodedata.normalize("NFKC", _IGNORED.sub("", name)).split(":")[0].rstrip(". ")
    return next((who for form, who in _OWNED.items() if form.fullmatch(bare)), "")


def source_root(path: str) -> str:
    """Return the first `src` on the way to a file: from it the names of modules are told.

    Empty where there is none; what tests use is data.
    """
    found = _SOURCES.match(path)
    return found[0] if found else ""


def _whole(path: str, root: str) -> str:
    # Nobody can be called what raises here.
    with suppress(ValueError):
        path = os.path.expanduser(path)
    return posixpath.join(root or "/", path)


def _names(path: str, root: str) -> list[str]:
    """Return the names of a whole path, the first one last."""
    folder = f"{path}/"
    inside = folder.startswith(f"{INSIDE}/") and not folder.startswith(f"{root}/")
    whole = root + path.removeprefix(INSIDE) if inside else path
    return [name for name in reversed(whole.split("/")) if name]


def _target(path: str) -> str:
    """Return where a link points to; nothing for what is no link."""
    try:
        return os.readlink(path)
    except (OSError, ValueError):
        return ""
