"""Where events are kept: one line of JSON each, on the disk before the next step starts."""

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from samovar.core.errors import UNREADABLE, SetupError, Unwritable
from samovar.core.event import Entry, Event

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Entry)


def now() -> datetime:
    """Return the present time, in UTC."""
    return datetime.now(UTC)


class MemoryLog:
    """A log that lasts as long as the process; for tests and trials."""

    def __init__(self, events: Sequence[Event] = ()) -> None:
        self.entries = [Entry(n, now(), event) for n, event in enumerate(events)]

    def append(self, event: Event, /) -> Entry:
        """Keep the event."""
        entry = Entry(len(self.entries), now(), event)
        self.entries.append(entry)
        return entry

    def read(self) -> Sequence[Entry]:
        """Return every entry."""
        return tuple(self.entries)


class JsonlLog:
    """A log in one file: a line is written with one call and fsynced before `append` returns.

    A line that a crash cut short is dropped when the log is opened again: it was never
    acknowledged. Damage anywhere else is an error that names the file and the line.
    """

    def __init__(self, path: Path, *, clock: Callable[[], datetime] = now) -> None:
        self.path = path
        self.clock = clock
        self._length: int | None = None

    def append(self, event: Event, /) -> Entry:
        """Store the event durably. Raises Unwritable, also when the disk is read-only."""
        if self._length is None:
            self._length = len(self._mend())
        entry = Entry(self._length, self.clock(), event)
        try:
            line = _encoder.encode(entry) + b"\n"
        except UnicodeEncodeError as error:
            raise SetupError(
                f"a text holds half a character and cannot be kept: {error}"
            ) from error
        try:
            _append(self.path, line)
        except OSError as error:
            self._length = None
            raise Unwritable(
                f"cannot write {self.path}: {error.strerror}; "
                "free space or mend its rights, then 'samovar resume'"
            ) from error
        self._length += 1
        return entry

    def read(self) -> Sequence[Entry]:
        """Return every whole entry. Raises SetupError when the file is damaged."""
        return read(self.path)

    def _mend(self) -> Sequence[Entry]:
        """Drop a half line at the end, if a crash left one, and return what remains."""
        entries = self.read()
        if self.path.exists():
            data = self.path.read_bytes()
            whole = data.rfind(b"\n") + 1
            if whole < len(data):
                _truncate(self.path, whole)
        return entries


def read(path: Path) -> tuple[Entry, ...]:
    """Return the whole entries of a log file; a missing file holds none.

    Raises SetupError naming the file and the line that is damaged.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror}") from error
    entries: list[Entry] = []
    for number, line in enumerate(lines, 1):
        try:
            entry = _decoder.decode(line)
        except UNREADABLE as error:
            raise SetupError(f"{path}, line {number}: {error}; restore the file") from error
        if entry.seq != len(entries):
            raise SetupError(
                f"{path}, line {number}: entry {entry.seq} where {len(entries)} belongs"
            )
        entries.append(entry)
    return tuple(entries)


def _truncate(path: Path, length: int) -> None:
    try:
        os.truncate(path, length)
    except OSError as error:
        raise SetupError(f"cannot mend {path}: {error.strerror}") from error


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        start = os.fstat(handle).st_size
        try:
            written = os.write(handle, line)
            if written != len(line):
                raise OSError(28, "no space left on device")
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, start)
            raise
    finally:
        os.close(handle)
    if new:
        sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, data: bytes) -> None:
    """Replace a file as a whole: after a crash it is the old one or the new one, never half.

    Its mode stays as it was. Raises Unwritable, also when the disk is read-only.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(fresh, "wb") as handle:
            with suppress(FileNotFoundError):
                os.fchmod(handle.fileno(), stat.S_IMODE(path.stat().st_mode))
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(fresh, path)
        sync(path.parent)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise Unwritable(
            f"cannot write {path}: {error.strerror}; free space there or mend its rights"
        ) from error


def plain(path: str | Path, most: int, owner: int | None = None, *, shared: bool = False) -> bytes:
    """Return what a plain file holds, whoever left it there; of one name, unless `shared`.

    Raises OSError with the reason in words, also for more than `most` bytes and, where an owner (a
    user's number) is given, for another user's file.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or (found.st_nlink != 1 and not shared):
            raise OSError(errno.EINVAL, "is not a plain file of its own")
        if found.st_size > most:
            raise OSError(errno.EFBIG, f"has {found.st_size} bytes, at most {most}")
        if owner is not None and found.st_uid != owner:
            raise OSError(errno.EPERM, "was written by another user")
        return os.read(handle, found.st_size)
    finally:
        os.close(handle)


def hold(folder: Path) -> int:
    """Hold a run, so that no second process works on it; return a handle to close.

    The lock dies with the process. Raises SetupError when another one has it.
    """
    handle = os.open(folder / "lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise SetupError(f"run {folder.name} is being worked on by another process") from error
    return handle
