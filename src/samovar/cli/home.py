"""Which home a command means."""

import os
from pathlib import Path

from samovar.boot import home_near
from samovar.core.errors import SetupError
from samovar.repo.command import Place

VARIABLE = "SAMOVAR_HOME"


async def find_home(folder: Path | None) -> Path:
    """Return the home a folder is, or belongs to. Raises SetupError saying how to make one.

    Without a folder: SAMOVAR_HOME, then the present folder and those above it.
    """
    given = folder or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    start = (given or Path()).absolute()
    for place in (start,) if given else (start, *start.parents):
        for home in (place, place / Place.HOME):
            if is_home(home):
                if home.name == Place.HOME:
                    await home_near(place)  # refuses one that came with its repository
                return home
    raise SetupError(f"there is no team in {start}: make one with 'samovar bootstrap'")


def is_home(folder: Path) -> bool:
    """Whether a team lives here; a project may well have a package called `agents`."""
    return any((folder / "agents").glob("*/resume.json"))
