"""Making a team: `samovar bootstrap` and `samovar agent new`."""

from pathlib import Path
from shutil import which

import msgspec

from samovar.cli.end import printable
from samovar.cli.home import find_home, is_home
from samovar.core.errors import SetupError
from samovar.office import history_of
from samovar.org.found import HISTORY, found, hire
from samovar.repo import git
from samovar.repo.command import run
from samovar.repo.home import home_of


async def bootstrap(folder: Path | None, repo: Path | None, history: bool, as_json: bool) -> int:
    """Make what a home lacks; what is there stays as it is."""
    home, works_on = await _new_home(folder)
    if works_on:
        home_of(await git.open(home.parent))
    if repo is not None:
        opened = await git.open(repo)
        works_on = str(opened.place.root)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = found(home, works_on)
    except OSError as error:
        raise SetupError(f"cannot make a home in {home}: {error.strerror}") from error
    if history and which("git") and await history_of(home) is None:
        asked = await run("init", "--quiet", "--bare", "--initial-branch=main", str(home / HISTORY))
        if asked.status:
            raise SetupError(f"cannot begin a history in {home}: {asked.error.strip()}")
        made.append(HISTORY)
    if as_json:
        print(msgspec.json.encode({"home": str(home), "made": made}).decode())
        return 0
    print(printable(f"home       {home}"))
    print(f"made       {len(made)} files" if made else "made       nothing: all was there")
    if made and not works_on:
        print("repository none: developers need one, in permissions.repositories of their resumes")
    if made:
        print('next       samovar queue add "TASK", then samovar up')
    return 0


async def _new_home(folder: Path | None) -> tuple[Path, str]:
    """Return where a team is to be made, and the repository it works on, if there is one.

    The top of a project is never a home itself: what a team writes would be part of the project.
    """
    here = (folder or Path()).absolute()
    if is_home(here):
        return here, ""
    try:
        place = (await git.open(here)).place
    except SetupError:
        return here, ""
    within = place.work is not None and (folder is None or place.work == here.resolve())
    if not within:
        return here, ""
    return place.home, ".." if place.work == place.main else str(place.work)


async def new(name: str, folder: Path | None, as_json: bool) -> int:
    """Make an agent from the template."""
    path = hire(await find_home(folder), name)
    if as_json:
        print(msgspec.json.encode({"agent": name, "resume": str(path)}).decode())
    else:
        print(printable(f"made {path}: fill in what it is for, then 'samovar validate'"))
    return 0
