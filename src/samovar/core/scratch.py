"""Folders for a while, in the system's folder for such: what a killed process left is cleared away.

Whoever makes one holds a lock on it, which the kernel drops with the process (flock(2)).
"""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType

PREFIX = "samovar-tmp-"
ENTERED = 0o711
"""Mode of a folder that other users may enter, such as that of the sandbox."""
FRESH = 60.0
"""Seconds a folder is left alone: it may not be locked yet."""


class Scratch:
    """An empty folder, removed with `close`, or after a kill by a later `sweep`."""

    def __init__(self, mode: int = 0o700) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.path.chmod(mode)
        self._lock = os.open(self.path, os.O_RDONLY)
        with suppress(OSError):
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        """Remove the folder as far as that is allowed."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def sweep() -> None:
    """Remove the folders of processes that are gone; those of other users are left alone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            found = folder.lstat()
            ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
            if ours and time.time() - found.st_mtime > FRESH:
                _remove(folder)


sweep_once = cache(sweep)


def _remove(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)
