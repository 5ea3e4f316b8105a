"""One engine for a home: a lock that dies with its process."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samovar.core.errors import SetupError

FILE = "engine.lock"


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the home. Raises SetupError naming the process that has it."""
    path = home / FILE
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SetupError(
            f"cannot write {path}: {error.strerror}; run 'samovar bootstrap'"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SetupError(
                f"an engine works on {home} already (process {_pid(handle)}): "
                "stop it first, or look at it with 'samovar status'"
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def holder(home: Path) -> int:
    """Return the process whose engine works on a home; 0 for none."""
    try:
        handle = os.open(home / FILE, os.O_RDONLY)
    except OSError:
        return 0
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _pid(handle)
    else:
        return 0
    finally:
        os.close(handle)


def _pid(handle: int) -> int:
    """Return the process that is written in the lock; -1 when none is, a moment after it began."""
    for _ in range(50):
        text = os.pread(handle, 32, 0).strip()
        if text.isdigit():
            return int(text)
        time.sleep(0.01)
    return -1
