"""The home's side: workers elsewhere get the files of their tasks, and what they send is taken in.

What comes back is taken in while the worker still holds the task, and before the task is recorded
as done: whatever is cut off is done again, and found done.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from samovar.carriage import load
from samovar.carriage.label import Label, read
from samovar.carriage.load import BUNDLE, HOME, RUNS
from samovar.coder import repository
from samovar.core.errors import SamovarError, SetupError
from samovar.core.event import branch_of
from samovar.core.scratch import Scratch
from samovar.org import outbox
from samovar.org.journal import Journal
from samovar.org.outbox import OutboxEntry, outbox_of
from samovar.org.parcel import Parcels
from samovar.org.resume import Absent, Resume
from samovar.org.roster import Roster
from samovar.org.seams import Job, Queue, StoreAway
from samovar.repo import bundle
from samovar.repo.git import Git
from samovar.repo.home import home_of

_RECENT = 50
"""Entries among which one that a crash cut off from its record is looked for."""


@dataclass(frozen=True)
class Dispatch:
    """Answers what workers elsewhere ask of a home. Whoever runs it holds the home's lock."""

    home: Path
    parcels: Parcels
    queue: Queue
    roster: Callable[[], Roster]
    log: Journal

    async def exchange(self) -> None:
        """Answer every parcel that waits, and forget those that are over. Raises StoreAway."""
        names = await self.parcels.names()
        over: list[str] = []
        for name in names:
            known = read(name)
            if known is None:
                continue
            job = await self._held(known)
            if job is None:
                over.append(name)
            elif known.word == "want" and known.but("to").name not in names:
                await self._give(known, job)
            elif known.word == "back" and known.but("taken").name not in names:
                await self._receive(known, job)
        if over:
            await self.parcels.drop(over)

    async def _held(self, known: Label) -> Job | None:
        """Return the task of a parcel while it is held under that claim."""
        try:
            job = await self.queue.get(known.job)
        except SetupError:
            return None
        return job if (job.state, job.fence) == ("running", known.fence) else None

    async def _give(self, known: Label, job: Job) -> None:
        with Scratch() as made:
            try:
                note, files = await self._loaded(job, made)
                await self.parcels.send(known.but("to").name, note, files)
            except StoreAway:
                raise
            except (SamovarError, OSError) as error:
                await self._refuse(known.but("to"), job, error)

    async def _loaded(self, job: Job, folder: Path) -> tuple[dict[str, Any], dict[str, Path]]:
        """Return what goes to a worker. Raises SetupError for what is not allowed or there."""
        roster = self.roster()
        resume = roster.able(job.agent)
        papers = load.papers(self.home, job, resume, roster)
        files = await asyncio.to_thread(load.copied, self.home, papers, folder / "papers")
        runs = frozenset({job.run, load.run_of(self.home, job)}) - {""}
        repo, granted = await self._repository(job, resume)
        if repo is None:
            return {}, files | load.of_runs(self.home, runs)
        branches = [bundle.MAIN, *(branch_of(run) for run in sorted(runs))]
        if await bundle.make(repo, folder / BUNDLE, branches):
            files[BUNDLE] = folder / BUNDLE
        note = {"granted": granted, "repo": _named(repo), "known": await bundle.told(repo)}
        files |= load.of_runs(self.home, runs) | load.of_runs(home_of(repo), runs)
        return note, files

    async def _repository(self, job: Job, resume: Resume) -> tuple[Git | None, bool]:
        """Return the repository of a task, and whether its agent may work there.

        One that it may not work in is sent for the sake of the run that the task is about.
        """
        granted = [await repository(self.home, p) for p in resume.permissions.repositories]
        if not job.repo:
            return (granted[0], True) if granted else (None, False)
        try:
            wanted = await repository(self.home, job.repo)
        except SetupError:
            if resume.craft == "code" or job.created_by.startswith("person:"):
                raise
            return None, False
        mine = wanted.place.git_dir in [g.place.git_dir for g in granted]
        return wanted, mine or job.created_by.startswith("person:")

    async def _receive(self, known: Label, job: Job) -> None:
        with Scratch() as folder:
            try:
                note = await self.parcels.take(known.name, folder) or {}
                await self._take_in(job, note, folder)
                await self.parcels.send(known.but("taken").name, {}, {})
            except StoreAway:
                raise
            except (SamovarError, OSError) as error:
                await self._refuse(known.but("taken"), job, error)

    async def _take_in(self, job: Job, note: Mapping[str, Any], folder: Path) -> None:
        resume = self.roster().able(job.agent)
        repo, granted = await self._repository(job, resume)
        run = str(note.get("run", ""))
        runs = home_of(repo) if repo is not None and granted else self.home
        if run and not self._is_its(job, run, folder, runs):
            raise SetupError(f"the worker brings the run {run!r}, which is another task's: refused")
        if repo is not None and granted and (folder / BUNDLE).is_file():
            base = str(note.get("base", ""))
            made = await bundle.take(repo, folder / BUNDLE, branch_of(run), base)
            await _beside(repo, made, folder / RUNS / run / "receipt.json")
        # Each file is fsynced: nothing else may wait for it.
        await asyncio.to_thread(self._put, job, run, folder, runs)
        for name in note.get("gone", ()):
            if self._own(job, str(name)):
                load.drop(str(name).removeprefix(HOME), self.home)
        self._post(job, folder, str(note.get("repo", "")), _named(repo) if repo else "")

    def _is_its(self, job: Job, run: str, folder: Path, runs: Path) -> bool:
        """Whether a run is that of a task: known as such here, or begun at the worker."""
        known = load.run_of(self.home, job)
        fresh = load.is_run(run) and not (runs / "runs" / run).exists()
        return run == load.run_of(folder / HOME, job) and (run == known or fresh)

    def _put(self, job: Job, run: str, folder: Path, runs: Path) -> None:
        """Put what a worker may bring to its place; the rest is left where it is."""
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and run and name.startswith(f"{RUNS}{run}/"):
                load.put(runs / "runs", name.removeprefix(RUNS), path, runs)
            elif path.is_file() and self._own(job, name):
                load.put(self.home, name.removeprefix(HOME), path, self.home)

    def _own(self, job: Job, name: str) -> bool:
        """Whether a worker may bring this file: the task's slip, and what is the agent's own."""
        mine = f"{HOME}agents/{job.agent}/"
        slip = f"{HOME}tasks/{job.id}.json"
        return name == slip or name.startswith((f"{mine}memory/", f"{mine}files/"))

    def _post(self, job: Job, folder: Path, there: str, here: str) -> None:
        """Put what the agent said into its outbox, under the next numbers."""
        box = folder / HOME / "agents" / job.agent / "outbox"
        known = self._recent(job.agent)
        for name in outbox.listed(box):
            said = outbox.read(box, job.agent, name)
            said = replace(said, seq=0, repo=here if said.repo == there else said.repo)
            if said not in known:
                outbox.post(self.home, job.agent, said)

    def _recent(self, agent: str) -> list[OutboxEntry]:
        box = outbox_of(self.home, agent)
        found: list[OutboxEntry] = []
        for name in outbox.listed(box)[-_RECENT:]:
            try:
                found.append(replace(outbox.read(box, agent, name), seq=0))
            except SetupError:
                continue
        return found

    async def _refuse(self, known: Label, job: Job, error: Exception) -> None:
        """Tell the worker why there are no files, or why its own were not taken."""
        self.log.add("carriage", agent=job.agent, text=f"#{job.id}: {error}")
        note = {"wrong": str(error), "absent": isinstance(error, Absent)}
        await self.parcels.send(known.name, note, {})


async def _beside(repo: Git, commit: str, receipt: Path) -> None:
    """Keep the receipt of a run beside its commit, as where the run was done."""
    with suppress(SamovarError, OSError):
        await repo.note(commit, receipt.read_text("utf-8", "replace"))


def _named(repo: Git) -> str:
    return str(repo.place.root)
