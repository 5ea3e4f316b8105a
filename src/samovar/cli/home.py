"""Which home a command means."""

import os
from pathlib import Path

from samovar.core.errors import Missing, SetupError, Untrusted
from samovar.org import lock
from samovar.repo import git
from samovar.repo.command import Place
from samovar.repo.git import Git
from samovar.repo.home import home_near, home_of

VARIABLE = "SAMOVAR_HOME"


async def find_home(folder: Path | None) -> Path:
    """Return the home a folder is, or belongs to. Raises Missing saying how to make one.

    Without a folder: SAMOVAR_HOME, then the present folder and those above it. Raises SetupError
    where the variable names no home: no other place is meant then.
    """
    named = "" if folder else os.environ.get(VARIABLE, "")
    given = folder or (Path(named) if named else None)
    start = (given or Path()).absolute()
    places = (start,) if given else (start, *start.parents)
    homes = (home for place in places for home in (place, place / Place.HOME))
    found = next((home for home in homes if is_home(home)), None)
    if found is None and is_home(near := await home_near(start)):
        return near  # of the repository whose linked worktree this is
    if found is None and named:
        raise SetupError(f"{VARIABLE} names {start}, where no team is: make one, or unset it")
    if found is None:
        raise Missing(f"there is no team in {start}: make one with 'samovar bootstrap'")
    if found.name == Place.HOME:
        await home_near(found.parent)  # refuses one that came with its repository
    return found


async def find_home_or_project(folder: Path | None) -> Path:
    """Return the home of a team, else that of the repository a folder is in. Raises SetupError."""
    try:
        return await find_home(folder)
    except Missing as nobody:
        try:
            return home_of(await git.open((folder or Path()).absolute()))
        except SetupError as error:
            raise SetupError(f"{nobody}; nor is it a repository to serve: {error}") from error


async def runs_near(folder: Path) -> tuple[Git | None, Path]:
    """Return the repository a folder is in and its `.samovar`; without one, the home of a team.

    Raises SetupError where neither is.
    """
    try:
        opened = await git.open(folder)
    except Untrusted:
        raise
    except SetupError as error:
        try:
            return None, await find_home(None if folder == Path() else folder)
        except Missing:
            raise error from None
    return opened, opened.place.home


async def find_home_or_place(folder: Path | None) -> Path:
    """Return the home of a team, else where that of a folder is, or would be."""
    try:
        return await find_home(folder)
    except Missing:
        place = (folder or Path()).absolute()
        return place if place.name == Place.HOME else await home_near(place)


def is_home(folder: Path) -> bool:
    """Whether a team lives here; a project may well have a package called `agents`."""
    return any((folder / "agents").glob("*/resume.json"))


def hint(home: Path) -> None:
    """Say how to begin where nobody works."""
    if not lock.holder(home):
        print("no engine runs: samovar run-once does one tick, samovar up all of them")
