"""How much memory and disk a running command takes, measured from outside."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DEEP = 200
"""Folders below folders, beyond which a tree counts as too large."""


@dataclass(frozen=True)
class Size:
    """What a tree of files takes."""

    bytes: int
    names: int


def tree_size(folder: Path, *, most: int) -> Size:
    """Return the blocks and names below a folder; counting stops beyond `most` names.

    A tree deeper than 200 folders counts as `most` names: nothing else makes such trees.
    """
    total = names = 0
    waiting = [(os.fspath(folder), 0)]
    while waiting:
        place, depth = waiting.pop()
        for entry in _entries(place):
            names += 1
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                total += found.st_blocks * 512
                if stat.S_ISDIR(found.st_mode):
                    waiting.append((entry.path, depth + 1))
        if names > most or depth > DEEP:
            return Size(total, most + 1)
    return Size(total, names)


def free(folder: Path) -> Size:
    """Return the bytes and names the file system of a folder has left."""
    found = os.statvfs(folder)
    return Size(found.f_bavail * found.f_frsize, found.f_ffree)


def used(folder: Path) -> Size:
    """Return the bytes and names in use on the file system of a folder."""
    found = os.statvfs(folder)
    return Size((found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree)


def memory(table: Path) -> int:
    """Return the bytes of private and shared memory of all processes a /proc shows."""
    return sum(_resident(p / "status") for p in _processes(table))


def unlinked(table: Path) -> int:
    """Return the bytes of files that have no name any more but are still open."""
    seen: dict[tuple[int, int], int] = {}
    for process in _processes(table):
        for entry in _entries(str(process / "fd")):
            with suppress(OSError):
                found = os.stat(entry.path)
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                    seen[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(seen.values())


def child(pid: int) -> int:
    """Return a process's first child; 0 when it has none, or the kernel does not tell."""
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    return 0


def available() -> int:
    """Return the bytes of memory the machine has left; a large number where it does not say."""
    with suppress(OSError, ValueError), open("/proc/meminfo") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 1 << 60


def _processes(table: Path) -> Iterator[Path]:
    return (table / e.name for e in _entries(str(table)) if e.name.isdecimal())


def _resident(status: Path) -> int:
    total = 0
    with suppress(OSError, ValueError, IndexError):
        for line in status.read_text("ascii", "replace").splitlines():
            if line.startswith(("RssAnon:", "RssShmem:")):
                total += int(line.split()[1]) * 1024
    return total


def _entries(place: str) -> Iterator[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(place) as rows:
        yield from rows
