"""The files an agent works on: a copy of a repository, or a folder of its own."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samovar.app import MADE, made
from samovar.coder import repository
from samovar.companion.draft import Change, Draft, Made, open_draft
from samovar.core.errors import SetupError
from samovar.core.event import RUN, branch_of, marker
from samovar.core.log import write
from samovar.core.talk import Began
from samovar.core.text import count, file_names
from samovar.flow.commits import compose
from samovar.hands.keep import MOST, ROOM, keep
from samovar.org.resume import Resume
from samovar.org.seams import Job
from samovar.repo.git import Git
from samovar.repo.home import home_of
from samovar.sandboxes.workspace import remove
from samovar.tools import ignore

TEAM = "team"
"""The folder within an agent's own in which it finds what it may read of its team."""
_LISTED = 20


@dataclass
class Ground:
    """Where an agent works on one task."""

    home: Path
    """Whose `runs` the conversation lies in."""
    own: Path
    """The agent's own folder."""
    repo: Git | None = None
    draft: Draft | None = None
    """The copy it works in; None before it is opened, and where there is no repository."""

    @property
    def root(self) -> Path:
        """The folder tools work in."""
        return self.draft.root if self.draft else self.own

    @property
    def projects(self) -> Sequence[Path]:
        """The person's own folders, whose virtual environment runs the programs."""
        return (self.repo.place.trees if self.repo else ()) or (self.root,)

    @property
    def named(self) -> str:
        """The repository, as tasks name it; empty without one."""
        return str(self.repo.place.root) if self.repo else ""

    async def base(self, job: Job) -> str:
        """Return the commit to start from: that of the run the task is about, else the present."""
        if self.repo is None:
            return ""
        found = await self.repo.find(branch_of(job.run), marker(job.run)) if job.run else ""
        return found or await self.repo.head()

    async def open(self, began: Began) -> None:
        """Make the files ready for a run."""
        if self.repo is not None:
            folder = self.home / "runs" / began.run
            self.draft = await open_draft(folder, self.repo, began.base, began.base)

    async def files(self) -> frozenset[str]:
        """Return every path there is."""
        if self.draft is not None:
            return await self.draft.paths()
        found = await asyncio.to_thread(lambda: list(ignore.walk(self.own)))
        return frozenset(f.path for f in found)

    async def change(self) -> Change:
        """Return how the copy of a repository differs from its commit; not at all without one."""
        return await self.draft.change() if self.draft is not None else Change()

    async def commit(self, began: Began, what: str) -> str:
        """Commit what was changed on the run's branch and return the commit's hash.

        A commit that a crash left unrecorded is found again.
        """
        assert self.draft is not None and self.repo is not None, "changed"
        branch = branch_of(began.run)
        change = await self.draft.change()
        diff = await self.repo.diff(began.base, change.texts, change.removed, change.modes)
        made = await self.repo.find(branch, marker(began.run))
        if not made:
            trailers = {RUN: began.run, "Samovar-Model": began.model}
            message = compose(what, paths=change.paths, trailers=trailers)
            made = await self.draft.commit(branch, message)
        path = self.home / "runs" / began.run / "change.diff"
        write(path, diff.encode(errors="surrogateescape"))
        return made

    async def leave(self, began: Began) -> tuple[Sequence[str], str]:
        """Remove the copy; return what is kept of what no commit takes, and the rest in words.

        What a commit takes is committed by now.
        """
        if self.repo is None:
            return (), ""
        rest = ""
        folder = self.home / "runs" / began.run
        root, gone = folder / "work", folder / "work.gone"
        await remove(gone)
        if root.exists():
            # Of a commit that a crash came after, the copy was not opened again.
            draft = self.draft or await open_draft(folder, self.repo, began.base, began.base)
            found = await draft.made()
            beyond = await asyncio.to_thread(keep, root, found.paths, folder / MADE)
            rest = _rest(found, beyond)
            # Of a copy that is removed in part, the rest would be taken for what was removed.
            root.rename(gone)
            await remove(gone)
        return made(folder), rest


def _rest(found: Made, beyond: int) -> str:
    """Return what is not kept, in words; empty for nothing."""
    more = f"{count(beyond, 'file')} beyond {MOST} files or {ROOM >> 20} MiB" if beyond else ""
    return ", ".join(filter(None, (found.rest, more)))


async def listing(ground: Ground) -> str:
    """Return one line about what an agent's own folder holds; empty in a repository."""
    if ground.draft is not None:
        return ""
    names = sorted(await ground.files())
    return f"Your folder holds: {file_names(names, _LISTED) or 'nothing'}"


def furnish(own: Path, papers: Mapping[str, str]) -> None:
    """Put what an agent may read of its team into its own folder."""
    place = own / TEAM
    if place.is_symlink():
        # An agent with a shell may have put it there, to have its team's words written elsewhere.
        place.unlink()
    shutil.rmtree(place, ignore_errors=True)
    own.mkdir(parents=True, exist_ok=True)
    # The sandbox may run under another user, who must be able to enter.
    own.chmod(0o711)
    for name, text in papers.items():
        write(place / name, text.encode(errors="replace"))


async def ground(home: Path, job: Job, resume: Resume) -> Ground:
    """Return where an agent works on a task: in a repository it may work in, else by itself.

    A person may send it into any repository. Raises SetupError for one that cannot be opened.
    """
    own = home / "agents" / resume.name / "files"
    granted = [await repository(home, p) for p in resume.permissions.repositories]
    wanted = await _wanted(home, job, granted)
    repo = wanted or next(iter(granted), None)
    if repo is None:
        return Ground(home, own)
    return Ground(home_of(repo), own, repo)


async def _wanted(home: Path, job: Job, granted: Sequence[Git]) -> Git | None:
    if not job.repo:
        return None
    try:
        found = await repository(home, job.repo)
    except SetupError:
        if job.created_by.startswith("person:"):
            raise
        return None
    known = found.place.git_dir in [g.place.git_dir for g in granted]
    return found if known or job.created_by.startswith("person:") else None
