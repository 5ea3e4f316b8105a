"""The seams of the organisation: jobs and who works on them, credits, approvals, effects, bells.

`samovar.store` implements them in memory, on SQLite and on PostgreSQL; one suite of tests runs
over all three. Every method is one transaction: after it returns, its effect is on the disk.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Protocol

from msgspec import Struct

from samovar.core.errors import SamovarError

JobState = Literal["ready", "running", "waiting", "done", "failed", "dead", "cancelled"]
"""`waiting` for a person; `failed`: worked on, without success; `dead`: attempts used up."""
OPEN: tuple[JobState, ...] = ("ready", "running", "waiting")
"""States of jobs that are not over."""

NO_LIMIT = 2**62
"""Micro-credits nobody ever has."""


class StoreAway(SamovarError):
    """The database does not answer, or cannot write; to be tried again later."""


class Overtaken(SamovarError):
    """The job is no longer this worker's: its lease ran out, or a person cancelled it.

    Whoever gets this drops the work and writes nothing more.
    """


class NoCredit(SamovarError):
    """A charge would take a balance below zero, or over its limit of the day; nothing changed."""

    exit_code = 2


class Job(Struct, frozen=True, kw_only=True):
    """Something an agent should do, and how far it has come."""

    id: int = 0
    """Given by the queue; counts up."""
    agent: str
    kind: str = "task"
    text: str = ""
    repo: str = ""
    run: str = ""
    """The run it is about, such as the one to be reviewed; `kept` says which one works on it."""
    data: dict[str, Any] = {}
    """What else the kind needs: plain JSON."""
    group: str = ""
    """Of the jobs of one group at most one runs at a time; the empty one has no such rule.

    What an agent is to do has its name for a group: nobody does two things at once.
    """
    priority: int = 0
    """Higher goes first."""
    position: int = 0
    """Within a priority, lower goes first; given by the queue."""
    tries: int = 3
    """Attempts, at most."""
    created_by: str = ""
    """An agent's name, or `person:NAME`."""
    parent: int = 0
    """The job whose work made this one; 0 for none."""
    depth: int = 0
    """How many parents it has."""
    state: JobState = "ready"
    attempts: int = 0
    owner: str = ""
    """The worker that holds it now."""
    fence: int = 0
    """Counts claims; a writer with an old number is refused."""
    until: datetime | None = None
    """End of the lease while it runs; earliest next attempt while it is ready."""
    reason: str = ""
    """Why the last attempt ended, or why it waits."""
    result: str = ""
    created: datetime | None = None
    started: datetime | None = None
    """Begin of the latest attempt."""
    ended: datetime | None = None


class Filter(Struct, frozen=True, kw_only=True):
    """Which jobs to list; an empty field asks for nothing, a limit of 0 lists all."""

    agents: tuple[str, ...] = ()
    states: tuple[JobState, ...] = ()
    kinds: tuple[str, ...] = ()
    created_by: str = ""
    parent: int = 0
    due: bool = False
    """Only those whose lease or pause is over, by the clock that these are counted by."""
    order: Literal["claim", "newest", "ended"] = "claim"
    """As they would be claimed, the highest id first, or what ended last first."""
    below: int = 0
    """Only ids below this one: the next page of `newest`; 0 for all."""
    limit: int = 500


class Queue(Protocol):
    """The jobs of every agent, as people and agents see and arrange them."""

    async def add(self, job: Job, /, *, key: str = "") -> Job:
        """Store a new job; with a key that was used before, return the job of that time."""
        ...

    async def get(self, id: int, /) -> Job:
        """Return one job. Raises Missing when there is none."""
        ...

    async def list(self, filter: Filter, /) -> Sequence[Job]:
        """Return the jobs that fit."""
        ...

    async def counts(self) -> Mapping[str, Mapping[JobState, int]]:
        """Return how many jobs each agent has in each state."""
        ...

    async def cancel(self, id: int, reason: str, /) -> Job:
        """End a job that is not done; its worker, if any, loses it. Raises SetupError."""
        ...

    async def move(self, id: int, agent: str, /) -> Job:
        """Give a ready or waiting job to another agent, at the end of its queue.

        A job in its agent's own group goes to the new one's. Raises SetupError otherwise.
        """
        ...

    async def reorder(self, id: int, before: int, /) -> Job:
        """Put a ready job before one of its agent, 0 last, at its priority. Raises SetupError."""
        ...

    async def edit(self, id: int, text: str, /) -> Job:
        """Change the text of a ready job that nobody began with. Raises SetupError."""
        ...

    async def revive(self, id: int, /) -> Job:
        """Make a waiting, failed, dead or cancelled job ready again, with fresh attempts."""
        ...


class Claims(Protocol):
    """What a worker does with jobs: hold one for a time, and end it.

    A held job is named by its id and fence. All but `claim` raise Overtaken when the job is no
    longer held under that fence. Seconds are of a clock that no jump of the wall clock moves.
    """

    async def claim(self, owner: str, seconds: float, agents: Sequence[str] = (), /) -> Job | None:
        """Return the next job, held for that time; of any agent when none is named.

        Jobs whose lease ran out are first made ready again, or dead after their last attempt.
        """
        ...

    async def sweep(self) -> None:
        """Make jobs ready again whose lease ran out, or dead after their last attempt."""
        ...

    async def rest(self, agents: Sequence[str] = (), /) -> float:
        """Return how many seconds it is until a lease or a pause of these agents' jobs ends.

        0 when a lease has run out; infinite when none will. Of all agents when none is named.
        """
        ...

    async def beat(self, job: Job, seconds: float, /) -> Job:
        """Hold a job for that time from now."""
        ...

    async def look(self, job: Job, /) -> None:
        """Return if a job is held; nothing is written."""
        ...

    async def finish(self, job: Job, state: "Ending", text: str, /) -> Job:
        """End the attempt; the text becomes the result of a done job, else the reason."""
        ...

    async def fail(self, job: Job, reason: str, pause: float = 0.0, /) -> Job:
        """Count a failed attempt: ready again after the pause, or dead after the last one."""
        ...

    async def release(self, job: Job, reason: str, pause: float = 0.0, /) -> Job:
        """Put a job back as if it had not been claimed: the attempt is not counted."""
        ...


Ending = Literal["done", "failed", "waiting"]


class Ended(Struct, frozen=True, kw_only=True):
    """How the work on a job ended."""

    state: Ending = "done"
    text: str = ""


Hold = Callable[[], Awaitable[None]]
"""Renews the lease; raises Overtaken. To be awaited right before an effect outside."""

Work = Callable[[Job, Hold], Awaitable[Ended]]
"""Works on a job. Unreachable, NoCredit, StoreAway and Unwritable put it back without counting the
attempt, every other error counts it; Overtaken says that the job is no longer held.
"""


class Charge(Struct, frozen=True, kw_only=True):
    """What one call of a model costs, and what for."""

    agent: str
    amount: int
    """Micro-credits, at least 0."""
    task: int = 0
    """Id of the job; 0 for none."""
    run: str = ""
    model: str = ""
    tokens: int = 0
    note: str = ""
    key: str = ""
    """A charge with a key that was used before changes nothing; empty for no such rule."""


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """One line of the ledger."""

    id: int
    at: datetime
    agent: str
    amount: int
    """Micro-credits: negative for a charge and for what was taken back, positive for a grant."""
    balance: int
    """What the agent had afterwards."""
    task: int = 0
    run: str = ""
    model: str = ""
    tokens: int = 0
    note: str = ""
    by: str = ""
    """Who granted it or took it back; empty for a charge."""

    @property
    def spent(self) -> int:
        """Micro-credits a call of a model took; 0 for what people gave and took back."""
        return -self.amount if self.amount < 0 and not self.by else 0


class Ledger(Protocol):
    """The credits of every agent: micro-credits, never below zero."""

    async def charge(self, charge: Charge, per_day: int = NO_LIMIT, /) -> int:
        """Take credits and return the balance left. Raises NoCredit, then nothing was taken.

        `per_day` limits what the agent spends on this day (UTC).
        """
        ...

    async def grant(
        self, agent: str, amount: int, /, *, by: str, note: str = "", key: str = ""
    ) -> int:
        """Give credits and return the balance; a key that was used before changes nothing.

        An amount below zero takes some back, which is not spending. Raises NoCredit where there
        is less than that, then nothing was taken.
        """
        ...

    async def balance(self, agent: str, /) -> int:
        """Return what an agent has; 0 for one nobody knows."""
        ...

    async def balances(self) -> Mapping[str, int]:
        """Return what every agent has."""
        ...

    async def spent(self, agent: str, day: date, /) -> int:
        """Return what an agent spent on a day (UTC)."""
        ...

    async def spent_today(self) -> int:
        """Return what everybody together spent on this day (UTC)."""
        ...

    async def entries(
        self, agent: str = "", /, *, after: int = 0, limit: int = 500
    ) -> Sequence[LedgerEntry]:
        """Return lines with an id above `after`, the oldest first; of all agents by default."""
        ...

    async def sums(self, by: Literal["agent", "task", "model"], /) -> Mapping[str, int]:
        """Return what was spent in all, by agent, task or model."""
        ...

    async def days(self, since: date, /) -> Mapping[str, Mapping[str, int]]:
        """Return what was spent by day (UTC, `2026-11-21`) and agent, from a day on."""
        ...


ApprovalState = Literal["asked", "granted", "refused", "used", "expired"]


class Approval(Struct, frozen=True, kw_only=True):
    """One exact act that waits for a person's word, or has it."""

    id: int = 0
    agent: str
    act: str
    """What kind of act, such as `push`."""
    digest: str
    """SHA-256 of exactly what would be done; the word counts for this alone."""
    text: str = ""
    """What a person reads before answering."""
    task: int = 0
    state: ApprovalState = "asked"
    by: str = ""
    note: str = ""
    asked: datetime | None = None
    expires: datetime | None = None
    answered: datetime | None = None

    @property
    def entry(self) -> str:
        """Id of the entry by which an agent asks in a turn; no task waits for that answer."""
        return self.note if self.act == "question" and self.answered is None else ""


class Approvals(Protocol):
    """The words of people, each for one exact act, once, for a time."""

    async def ask(self, approval: Approval, seconds: float, /) -> Approval:
        """Ask a person; an open question about the same digest is returned instead of doubled."""
        ...

    async def answer(self, id: int, yes: bool, /, *, by: str, note: str = "") -> Approval:
        """Record a person's word. Raises SetupError when there is no open question of that id."""
        ...

    async def use(self, digest: str, /) -> Approval:
        """Spend the granted approval of exactly this act. Raises Refused when there is none."""
        ...

    async def withdraw(self, task: int, /) -> None:
        """Let the open questions that a task waits for expire: it goes on no more."""
        ...

    async def list(self, states: Sequence[ApprovalState] = ("asked",), /) -> Sequence[Approval]:
        """Return approvals in these states, the oldest first."""
        ...


class Effect(Struct, frozen=True, kw_only=True):
    """An act outside that must not happen twice."""

    key: str
    what: str = ""
    done: bool = False
    result: str = ""
    fresh: bool = False
    """True for whoever recorded the intention first; all others ask the world before redoing it."""
    intended: datetime | None = None


class Effects(Protocol):
    """Intentions and their results: recorded before and after the act itself."""

    async def intend(self, key: str, what: str, /) -> Effect:
        """Record that an act is about to be done; return what is known of that key."""
        ...

    async def complete(self, key: str, result: str, /) -> Effect:
        """Record that the act was done. Raises SetupError for a key nobody intended."""
        ...

    async def pending(self) -> Sequence[Effect]:
        """Return the acts that were intended and not completed, the oldest first."""
        ...

    async def forget(self, key: str, /, *, older: float = 0.0) -> None:
        """Forget the acts whose keys begin so and that were intended so many seconds ago."""
        ...


class Bell(Protocol):
    """Wakes workers sooner than their next look at the queue; it holds nothing.

    A lost or doubled ring changes nothing: the queue is the truth.
    """

    async def ring(self, agent: str, /) -> None:
        """Say that an agent has work. Never raises: a bell out of order is logged."""
        ...

    async def wait(self, agents: Sequence[str], seconds: float, /) -> bool:
        """Return True once it rang for one of these agents (any by default), else False in time."""
        ...
