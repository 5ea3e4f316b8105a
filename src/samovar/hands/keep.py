"""Keeping what an agent made and no commit takes: plots, tables, large files."""

import os
from collections.abc import Iterable
from pathlib import Path

from samovar.companion.clone import clone
from samovar.core.errors import SetupError, ToolError
from samovar.tools import beneath

MOST = 200
"""Files that are kept of a run."""
ROOM = 64 << 20
"""Bytes of all files that are kept of a run."""


def keep(root: Path, paths: Iterable[str], folder: Path) -> int:
    """Copy plain files of a workspace to a folder, each to its own path; one that is gone is none.

    Return the number of those there was no room for. Done again after a crash, it comes to the
    same. Raises SetupError for what cannot be copied.
    """
    sizes: list[int] = []
    rest = 0
    for path in paths:
        room = ROOM - sum(sizes) if len(sizes) < MOST else -1
        try:
            sizes.append(_copied(root, path, folder / path, room))
        except beneath.Missing:
            continue
        except _Full:
            rest += 1
        except (OSError, ToolError) as error:
            raise SetupError(f"cannot keep {path} in {folder}: {error}") from error
    return rest


class _Full(Exception):
    """There is no room for a file."""


def _copied(root: Path, path: str, target: Path, room: int) -> int:
    """Copy a file of at most so many bytes; return how many it has."""
    with beneath.spot(root, path) as place, open(beneath.opened(place), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > room:
            raise _Full
        target.parent.mkdir(parents=True, exist_ok=True)
        clone(file, target)
    return size
