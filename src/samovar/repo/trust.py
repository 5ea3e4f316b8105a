"""Settings name models, programs and rules, so they never come with a repository."""

from pathlib import Path

from samovar.core.errors import Untrusted
from samovar.repo.command import Place, run


async def refuse_settings(work: Path) -> None:
    """Raise Untrusted where the home of samovar is under version control."""
    held = await run("-C", str(work), "ls-files", "-z", "--cached", "--", Place.HOME)
    if held.out:
        first = held.out.split(b"\0")[0].decode("utf-8", "replace")
        raise Untrusted(
            f"{work} brings {first} with it, and settings never come with a repository: look at "
            f"it, then take it out of git with 'git rm -r --cached {Place.HOME}'"
        )
