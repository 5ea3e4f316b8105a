"""Tasks of developers: the main job in a repository, paid by the agent, held to its permissions."""

import hashlib
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from samovar.app import App, Wish
from samovar.boot import Choice, Desk, first, shown
from samovar.core.errors import Refused, SetupError
from samovar.core.event import Asked, Closed, Opened, branch_of, marker
from samovar.core.seams import Live
from samovar.core.state import replay
from samovar.flow.kit import Ask, Word
from samovar.org.choice import traits
from samovar.org.crew import context
from samovar.org.kept import Kept, keep, run_name, run_of
from samovar.org.kit import Meter, Worked
from samovar.org.resume import Resume
from samovar.org.seams import Approval, Approvals, Ended, Hold, Job, Queue
from samovar.org.word import refusal
from samovar.repo import git
from samovar.repo.git import Git
from samovar.repo.home import home_of
from samovar.settings import Settings

OPEN_QUESTION = 30 * 86_400.0
"""Seconds a question to a person stays open."""


@dataclass(frozen=True)
class Coder:
    """Works on tasks by runs."""

    home: Path
    settings: Settings
    choice: Callable[[str], Awaitable[Choice]]
    approvals: Approvals
    queue: Queue
    live: Live
    no_sandbox: bool = False

    async def work(self, job: Job, resume: Resume, meter: Meter, hold: Hold, /) -> Worked:
        """Work on a task in its repository; a run that a crash or a question stopped goes on."""
        repo = await self._allowed(job, resume)
        async with AsyncExitStack() as stack:
            desk = Desk(
                repo,
                self.settings,
                home_of(repo),
                stack,
                self._ask(job, hold),
                self.live,
                no_sandbox=self.no_sandbox,
            )
            found = await first(resume.models, self.choice)
            name = shown(found.endpoint.model)
            desk.choice = Choice(meter(found.model, name), found.endpoint, found.profile)
            app = App(desk.home, desk)
            return await self._follow(app, job, resume, repo, hold)

    async def _follow(self, app: App, job: Job, resume: Resume, repo: Git, hold: Hold) -> Worked:
        run, last = self._run(job, app), None
        if run:
            keep(self.home, job.id, Kept(run))
        wish = None if run else await self._wish(app, job, resume, repo)
        entries = app.start(wish) if wish else app.resume(run)
        async for entry in entries:
            last = entry.event
            if isinstance(last, Opened):
                run = last.run
                keep(self.home, job.id, Kept(run))
            await hold()
        ended = _ended(last, run, job)
        return Worked(ended, run, str(repo.place.root))

    async def _wish(self, app: App, job: Job, resume: Resume, repo: Git) -> Wish:
        whole = await context(self.queue, job)
        return Wish(
            text=f"{job.text}\n\n{whole}" if whole else job.text,
            front=house_rules(resume),
            run=await name_work(job, (self.home, app.home), repo),
            budget=self.settings.budget,
            candidates=self.settings.candidates,
            push=bool(job.data.get("push")),
        )

    def _run(self, job: Job, app: App) -> str:
        """Return the run that was begun for this task and is not finished; empty for none."""
        run = run_of(self.home, job)
        try:
            entries = app.read(run)
        except (OSError, SetupError):
            return ""
        state = replay(e.event for e in entries)
        over = state.closed is not None and not state.closed.waits
        # A task that changed hands may have been talked over before, which is no run of this kind.
        return run if state.opened is not None and not over else ""

    async def _allowed(self, job: Job, resume: Resume) -> Git:
        """Return the repository of a task. Raises SetupError when the agent may not work there."""
        granted = [await repository(self.home, p) for p in resume.permissions.repositories]
        if not job.repo:
            if not granted:
                raise SetupError(
                    f"{resume.name} has no repository to work in: name one in "
                    f"permissions.repositories of agents/{resume.name}/resume.json"
                )
            return granted[0]
        wanted = await repository(self.home, job.repo)
        by_person = job.created_by.startswith("person:")
        if not by_person and wanted.place.git_dir not in [g.place.git_dir for g in granted]:
            raise SetupError(
                f"{resume.name} may not work in {job.repo}: add it to permissions.repositories of "
                f"agents/{resume.name}/resume.json"
            )
        return wanted

    def _ask(self, job: Job, hold: Hold) -> Ask:
        async def ask(asked: Asked, text: str, /) -> Word | None:
            # A commit on a branch of its own stays here and can be undone.
            if asked.act == "commit":
                return Word(yes=True)
            digest = digest_of(job.id, asked.act, asked.digest)
            try:
                given = await self.approvals.use(digest)
            except Refused:
                no = await refusal(self.approvals, digest)
                if no is not None:
                    return Word(yes=False, by=no.by, note=no.note)
                question = Approval(
                    agent=job.agent, act=asked.act, digest=digest, text=text, task=job.id
                )
                # First the lease: nobody answers for a task that was cancelled meanwhile.
                await hold()
                await self.approvals.ask(question, OPEN_QUESTION)
                return None
            return Word(yes=True, by=given.by, note=given.note)

        return ask


def house_rules(resume: Resume) -> str:
    """Return what an agent is told before each of its tasks."""
    return "\n".join(["House rules:", resume.instructions.strip(), *traits(resume.soul)])


def digest_of(task: int, act: str, digest: str) -> str:
    """Return what names an act of a task among the approvals of a home; `digest` says which act."""
    return hashlib.sha256(f"{task}\n{act}\n{digest}".encode(errors="replace")).hexdigest()


async def repository(home: Path, path: str) -> Git:
    """Return a repository by its folder; a relative one starts at the home. Raises SetupError."""
    try:
        return await git.open(home / Path(path).expanduser())
    except (OSError, RuntimeError, ValueError) as error:
        # Somebody's folder who is not here, one that may not be entered, a name no folder has.
        raise SetupError(f"the repository {path!r} cannot be opened: {error}") from error


async def name_work(job: Job, homes: Collection[Path], repo: Git | None) -> str:
    """Return a name for a new run on a task.

    One that a run in these homes has, or a commit of the repository, as when a database was lost,
    gets a number.
    """

    async def taken(run: str) -> bool:
        known = any((home / "runs" / run).exists() for home in homes)
        return known or bool(repo and await repo.find(branch_of(run), marker(run)))

    for number in count(1):
        free = run_name(job, number)
        if not await taken(free):
            break
    return free


def _ended(last: object, run: str, job: Job) -> Ended:
    if not isinstance(last, Closed):
        return Ended(state="failed", text=f"run {run} ended without a word")
    if last.waits:
        return Ended(state="waiting", text=f"run {run} waits for a person's yes")
    where = f"run {run}, branch {branch_of(run)}"
    if last.ok:
        return Ended(text=f"{last.outcome} ({where})")
    return Ended(state="failed", text=f"{last.outcome} ({where}, task #{job.id})")
