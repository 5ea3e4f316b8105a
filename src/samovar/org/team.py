"""The verbs of a team, for every surface: who there is, what they say, do, cost and ask."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import Missing, SetupError
from samovar.org import journal, lock, word
from samovar.org.again import again
from samovar.org.choice import ALL
from samovar.org.engine import Engine
from samovar.org.legs import legs, pushes
from samovar.org.limit import write_limit
from samovar.org.member import Member, member_of
from samovar.org.outbox import OutboxEntry, answer, encode, name_of, outbox_of, post
from samovar.org.problem import Problem
from samovar.org.resume import PEOPLE, Resume
from samovar.org.roster import Roster, linked
from samovar.org.seams import OPEN, Approval, ApprovalState, Filter, Job, JobState, LedgerEntry
from samovar.org.sound import adrift, amiss, examine
from samovar.org.standing import Status, present, totals
from samovar.org.ticked import Ticked


class Letter(Struct, frozen=True):
    """An entry of an outbox, and when it was written."""

    id: str
    at: datetime
    entry: OutboxEntry


@dataclass(frozen=True)
class Team:
    """A home and everything one can do with it. Amounts are micro-credits."""

    home: Path
    engine: Engine

    async def agents(self) -> list[Member]:
        """Return every agent by name, those with a broken resume included."""
        roster = self._roster()
        jobs = await self._open_jobs()
        left = await self.engine.turns.kit.ledger.balances()
        asked = {a.agent for a in await self.approvals()}
        names = sorted(roster.resumes.keys() | roster.broken)
        everybody = {**roster.resumes, **roster.barred}
        known = self.engine.folder.known
        had = legs(everybody, known.servers, known.rules)
        links = linked(everybody, ()) if roster.barred else roster
        found: list[Member] = []
        for name in names:
            mine = [j for j in jobs if j.agent == name]
            member = member_of(self.home, name, roster, mine, left.get(name))
            member = replace(
                member,
                barred=roster.barred.get(name),
                reads=tuple(sorted(links.reads.get(name, ()))),
                readers=tuple(sorted(links.readers.get(name, ()))),
            )
            if member.mood == "idle" and name in asked:
                member = replace(member, mood="waiting")
            if name in had:
                member = replace(member, untrusted=had[name].untrusted, private=had[name].private)
            found.append(member)
        return found

    async def agent(self, name: str) -> Member:
        """Return one agent. Raises Missing naming those there are."""
        everybody = await self.agents()
        for member in everybody:
            if member.name == name:
                return member
        raise _nobody(name, [m.name for m in everybody])

    async def messages(self, agent: str = "", limit: int = 200, after: str = "") -> list[Letter]:
        """Return the latest entries of one outbox, or of all of them, the latest first.

        `after` is the id of one of them: those that were written before it. Raises Missing.
        """
        roster = self._roster()
        writers = [agent] if agent else [*sorted(roster.resumes), PEOPLE]
        if agent in roster.broken:
            # It writes nothing, and nobody reads what it wrote before.
            return []
        if agent and agent not in (*roster.resumes, PEOPLE):
            raise _nobody(agent, sorted(roster.resumes))
        self.engine.mailroom.look(roster)
        return [self._letter(e) for e in self.engine.mailroom.latest(writers, limit, after)]

    async def send(self, to: str, text: str, *, by: str = "") -> Letter:
        """Write to an agent, or to `all`, in a person's name. Raises SetupError."""
        if to != ALL:
            self._known(to)
        if not text.strip():
            raise SetupError("the message is empty; say something")
        draft = self._draft("" if to == ALL else to, text.strip(), by)
        return self._letter(post(self.home, PEOPLE, draft))

    async def status(self) -> Status:
        """Return the state of the whole."""
        roster = self._roster()
        self.engine.mailroom.look(roster)
        kit = self.engine.turns.kit
        counts = await kit.queue.counts()
        left = await kit.ledger.balances()
        return Status(
            home=str(self.home),
            tick=present(self.home),
            engine=lock.holder(self.home),
            agents=len(roster.resumes),
            broken=len(roster.broken),
            entries=self.engine.mailroom.count(),
            jobs=totals(counts),
            approvals=len(await self.approvals()),
            stopped=tuple(sorted(n for n in roster.resumes if left.get(n, 1) <= 0)),
            problems=(*roster.problems, *amiss(self.home), *adrift(counts, roster)),
        )

    async def tasks(
        self, agent: str = "", states: Sequence[JobState] = (), limit: int = 500
    ) -> Sequence[Job]:
        """Return tasks, the open ones in the order in which they would be worked on.

        As all that list tasks, it raises Missing for who is not here and never had one.
        """
        found = await self._filter(agent, states, limit)
        return await self.engine.turns.kit.queue.list(found)

    async def latest_tasks(
        self, agent: str = "", states: Sequence[JobState] = (), limit: int = 100, *, below: int = 0
    ) -> Sequence[Job]:
        """Return the latest tasks, the latest first; `below` an id for the next page."""
        found = await self._filter(agent, states, limit)
        newest = replace(found, order="newest", below=below)
        return await self.engine.turns.kit.queue.list(newest)

    async def ended_tasks(
        self, agent: str, states: Sequence[JobState], limit: int
    ) -> Sequence[Job]:
        """Return tasks in states that are over, what ended last first."""
        ended = replace(await self._filter(agent, states, limit), order="ended")
        return await self.engine.turns.kit.queue.list(ended)

    async def submit(
        self, text: str, agent: str = "", *, repo: str = "", by: str = "", push: bool = False
    ) -> Job:
        """File a task in a person's name; with who hands out work when nobody is named.

        With `push` a person is asked afterwards whether its branch is to be pushed.
        """
        if not text.strip():
            raise SetupError("the task is empty; say what to do")
        resume = self._asked(agent)
        if push and not pushes(resume):
            raise SetupError(
                f'{resume.name} pushes nothing: name an agent of craft "code" with a repository'
            )
        repos = resume.permissions.repositories
        job = Job(
            agent=resume.name,
            group=resume.name,
            text=text.strip(),
            repo=repo or (repos[0] if repos else ""),
            data={"push": True} if push else {},
            created_by=_person(by),
        )
        return await self.engine.turns.kit.queue.add(job)

    def own(self, agent: str, repo: str) -> str:
        """Return a repository of an agent, as its resume names it; empty for the first one.

        For whoever asks from elsewhere: only who sits at the machine may name any folder. Raises
        SetupError for a repository that is not its own.
        """
        resume = self._asked(agent)
        mine = resume.permissions.repositories
        if repo and repo not in mine:
            known = ", ".join(mine) or "none"
            raise SetupError(f"{resume.name} has no repository {repo!r}; it has: {known}")
        return repo

    async def move(self, id: int, agent: str) -> Job:
        """Give a task to another agent."""
        return await self.engine.turns.kit.queue.move(id, self._known(agent).name)

    async def reorder(self, id: int, before: int = 0) -> Job:
        """Put a task before another one of the same agent; 0 puts it last."""
        return await self.engine.turns.kit.queue.reorder(id, before)

    async def edit(self, id: int, text: str) -> Job:
        """Change the words of a task that nobody began with."""
        if not text.strip():
            raise SetupError("the task is empty; say what to do")
        return await self.engine.turns.kit.queue.edit(id, text.strip())

    async def cancel(self, id: int, reason: str = "cancelled by a person") -> Job:
        """End a task that is not done; nobody is asked any more for what it waited for."""
        kit = self.engine.turns.kit
        # Before the record: a crash between the two leaves a task that asks again.
        await kit.approvals.withdraw(id)
        return await kit.queue.cancel(id, reason)

    async def revive(self, id: int) -> Job:
        """Make a waiting, failed, dead or cancelled task ready again."""
        return await self.engine.turns.kit.queue.revive(id)

    async def again(self, id: int, run: str = "", *, by: str = "") -> Job:
        """File a task anew, for its agent; with `run`, one that goes on with that run."""
        queue = self.engine.turns.kit.queue
        old = await queue.get(id)
        self._known(old.agent)
        return await again(queue, self.home, replace(old, created_by=_person(by)), run)

    async def credits(self) -> Mapping[str, int]:
        """Return what every agent has left."""
        return await self.engine.turns.kit.ledger.balances()

    async def add_credits(self, agent: str, amount: int, *, by: str = "") -> int:
        """Give an agent credits, or take some back with an amount below zero.

        Return what it has. Raises SetupError, and NoCredit where it has less than that.
        """
        self._known(agent)
        if amount == 0:
            raise SetupError("nothing would change: name an amount above zero")
        return await self.engine.turns.kit.ledger.grant(agent, amount, by=_person(by))

    async def limit(self, agent: str, per_day: int) -> None:
        """Change what an agent may spend a day (UTC); NO_LIMIT lifts it. Raises SetupError."""
        self._known(agent, broken=True)
        await asyncio.to_thread(write_limit, self.home, agent, per_day)

    async def entries(
        self, agent: str = "", *, after: int = 0, limit: int = 500
    ) -> Sequence[LedgerEntry]:
        """Return lines of the ledger with an id above `after`, the oldest first."""
        return await self.engine.turns.kit.ledger.entries(agent, after=after, limit=limit)

    async def approvals(self, states: Sequence[ApprovalState] = ("asked",)) -> Sequence[Approval]:
        """Return what waits for a person's word, the oldest first."""
        return await self.engine.turns.kit.approvals.list(states)

    async def approve(self, id: int, note: str = "", *, by: str = "") -> Approval:
        """Say yes to exactly the act that was asked for. Raises SetupError."""
        return await self._answer(id, True, note, by)

    async def refuse(self, id: int, note: str = "", *, by: str = "") -> Approval:
        """Say no. Raises SetupError."""
        return await self._answer(id, False, note, by)

    async def validate(self) -> list[Problem]:
        """Return everything that is wrong in the home's files; nothing is run for it."""
        roster, counts = self._roster(), await self.engine.turns.kit.queue.counts()
        return [*examine(self.home, roster), *adrift(counts, roster)]

    def log(self, agent: str, lines: int = 20) -> list[dict[str, object]]:
        """Return the last lines of an agent's log, as they were written."""
        self._known(agent, broken=True)
        return journal.tail(journal.agent_log(self.home, agent).path, lines)

    async def tick(self) -> Ticked:
        """Run one tick. Raises SetupError while another engine works on the home."""
        with lock.alone(self.home):
            return await self.engine.tick()

    async def run(
        self, pace: float = 1.0, ticks: int = 0, tell: Callable[[Ticked], None] = lambda _: None
    ) -> None:
        """Run ticks until cancelled, or so many, and tell of each. Raises SetupError as `tick`."""
        with lock.alone(self.home):
            await self.engine.run(pace, ticks, tell)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Engine]:
        """Hold the home and tick by hand."""
        with lock.alone(self.home):
            yield self.engine

    def _roster(self) -> Roster:
        return self.engine.folder.read()

    def _known(self, name: str, *, broken: bool = False) -> Resume:
        roster = self._roster()
        if name in roster.resumes:
            return roster.resumes[name]
        if name in roster.broken:
            if broken:
                return Resume(name="broken", instructions="")
            raise SetupError(f"the resume of {name} is broken: see 'samovar validate'")
        raise _nobody(name, sorted(roster.resumes))

    def _asked(self, agent: str) -> Resume:
        """Return an agent; where nobody is named, who hands out work.

        That is the first planner, else the only agent.
        """
        if agent:
            return self._known(agent)
        found = [r for _, r in sorted(self._roster().resumes.items())]
        planners = [r for r in found if r.craft == "plan"]
        if planners:
            return planners[0]
        if len(found) == 1:
            return found[0]
        raise SetupError('nobody here hands out work (craft "plan"): name an agent')

    async def _filter(self, agent: str, states: Sequence[JobState], limit: int) -> Filter:
        # Tasks of an agent that was let go are still to be seen.
        if agent and agent not in await self.engine.turns.kit.queue.counts():
            self._known(agent, broken=True)
        return Filter(agents=(agent,) if agent else (), states=tuple(states), limit=limit)

    async def _open_jobs(self) -> Sequence[Job]:
        return await self.tasks(states=OPEN, limit=0)

    async def _answer(self, id: int, yes: bool, note: str, by: str) -> Approval:
        asked = {a.id: a for a in await self.approvals()}.get(id)
        kit = self.engine.turns.kit
        about = asked.entry if asked else ""
        if asked and about:
            # Before the record: a crash between the two leaves the question open, nothing is lost.
            said = "yes" if yes else "no"
            self._tell(asked.agent, f"{said}: {note}" if note else said, by, about)
        answered = await kit.approvals.answer(id, yes, by=_person(by), note=note)
        if not about and answered.task:
            await word.go_on(kit.queue, answered.task)
        return answered

    def _tell(self, to: str, text: str, by: str, about: str) -> None:
        """Answer an entry in a person's name. Raises SetupError where other words were first."""
        draft = replace(self._draft(to, text, by), kind="answer", reply_to=about)
        answer(self.home, PEOPLE, draft)

    def _draft(self, to: str, text: str, by: str) -> OutboxEntry:
        return OutboxEntry(
            sender=_person(by),
            tick=present(self.home) + 1,
            seq=0,
            to=(to,) if to else (),
            text=text,
        )

    def _letter(self, entry: OutboxEntry) -> Letter:
        owner = PEOPLE if entry.sender.startswith("person:") else entry.sender
        path = outbox_of(self.home, owner) / name_of(entry, encode(entry)).file
        at = path.stat().st_mtime if path.exists() else 0.0
        return Letter(entry.id, datetime.fromtimestamp(at, UTC), entry)


def _nobody(name: str, names: Sequence[str]) -> Missing:
    known = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return Missing(f"there is no agent {name!r} here; there are: {known or 'none'}")


def _person(by: str) -> str:
    name = by.removeprefix("person:") or os.environ.get("USER") or "owner"
    plain = "".join(c for c in name if c.isalnum() or c in "-_.")[:64]
    return f"person:{plain or 'owner'}"
