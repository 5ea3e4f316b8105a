"""A real team behind the verbs the pages use."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace
from saq.queue.base import Queue

from samovar.coder import repository
from samovar.core.errors import Missing, SetupError
from samovar.org.choice import PERSON
from samovar.org.kept import Slips, run_of
from samovar.org.legs import acting, pushes, ungated
from samovar.org.member import Member
from samovar.org.problem import Problem
from samovar.org.resume import PEOPLE, Resume
from samovar.org.seams import OPEN, Approval, ApprovalState, Job, JobState
from samovar.org.team import Letter, Team
from samovar.org.validate import Known
from samovar.store.saq_bell import SaqBell
from samovar.web.diary import Diary
from samovar.web.happening import Happening
from samovar.web.ledger import Lines, Money
from samovar.web.verbs import Agent, Mail, Office, Status

TASKS = 2000
"""Tasks read that are open, that failed, and that are over."""
FAILED: tuple[JobState, ...] = ("failed", "dead")
ENDED: tuple[JobState, ...] = ("done", "cancelled")
ASKED: tuple[ApprovalState, ...] = ("asked",)
ANSWERED: tuple[ApprovalState, ...] = ("granted", "refused", "used", "expired")
PAPER = 20_000
"""Characters shown of one note."""
UNGATED = "permissions.ungated"
"""The field `samovar.org.validate` names where an agent breaks the rule of two."""
RECALLED = 250
"""Entries of an outbox, and tasks, a conversation is put together from."""
LOGGED = 40
"""Lines shown of an agent's log."""


@dataclass(frozen=True)
class People:
    """Who is in a team, and what they say."""

    team: Team
    diary: Diary
    _homes: dict[str, Path] = field(default_factory=dict)
    """Of the repositories that were found; for the others each look looks again."""

    async def agents(self) -> Sequence[Agent]:
        """Return every agent, by name."""
        members = await self.team.agents()
        resumes = [r for m in members if (r := m.resume or m.barred) is not None]
        for repo in {p for r in resumes for p in r.permissions.repositories} - self._homes.keys():
            if (home := await _home_of(self.team.home, repo)) is not None:
                self._homes[repo] = home
        known = self.team.engine.folder.known
        return [_agent(m, known) for m in members]

    async def turns(self) -> Mapping[str, Mapping[int, str]]:
        """Return what agents did in their latest ticks, by agent and tick."""
        names = self.team.engine.folder.read().resumes
        return await asyncio.to_thread(self.diary.turns, list(names))

    async def acts(self) -> Sequence[Happening]:
        """Return what agents did lately that stands in no outbox."""
        names = self.team.engine.folder.read().resumes
        return await asyncio.to_thread(self.diary.acts, list(names))

    async def log(self, lines: int, /) -> Sequence[str]:
        """Return the engine's latest lines, the latest first."""
        return await asyncio.to_thread(self.diary.engine, lines)

    def homes(self) -> Sequence[Path]:
        """Return the homes of the repositories the agents work in, as far as known by now."""
        return list(self._homes.values())

    async def messages(self, agent: str = "", limit: int = 200, after: str = "") -> Sequence[Mail]:
        """Return the latest entries of one or all outboxes, the latest first."""
        return [_mail(each) for each in await self.team.messages(agent, limit, after)]

    async def talk(self, agent: str, limit: int = 100, /) -> Sequence[Mail]:
        """Return what people and an agent said to each other lately, the oldest first.

        A task a person filed belongs to it, and so does its report.
        """
        ours = [m for m in await self.messages(PEOPLE, RECALLED) if not m.to or agent in m.to]
        jobs = await self.team.tasks(agent, (), RECALLED)
        asked = [_order(j) for j in jobs if j.created_by.startswith("person:")]
        ids, tasks = {m.id for m in ours}, {m.task for m in asked}
        theirs = [
            m
            for m in await self.messages(agent, RECALLED)
            if PERSON in m.to or m.reply_to in ids or (m.kind == "report" and m.task in tasks)
        ]
        return sorted([*ours, *asked, *theirs], key=lambda m: m.at)[-limit:]

    async def send(self, to: str, text: str, /) -> str:
        """Write to an agent, or to `all`, in a person's name; return the message's id."""
        return (await self.team.send(to, text)).id

    async def status(self) -> Status:
        """Return the state of the whole."""
        found = await self.team.status()
        facts = {
            "agents": str(found.agents),
            "broken resumes": str(found.broken),
            "messages": str(found.entries),
            "without credits": ", ".join(found.stopped) or "nobody",
            **{f"problem {n}": p.line for n, p in enumerate(found.problems[:20], 1)},
        }
        running = f"runs as process {found.engine}" if found.engine else ""
        return Status(tick=found.tick, engine=running, facts=facts)

    async def papers(self, agent: str, /) -> Mapping[str, str]:
        """Return an agent's notes and the end of its log: texts by title."""
        rows = self.team.log(agent, LOGGED)
        log = "\n".join(msgspec.json.encode(r).decode() for r in rows)
        notes = await asyncio.to_thread(_notes, self.team.home / "agents" / agent / "memory")
        return {**notes, **({"log": log} if log else {})}


@dataclass(frozen=True)
class Queues:
    """The queues of a team."""

    team: Team
    slips: Slips

    async def tasks(self, agent: str = "") -> Sequence[Job]:
        """Return jobs, each with its latest run; the open ones in the order of work.

        Then what failed, the latest first, and what is over.
        """
        live = await self.team.tasks(agent, OPEN, TASKS)
        failed = await self.team.ended_tasks(agent, FAILED, TASKS)
        ended = await self.team.ended_tasks(agent, ENDED, TASKS)
        return await self._with_runs([*live, *failed, *reversed(ended)])

    async def latest(
        self, agent: str, states: Sequence[JobState], below: int, limit: int, /
    ) -> Sequence[Job]:
        """Return jobs in some states, in any where none is named, the highest id first."""
        found = await self.team.latest_tasks(agent, states, limit, below=below)
        return await self._with_runs(found)

    async def counts(self) -> Mapping[str, Mapping[JobState, int]]:
        """Return how many jobs each agent has in each state, of all there ever were."""
        return await self.team.engine.turns.kit.queue.counts()

    async def job(self, id: int, /) -> Job:
        """Return one job. Raises Missing when there is none."""
        job = await self.team.engine.turns.kit.queue.get(id)
        return replace(job, run=run_of(self.team.home, job))

    async def works(self) -> Mapping[str, int]:
        """Return the ids of jobs by the runs that worked on them, in whichever attempt."""
        slips = await asyncio.to_thread(self.slips.all)
        earlier = {run: id for id, slip in slips.items() for run in slip.before}
        return earlier | {slip.run: id for id, slip in slips.items() if slip.run}

    async def again(self, id: int, run: str = "", /) -> Job:
        """File a job anew, for the same agent; `run` is one its work is to go on with."""
        return await self.team.again(id, run)

    async def submit(self, text: str, agent: str, /, repo: str = "", push: bool = False) -> Job:
        """File a task for an agent; for the one who hands out work when none is named."""
        return await self.team.submit(text, agent, repo=self.team.own(agent, repo), push=push)

    async def move(self, id: int, agent: str, /) -> Job:
        """Give a job to another agent."""
        return await self.team.move(id, agent)

    async def reorder(self, id: int, before: int, /) -> Job:
        """Put a job before another one; 0 puts it last."""
        return await self.team.reorder(id, before)

    async def cancel(self, id: int, reason: str, /) -> Job:
        """End a job."""
        return await self.team.cancel(id, reason)

    async def revive(self, id: int, /) -> Job:
        """Make a failed or waiting job ready again."""
        return await self.team.revive(id)

    async def _with_runs(self, jobs: Sequence[Job]) -> Sequence[Job]:
        slips = await asyncio.to_thread(self.slips.all)
        return [replace(j, run=slips[j.id].run if j.id in slips else "") for j in jobs]


@dataclass(frozen=True)
class Questions:
    """What a team asks people."""

    team: Team

    async def approvals(self) -> Sequence[Approval]:
        """Return the open questions, the oldest first."""
        return await self.team.approvals()

    async def approval(self, id: int, /) -> Approval | None:
        """Return a question, also one that is answered; None when there never was one."""
        for states in (ASKED, ANSWERED):
            found = next((a for a in await self.team.approvals(states) if a.id == id), None)
            if found is not None:
                return found
        return None

    async def answer(self, id: int, digest: str, yes: bool, note: str, /) -> Approval:
        """Answer a question. Raises SetupError when it is another act's or no longer open."""
        found = next((a for a in await self.team.approvals() if a.id == id), None)
        if found is None and await self.approval(id) is None:
            raise Missing(f"there is no question {id} here")
        if found is None:
            raise SetupError("this question is answered or has expired")
        if found.digest != digest:
            raise SetupError("what would be done has changed since you looked: look again")
        return await (self.team.approve(id, note) if yes else self.team.refuse(id, note))


@dataclass(frozen=True)
class Doorbells:
    """The doorbells of a team's workers."""

    team: Team
    bell: SaqBell

    @property
    def troubles(self) -> tuple[type[Exception], ...]:
        """What is raised while their server is away."""
        return self.bell.troubles

    async def queues(self) -> Mapping[str, Queue]:
        """Return them by agent; none while their server is away."""
        return await self.bell.shown([m.name for m in await self.team.agents()])


def office(team: Team) -> Office:
    """Return the verbs of the pages over a team."""
    kit = team.engine.turns.kit
    bells = Doorbells(team, kit.bell) if isinstance(kit.bell, SaqBell) else None
    people = People(team, Diary(team.home))
    queues = Queues(team, Slips(team.home))
    return Office(people, queues, Money(team, Lines(team)), Questions(team), bells, kit.effects)


def _mail(letter: Letter) -> Mail:
    entry = letter.entry
    return Mail(
        id=letter.id,
        agent=entry.sender,
        at=letter.at,
        kind=entry.kind,
        to=entry.to,
        text=entry.text,
        reply_to=entry.reply_to,
        task=entry.job,
        run=entry.run,
        person=entry.sender.startswith("person:"),
    )


def _order(job: Job) -> Mail:
    """Return a task a person filed, as something that was said."""
    return Mail(
        id=f"task/{job.id}",
        agent=job.created_by,
        at=job.created or datetime.now(UTC),
        kind="task",
        to=(job.agent,),
        text=job.text,
        task=job.id,
        person=True,
    )


def asks(resume: Resume, known: Known) -> tuple[str, ...]:
    """Return the acts for which an agent needs a person's yes each time."""
    may = resume.permissions
    free = ungated(resume, known.servers, known.rules)
    # Runs of code commit on branches of their own; what leaves them is asked for.
    push = ["push"] if pushes(resume) else []
    acts = (*acting(resume, known.servers), *push)
    return tuple(t for t in dict.fromkeys(acts) if t not in (*free, *may.ungated))


def _agent(member: Member, known: Known) -> Agent:
    found = member.resume or member.barred
    resume = found or Resume(name=member.name, instructions="")
    legs = [p for p in member.problems if p.weight == "error" and p.field == UNGATED]
    wrong = [p for p in member.problems if p.weight == "error" and p.field != UNGATED]
    return Agent(
        name=member.name,
        title=resume.title,
        description=resume.short_description,
        model=resume.model,
        mood=member.mood,
        task=member.task,
        since=member.since,
        last=member.last,
        credits=_left(member),
        queued=member.queued,
        every=resume.schedule.run_every_n_ticks,
        offset=resume.schedule.phase_offset,
        reads=member.reads,
        tools=resume.permissions.tools,
        asks=asks(resume, known),
        ungated=ungated(resume, known.servers, known.rules),
        repositories=resume.permissions.repositories,
        warnings=tuple(_said(p) for p in legs),
        hints=tuple(_said(p) for p in member.problems if p.weight == "warning"),
        problem="; ".join(p.line for p in wrong),
        resume=msgspec.to_builtins(resume) if found else {},
    )


async def _home_of(home: Path, repo: str) -> Path | None:
    """Return where runs in a repository are kept; None when there is no such repository."""
    try:
        return (await repository(home, repo)).place.home
    except SetupError:
        return None


def _left(member: Member) -> int | None:
    """Return the credits left; None for an agent the ledger has not seen, which is not poor."""
    unseen = member.credits == 0 and member.mood in ("idle", "ready", "waiting")
    return None if unseen else member.credits


def _said(problem: Problem) -> str:
    place = f"{problem.field} " if problem.field else ""
    return f"{place}{problem.wrong}; {problem.fix}"


def _notes(folder: Path) -> dict[str, str]:
    """Return an agent's notes; links to elsewhere are not followed."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.md"))[:40]:
        if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
            continue
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue
        found[f"memory/{path.relative_to(folder).as_posix()}"] = text[:PAPER]
    return found
