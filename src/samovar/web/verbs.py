"""What the dashboard asks of an organisation: plain data, and verbs as protocols.

`samovar.web.team` binds them to a real team. A home without a team has none of these, only runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct
from saq.queue.base import Queue

from samovar.org.seams import Approval, Effects, Job, JobState, LedgerEntry
from samovar.store.memory_books import MemoryEffects
from samovar.web.happening import Happening

Mood = Literal["working", "ready", "idle", "waiting", "stopped", "broken"]
"""`waiting` for a person; `stopped`: no credits left; `broken`: its resume cannot be read."""
By = Literal["agent", "task", "model"]
"""What spending is added up by."""


class Agent(Struct, frozen=True, kw_only=True):
    """One agent as the pages show it."""

    name: str
    title: str = ""
    description: str = ""
    model: str = ""
    mood: Mood = "idle"
    task: str = ""
    """What it works on, in one line."""
    since: datetime | None = None
    last: str = ""
    """Its last act, in one line."""
    credits: int | None = None
    """Micro-credits left; None before the ledger knows the agent."""
    queued: int = 0
    every: int = 1
    """It runs every so many ticks."""
    offset: int = 0
    reads: tuple[str, ...] = ()
    """Agents whose outboxes it may read."""
    tools: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    """Acts for which it needs a person's yes each time, unless a rule of the home allows them."""
    ungated: tuple[str, ...] = ()
    """Tools that act outside without asking."""
    repositories: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """Why its permissions are dangerous together."""
    hints: tuple[str, ...] = ()
    """What else could be better in its resume."""
    problem: str = ""
    """What is wrong with its resume."""
    resume: Mapping[str, Any] = {}


class Mail(Struct, frozen=True, kw_only=True):
    """One entry of an outbox."""

    id: str
    agent: str
    at: datetime
    kind: str = ""
    to: tuple[str, ...] = ()
    text: str = ""
    reply_to: str = ""
    """Id of the entry it answers."""
    task: int = 0
    """The task it is about."""
    run: str = ""
    """The run it is about."""
    person: bool = False
    """Whether a person wrote it."""


class Status(Struct, frozen=True, kw_only=True):
    """The organisation in a few numbers."""

    tick: int = 0
    engine: str = ""
    """What the engine does, in one word or two; empty when none runs."""
    facts: Mapping[str, str] = {}
    """More, by name: leases, models, versions."""


class Roster(Protocol):
    """Who there is, and what they say."""

    async def agents(self) -> Sequence[Agent]:
        """Return every agent, by name."""
        ...

    async def messages(self, agent: str = "", limit: int = 200, after: str = "") -> Sequence[Mail]:
        """Return the latest entries of one or all outboxes, the latest first.

        `after` is the id of one of them: those that were written before it. Raises Missing when
        there is none of that id.
        """
        ...

    async def talk(self, agent: str, limit: int = 100, /) -> Sequence[Mail]:
        """Return what people and an agent said to each other lately, the oldest first."""
        ...

    async def send(self, to: str, text: str, /) -> str:
        """Write to an agent, or to `all`, in a person's name; return the message's id."""
        ...

    async def status(self) -> Status:
        """Return the state of the whole."""
        ...

    async def turns(self) -> Mapping[str, Mapping[int, str]]:
        """Return what agents did in their latest ticks: `ran`, `rested`, `at work` or `failed`."""
        ...

    async def acts(self) -> Sequence[Happening]:
        """Return what agents did lately that stands in no outbox."""
        ...

    async def log(self, lines: int, /) -> Sequence[str]:
        """Return the engine's latest lines, the latest first."""
        ...

    def homes(self) -> Sequence[Path]:
        """Return the homes of the repositories the agents work in, as far as known by now."""
        ...

    async def papers(self, agent: str, /) -> Mapping[str, str]:
        """Return an agent's notes and the end of its log: texts by title."""
        ...


class Jobs(Protocol):
    """The queues of the agents."""

    async def tasks(self, agent: str = "") -> Sequence[Job]:
        """Return jobs, the open ones in the order in which they would be worked on.

        Each names the run that works on it, or did last. Raises Missing for an agent that is not
        here and never had one.
        """
        ...

    async def latest(
        self, agent: str, states: Sequence[JobState], below: int, limit: int, /
    ) -> Sequence[Job]:
        """Return jobs in some states, in any where none is named, the highest id first.

        `below` is an id they are all below; 0 for none. Raises Missing as `tasks`.
        """
        ...

    async def counts(self) -> Mapping[str, Mapping[JobState, int]]:
        """Return how many jobs each agent has in each state, of all there ever were."""
        ...

    async def job(self, id: int, /) -> Job:
        """Return one job. Raises Missing when there is none."""
        ...

    async def works(self) -> Mapping[str, int]:
        """Return the ids of jobs by the runs that worked on them, in whichever attempt."""
        ...

    async def again(self, id: int, run: str = "", /) -> Job:
        """File a job anew, for the same agent; `run` is one its work is to go on with."""
        ...

    async def submit(self, text: str, agent: str, /, repo: str = "", push: bool = False) -> Job:
        """File a task for an agent; for the one who hands out work when none is named.

        `repo` is one of the agent's own, empty for its first one. With `push` a person is asked
        afterwards whether its branch is to be pushed.
        """
        ...

    async def move(self, id: int, agent: str, /) -> Job:
        """Give a job to another agent."""
        ...

    async def reorder(self, id: int, before: int, /) -> Job:
        """Put a job before another one; 0 puts it last."""
        ...

    async def cancel(self, id: int, reason: str, /) -> Job:
        """End a job."""
        ...

    async def revive(self, id: int, /) -> Job:
        """Make a failed or waiting job ready again."""
        ...


class Purse(Protocol):
    """Credits, in millionths."""

    async def balances(self) -> Mapping[str, int]:
        """Return what every agent has."""
        ...

    async def entries(self) -> Sequence[LedgerEntry]:
        """Return the latest lines of each agent in the ledger, the oldest first."""
        ...

    async def lines(self, agent: str, after: int, limit: int, /) -> Sequence[LedgerEntry]:
        """Return lines of the ledger with an id above `after`, the oldest first."""
        ...

    async def days(self, since: date, /) -> Mapping[str, Mapping[str, int]]:
        """Return what was spent by day (UTC, `2026-11-21`) and agent, from a day on."""
        ...

    async def grant(self, agent: str, amount: int, /) -> int:
        """Give credits, or take them with a negative amount; return the balance."""
        ...

    async def costs(self) -> Mapping[int, int]:
        """Return what was spent on each task."""
        ...

    async def spent_by(self, by: By, /) -> Mapping[str, int]:
        """Return what was spent in all, by agent, task or model.

        Task 0 is what belongs to none: the choices of turns, and conversations.
        """
        ...

    async def spent_today(self) -> int:
        """Return what everybody together spent on this day (UTC)."""
        ...

    async def limits(self, agents: Sequence[str], /) -> Mapping[str, int]:
        """Return what agents may spend a day; those without a limit are left out."""
        ...

    async def limit(self, agent: str, per_day: int, /) -> None:
        """Change what an agent may spend a day; NO_LIMIT lifts the limit."""
        ...


class Words(Protocol):
    """What waits for a person's word."""

    async def approvals(self) -> Sequence[Approval]:
        """Return the open questions, the oldest first."""
        ...

    async def approval(self, id: int, /) -> Approval | None:
        """Return a question, also one that is answered; None when there never was one."""
        ...

    async def answer(self, id: int, digest: str, yes: bool, note: str, /) -> Approval:
        """Answer a question; Raises SetupError when it is another act's or no longer open."""
        ...


class Bells(Protocol):
    """The doorbells of the workers on other machines: SAQ queues, one for each agent."""

    @property
    def troubles(self) -> tuple[type[Exception], ...]:
        """What is raised while their server is away."""
        ...

    async def queues(self) -> Mapping[str, Queue]:
        """Return them by agent; none while their server is away."""
        ...


@dataclass(frozen=True)
class Office:
    """An organisation, as sets of verbs; one object may stand behind all of them."""

    roster: Roster
    jobs: Jobs
    purse: Purse
    words: Words
    bells: Bells | None = None
    """None where no server carries doorbells between machines."""
    effects: Effects = field(default_factory=MemoryEffects)
    """What was answered to deliveries that carry a key."""
