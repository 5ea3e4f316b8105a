"""Which notes were touched since the last look: told by the kernel, without asking each file.

Source: inotify(7). What comes through another hard link of a file, or is written by another machine
of a network file system, the kernel does not tell.
"""

import ctypes
import io
import os
import struct
import sys
from pathlib import Path

_ACTS = 0x002 | 0x004 | 0x008 | 0x040 | 0x080 | 0x100 | 0x200
"""Modified, its facts changed, closed after writing, moved away, moved here, made, deleted."""
_EVENT = struct.Struct("iIII")
_ROOM = 1 << 16


class Watch:
    """A watch over the notes of a folder; where the kernel has none to give, anything may be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._events: io.FileIO | None = None
        self._place = (0, 0)
        """Which folder is watched: another one may come to bear its name."""

    def renew(self) -> None:
        """Watch the folder that has this name now; what happened before counts no more."""
        self._events = self._events or _events()
        if self._events is None:
            return
        path = os.fsencode(self.folder)
        if ctypes.CDLL(None).inotify_add_watch(self._events.fileno(), path, _ACTS) < 0:
            self.close()
        else:
            self._place = self._there()
            self.touched()

    def touched(self) -> frozenset[str] | None:
        """Return the ids of notes touched since this was last asked; None where nobody can tell."""
        if self._events is None:
            return None
        names: list[str] = []
        while rows := self._events.read(_ROOM):
            names += _names(rows)
        if "" in names or self._there() != self._place:
            return None
        return frozenset(n[:-3] for n in names if n.endswith(".md") and not n.startswith("."))

    def _there(self) -> tuple[int, int]:
        try:
            found = os.stat(self.folder)
        except FileNotFoundError:
            return 0, 0
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """End the watch."""
        if self._events is not None:
            self._events.close()
        self._events = None


def _events() -> io.FileIO | None:
    """Return what events are read from; None where the kernel has none to give."""
    if sys.platform != "linux":
        return None
    number = ctypes.CDLL(None).inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    return io.FileIO(number) if number >= 0 else None


def _names(rows: bytes) -> list[str]:
    """Return the name in each event; an empty one stands for the folder itself, or for too many."""
    names: list[str] = []
    place = 0
    while place < len(rows):
        *_, length = _EVENT.unpack_from(rows, place)
        place += _EVENT.size
        names.append(os.fsdecode(rows[place : place + length].rstrip(b"\0")))
        place += length
    return names
