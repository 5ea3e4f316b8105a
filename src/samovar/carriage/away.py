"""The worker's side: each task in a home of its own, made of what the team's home sends."""

import asyncio
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from samovar.carriage import load
from samovar.carriage.label import Label, label
from samovar.carriage.load import BUNDLE, HOME
from samovar.core.errors import SetupError
from samovar.core.event import branch_of
from samovar.org.around import Around
from samovar.org.outbox import listed, outbox_of
from samovar.org.parcel import Parcels
from samovar.org.resume import Absent
from samovar.org.roster import Roster
from samovar.org.seams import Ended, Hold, Job, Queue, StoreAway, Work
from samovar.repo import bundle
from samovar.repo.git import Git
from samovar.repo.home import home_of

LOOK = 0.2
"""Seconds between two looks for what the home sends."""
PATIENCE = 60.0
"""Seconds to wait for the files of a task; then it is put back."""
AT_HOME = ("notebook", "promote_skill")
"""Tools that write to the team's own files, which do not travel."""


@dataclass(frozen=True)
class Place:
    """Where one task is worked on."""

    home: Path
    queue: Queue
    """The team's queue, in which repositories have the names they have at home."""
    roster: Callable[[Roster], Roster]
    """Says of a roster what differs here: where the agent's repository lies, and its tools."""


Staff = Callable[[Place], AbstractContextManager[Work]]
"""Returns the team's way of working, for one place."""


@dataclass(frozen=True)
class Away:
    """Works on tasks whose home is elsewhere."""

    folder: Path
    """Where the homes of tasks are made, and removed again."""
    parcels: Parcels
    queue: Queue
    staff: Staff
    patience: float = PATIENCE

    async def work(self, job: Job, hold: Hold, /) -> Ended:
        """Get the files of a task, work on it, and bring home what came of it."""
        mine = label("want", job)
        root = self.folder / f"{job.id}-{job.fence}"
        try:
            await self.parcels.send(mine.name, {}, {})
            note = await self._answer(mine.but("to"), root, self.patience)
            return await self._work(job, hold, root, note)
        finally:
            await asyncio.to_thread(shutil.rmtree, root, True)

    async def _work(self, job: Job, hold: Hold, root: Path, note: Mapping[str, Any]) -> Ended:
        home = root / "home"
        home.mkdir(exist_ok=True)
        repo = await self._unpack(root, note)
        here, there = (str(repo.place.git_dir) if repo else ""), str(note.get("repo", ""))
        granted = (here,) if repo and note.get("granted") else ()
        place = Place(
            home,
            Renamed(self.queue, here, there),
            lambda roster: _moved(roster, job.agent, granted),
        )
        before = set(listed(outbox_of(home, job.agent)))
        had = _own(home, job.agent).keys()
        with self.staff(place) as work:
            ended = await work(replace(job, repo=here), hold)
        run = load.run_of(home, job)
        files = _files(home, repo, job, run)
        for name in listed(outbox_of(home, job.agent)):
            if name not in before:
                path = outbox_of(home, job.agent) / name.file
                files[HOME + path.relative_to(home).as_posix()] = path
        gone = sorted(had - files.keys())
        back: dict[str, Any] = {"run": run, "repo": here, "gone": gone}
        if repo is not None and run:
            back["base"] = await repo.head()
            if await bundle.make(repo, root / "back.bundle", [branch_of(run)], back["base"]):
                files[BUNDLE] = root / "back.bundle"
        await hold()
        mine = label("back", job)
        await self.parcels.send(mine.name, back, files)
        await self._answer(mine.but("taken"), root / "taken", inf)
        return ended

    async def _answer(self, name: Label, folder: Path, limit: float) -> Mapping[str, Any]:
        """Wait for a parcel and unpack it. Raises SetupError with what the home says is wrong.

        Raises Absent where that is the agent's resume.
        """
        note = await self._arrived(name, folder, limit)
        if note.get("absent"):
            raise Absent(str(note["wrong"]))
        if note.get("wrong"):
            raise SetupError(str(note["wrong"]))
        return note

    async def _arrived(self, name: Label, folder: Path, limit: float) -> Mapping[str, Any]:
        """Return what came within the limit, in seconds; to unpack it may take as long as it does.

        Raises StoreAway when nothing came.
        """
        end = time.monotonic() + limit
        folder.mkdir(parents=True, exist_ok=True)
        while (note := await self.parcels.take(name.name, folder)) is None:
            if time.monotonic() >= end:
                raise StoreAway(
                    "the home sends no files: is 'samovar up' running there, with carry_megabytes "
                    "set?"
                )
            await asyncio.sleep(LOOK)
        return note

    async def _unpack(self, root: Path, note: Mapping[str, Any]) -> Git | None:
        """Put the repository and the runs to where the work will look for them."""
        runs, sent = root / "runs", note.get("repo")
        repo = None
        if sent:
            file = root / BUNDLE if (root / BUNDLE).is_file() else None
            repo = await bundle.unpack(file, root / "repo.git", note.get("known", {}))
        if runs.is_dir():
            base = home_of(repo) if repo is not None else root / "home"
            base.mkdir(exist_ok=True)
            runs.replace(base / "runs")
        return repo


def _files(home: Path, repo: Git | None, job: Job, run: str) -> dict[str, Path]:
    """Return what comes home of a place: the run, the task's slip, what is the agent's own."""
    slip = home / "tasks" / f"{job.id}.json"
    files = _own(home, job.agent)
    files |= {f"{HOME}tasks/{slip.name}": slip} if slip.is_file() else {}
    places = [home, *([home_of(repo)] if repo is not None else [])]
    for each in places if run else ():
        files |= load.of_runs(each, frozenset({run})) | load.made_in(each, run)
    return files


def _own(home: Path, agent: str) -> dict[str, Path]:
    return {HOME + path.relative_to(home).as_posix(): path for path in load.own(home, agent)}


def _moved(roster: Roster, agent: str, repositories: tuple[str, ...]) -> Roster:
    resume = roster.resumes.get(agent)
    if resume is None:
        return roster
    tools = tuple(tool for tool in resume.permissions.tools if tool not in AT_HOME)
    permissions = replace(resume.permissions, repositories=repositories, tools=tools)
    changed = replace(resume, permissions=permissions)
    return replace(roster, resumes={**roster.resumes, agent: changed})


@dataclass(frozen=True)
class Renamed(Around):
    """A queue whose jobs name a repository by where it lies at home."""

    here: str
    there: str

    async def add(self, job: Job, /, *, key: str = "") -> Job:
        """Store a new job."""
        repo = self.there if self.here and job.repo == self.here else job.repo
        return await super().add(replace(job, repo=repo), key=key)
