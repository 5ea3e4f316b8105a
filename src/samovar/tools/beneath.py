"""Opening files below one folder, and never anywhere else.

Each name of a path is opened by itself, relative to the folder before it and without following
links; links are read and followed by hand. So a program that swaps a folder for a link at the
right moment gains nothing. Source: openat(2), path_resolution(7).
"""

import errno
import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from samovar.core.errors import ToolError
from samovar.core.way import INSIDE, owner

LENGTH = 1024
"""Longest accepted path, in characters."""
_LINKS = 40
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Missing(ToolError):
    """Nothing has that name."""


@dataclass(frozen=True)
class Spot:
    """A name in an open folder; whether anything has that name is not said."""

    folder: int
    name: str
    parts: tuple[str, ...]
    """The whole way from the root, without links; empty for the root itself."""

    @property
    def path(self) -> str:
        """The way as text; `.` for the root."""
        return "/".join(self.parts) or "."


@contextmanager
def spot(root: Path, path: str, *, make: bool = False) -> Iterator[Spot]:
    """Find the place a path leads to; folders on the way are made if `make`.

    Raises ToolError for a path that leads out, belongs to git or samovar, or goes through what is
    no folder.
    """
    walk = _Walk(root, path)
    try:
        yield walk.to_the_end(make)
    except OSError as error:
        raise _told(path, error) from error
    finally:
        walk.close()


def opened(place: Spot) -> int:
    """Open the regular file at a spot for reading. Raises ToolError for anything else."""
    try:
        number = os.open(place.name, _FILE, dir_fd=place.folder)
    except OSError as error:
        raise _told(place.path, error) from error
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        return number
    os.close(number)
    kind = "a folder: use list_files" if stat.S_ISDIR(mode) else "a device or a pipe, not a file"
    raise ToolError(f"{place.path} is {kind}")


class _Walk:
    """One way from the root, name by name, with every folder on it held open."""

    def __init__(self, root: Path, path: str) -> None:
        self.root = root
        self.path = path
        self.names: list[str] = []
        self.folders = [os.open(root, _FOLDER & ~os.O_NOFOLLOW)]
        self.links = 0
        try:
            self.todo = _split(_relative(root, path))
        except ToolError:
            self.close()
            raise

    def close(self) -> None:
        while self.folders:
            os.close(self.folders.pop())

    def to_the_end(self, make: bool) -> Spot:
        while self.todo:
            name = self.todo.pop()
            if name == "..":
                self._up()
            elif target := self._target(name):
                self._follow(target)
            elif self.todo:
                self._into(name, make)
            else:
                return Spot(self.folders[-1], name, (*self.names, name))
        return Spot(self.folders[-1], ".", tuple(self.names))

    def _up(self) -> None:
        if not self.names:
            raise ToolError(f"{self.path!r} leads out of the workspace")
        self.names.pop()
        os.close(self.folders.pop())

    def _target(self, name: str) -> str:
        """Return where a link points to; nothing for what is no link."""
        who = owner(name)
        if who:
            raise ToolError(f"{self.path!r} belongs to {who}, not to the project")
        try:
            return os.readlink(name, dir_fd=self.folders[-1])
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return ""
            raise

    def _follow(self, target: str) -> None:
        self.links += 1
        if self.links > _LINKS:
            raise ToolError(f"{self.path!r} goes round in links")
        if target.startswith("/"):
            target = _relative(self.root, target, f"{self.path!r} is a link out of the workspace")
            while self.names:
                self._up()
        self.todo += _split(target)

    def _into(self, name: str, make: bool) -> None:
        here = self.folders[-1]
        if make:
            _make(name, here)
        self.folders.append(os.open(name, _FOLDER, dir_fd=here))
        self.names.append(name)


def _make(name: str, here: int) -> None:
    try:
        os.mkdir(name, 0o755, dir_fd=here)
    except FileExistsError:
        return
    if os.geteuid() == 0:
        above = os.fstat(here)
        os.chown(name, above.st_uid, above.st_gid, dir_fd=here, follow_symlinks=False)


def _split(path: str) -> list[str]:
    """Return the names of a path, the first one last."""
    return [n for n in reversed(path.split("/")) if n not in ("", ".")]


def _relative(root: Path, path: str, complaint: str = "") -> str:
    """Return a path relative to the root. Raises ToolError for one that starts elsewhere."""
    if not path.strip() or len(path) > LENGTH:
        raise ToolError(f"a path of {len(path)} characters is not allowed")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in path):
        raise ToolError(f"{path!r} holds a character no path may hold")
    if path.startswith("~"):
        raise ToolError(f"{path!r} lies outside the workspace: name a path relative to it")
    if not path.startswith("/"):
        return path
    for start in (os.fspath(root), os.path.realpath(root), INSIDE):
        if path == start or path.startswith(f"{start}/"):
            return path[len(start) :].lstrip("/")
    raise ToolError(complaint or f"{path!r} lies outside the workspace: name a path relative to it")


def _told(path: str, error: OSError) -> ToolError:
    if error.errno == errno.ENOENT:
        return Missing(f"there is no {path!r}; list_files shows what there is")
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return ToolError(f"{path!r} goes through something that is no folder")
    return ToolError(f"{path!r}: {error.strerror}")
