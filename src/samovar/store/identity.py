"""The id of a home: by it a database is known to be its own, wherever the home lies."""

import fcntl
import os
import secrets
from pathlib import Path

from samovar.core.errors import SetupError
from samovar.core.log import write

FILE = "team.id"


def identity(home: Path) -> str:
    """Return the id of a home; made when it is asked for first. Raises SetupError."""
    path = home / FILE
    try:
        return _said(path) or _made(path)
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror}; mend its rights") from error


def known(home: Path) -> str:
    """Return the id of a home; empty where it has none yet."""
    return _said(home / FILE)


def foreign(home: Path, shown: str, id: str, place: str) -> SetupError:
    """Return what is said of a database that is another team's."""
    return SetupError(
        f"the database {shown} belongs to the team in {place}: set SAMOVAR_DATABASE_URL to another "
        f"one, each team has its own; or, if this is that team, write {id} into {home / FILE}"
    )


def _said(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""


def _made(path: Path) -> str:
    """Make an id; of several processes that open a new home at once, one does."""
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not _said(path):
            write(path, f"{secrets.token_hex(16)}\n".encode())
        return _said(path)
    finally:
        os.close(handle)
