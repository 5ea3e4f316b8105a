"""The `.samovar` folder of a repository: where its runs, settings and notes lie."""

from pathlib import Path

from samovar.core.errors import SetupError, Untrusted
from samovar.repo import git
from samovar.repo.command import Place
from samovar.repo.git import Git


def home_of(repo: Git) -> Path:
    """Return the .samovar folder of a repository; git is told to leave it alone."""
    home = repo.place.home
    if repo.place.main is None:
        return home
    home.mkdir(mode=0o700, exist_ok=True)
    note = home / ".gitignore"
    if not note.exists():
        note.write_text("*\n")
    return home


async def home_near(folder: Path) -> Path:
    """Return where the home of a folder is, or would be: at the top of its repository, if any."""
    try:
        return (await git.open(folder)).place.home
    except Untrusted:
        raise
    except SetupError:
        return folder / Place.HOME
