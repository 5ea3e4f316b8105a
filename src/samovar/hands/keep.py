"""Keeping what an agent made and no commit takes: plots, tables, large files."""

from collections.abc import Iterable
from pathlib import Path

from samovar.companion.clone import clone
from samovar.core.errors import SetupError, ToolError
from samovar.tools import beneath


def keep(root: Path, paths: Iterable[str], folder: Path) -> None:
    """Copy plain files of a workspace to a folder, each to its own path; one that is gone is none.

    Done again after a crash, it comes to the same. Raises SetupError for what cannot be copied.
    """
    for path in paths:
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with beneath.spot(root, path) as place, open(beneath.opened(place), "rb") as file:
                clone(file, target)
        except beneath.Missing:
            continue
        except (OSError, ToolError) as error:
            raise SetupError(f"cannot keep {path} in {folder}: {error}") from error
