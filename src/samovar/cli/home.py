"""Which home a command means."""

import os
from pathlib import Path

from samovar.core.errors import SetupError

VARIABLE = "SAMOVAR_HOME"


async def find_home(folder: Path | None) -> Path:
    """Return the home a folder is, or belongs to. Raises SetupError saying how to make one.

    Without a folder: SAMOVAR_HOME, then the present folder and those above it.
    """
    given = folder or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    start = (given or Path()).absolute()
    for place in (start,) if given else (start, *start.parents):
        for home in (place, place / ".samovar"):
            if is_home(home):
                return home
    raise SetupError(f"there is no team in {start}: make one with 'samovar bootstrap'")


def is_home(folder: Path) -> bool:
    """Whether a team lives here; a project may well have a package called `agents`."""
    return any((folder / "agents").glob("*/resume.json"))
