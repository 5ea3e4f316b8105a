"""The HTTP API: what the pages show, as JSON, for the command line and for other programs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

from litestar import Router, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter
from msgspec import Meta, Struct

from samovar.core.errors import Missing, SetupError
from samovar.flow.receipt import Receipt
from samovar.org.seams import NO_LIMIT, Approval, Job, JobState
from samovar.web import acts, conduct, lists, onerun
from samovar.web.commission import all_runs, commission
from samovar.web.desk import TheDesk, office_of, workshop_of
from samovar.web.lists import Name
from samovar.web.onerun import record_of
from samovar.web.shelf import Question, RunLine
from samovar.web.verbs import Agent, By, Status
from samovar.web.views import questions

Number = Annotated[int, PathParameter(ge=0, le=2**53)]
Text = Annotated[str, Meta(min_length=1, max_length=200_000)]


class NewTask(Struct, frozen=True, forbid_unknown_fields=True):
    """A task to work on."""

    text: Text
    agent: Annotated[str, Meta(max_length=100)] = ""
    """Whose queue; empty for the one who hands out work. Not used in a home without a team."""
    repo: Annotated[str, Meta(max_length=4096)] = ""
    """One of its repositories, as its resume names it; empty for the first. Used with a team."""
    push: bool = False
    """Whether a person is to be asked afterwards to push its branch."""


class Accepted(Struct, frozen=True):
    """Where a new task went."""

    task: int
    """Number of the task in the queue, or of the order of this server."""
    agent: str = ""


class NewMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """A message to an agent."""

    to: Annotated[str, Meta(min_length=1, max_length=100)]
    """An agent, or `all`."""
    text: Text


class Sent(Struct, frozen=True):
    """A message that was written."""

    id: str


class Grant(Struct, frozen=True, forbid_unknown_fields=True):
    """Credits for an agent."""

    agent: Annotated[str, Meta(min_length=1, max_length=100)]
    amount: Annotated[int, Meta(ge=-(10**15), le=10**15)]
    """Micro-credits; negative takes some back, as far as the agent has them."""


class Balance(Struct, frozen=True):
    """What an agent has, in micro-credits."""

    agent: str
    balance: int


class DayLimit(Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent may spend a day."""

    agent: Annotated[str, Meta(min_length=1, max_length=100)]
    per_day: Annotated[int, Meta(ge=0, le=10**15)] | None
    """Micro-credits; null for no limit."""


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """A person's word on one exact act."""

    digest: Annotated[str, Meta(min_length=1, max_length=128)]
    """Hash of what would be done, as the question gave it; another one is refused."""
    yes: bool
    note: Annotated[str, Meta(max_length=1000)] = ""
    always: bool = False
    """Whether a rule is written, too, that allows calls like this one; only with yes."""


class Told(Struct, frozen=True):
    """What was done."""

    said: str


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with a task of a queue: one of these."""

    agent: Annotated[str, Meta(max_length=100)] = ""
    """Move it to this agent."""
    before: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    """Put it before this task; 0 puts it last."""
    revive: bool = False
    """Make it ready again."""


class Questions(Struct, frozen=True):
    """Everything that waits for a person."""

    runs: Sequence[Question]
    agents: Sequence[Approval]


class Whole(Struct, frozen=True):
    """The state of a home in a few numbers."""

    status: Status
    runs: Mapping[str, int]
    """How many runs are in each state."""
    waiting: int
    """Questions for a person."""
    queues: Mapping[str, Mapping[JobState, int]]
    """Tasks of each agent by state."""


class OneRun(Struct, frozen=True):
    """One run."""

    run: RunLine
    receipt: Receipt | None
    entries: int


@post("/messages")
async def send(desk: TheDesk, data: JSONBody[NewMessage]) -> Sent:
    """Write to an agent, or to all of them."""
    sent = await office_of(desk).roster.send(data.to, data.text)
    desk.changed()
    return Sent(sent)


@get("/agents/{name:str}")
async def agent(desk: TheDesk, name: Name) -> Agent:
    """Return one agent with its resume."""
    return await lists.agent_of(desk, name)


@get("/credits")
async def credits(desk: TheDesk) -> Mapping[str, int]:
    """Return what every agent has left, in micro-credits."""
    return await desk.office.purse.balances() if desk.office else {}


@get("/credits/spent")
async def spent(desk: TheDesk, by: FromQuery[By] = "agent") -> Mapping[str, int]:
    """Return what was spent in all, in micro-credits, by agent, task or model.

    Task 0 is what belongs to none: the choices of turns, and conversations.
    """
    return await desk.office.purse.spent_by(by) if desk.office else {}


@post("/credits", status_code=200)
async def grant(desk: TheDesk, data: JSONBody[Grant]) -> Balance:
    """Give credits to an agent, or take some back."""
    left = await office_of(desk).purse.grant(data.agent, data.amount)
    desk.changed()
    return Balance(data.agent, left)


@post("/credits/limit", status_code=200)
async def limit(desk: TheDesk, data: JSONBody[DayLimit]) -> DayLimit:
    """Change what an agent may spend a day (UTC)."""
    most = NO_LIMIT if data.per_day is None else data.per_day
    await office_of(desk).purse.limit(data.agent, most)
    desk.changed()
    return data


@get("/status")
async def status(desk: TheDesk) -> Whole:
    """Return how everything does."""
    counts = dict(Counter(line.state for line in await all_runs(desk)))
    waiting = len(await questions(desk))
    if desk.office is None:
        return Whole(Status(), counts, waiting, {})
    waiting += len(await desk.office.words.approvals())
    queues = await desk.office.jobs.counts()
    return Whole(await desk.office.roster.status(), counts, waiting, queues)


@post("/tasks", status_code=202)
async def submit(desk: TheDesk, data: JSONBody[NewTask]) -> Accepted:
    """File a task."""
    if desk.office is not None:
        job = await desk.office.jobs.submit(data.text, data.agent, data.repo, data.push)
        desk.changed()
        return Accepted(job.id, job.agent)
    order = workshop_of(desk).submit(desk.home, conduct.wish(desk, data.text, push=data.push))
    return Accepted(order.id)


@get("/tasks/{id:int}")
async def one_task(desk: TheDesk, id: Number) -> Job:
    """Return one task with its latest run, however long ago it ended."""
    return await office_of(desk).jobs.job(id)


@post("/tasks/{id:int}", status_code=200)
async def change_task(desk: TheDesk, id: Number, data: JSONBody[Change]) -> Job:
    """Move a task to another agent, put it elsewhere in its queue, or make it ready again."""
    jobs = office_of(desk).jobs
    if data.agent:
        job = await jobs.move(id, data.agent)
    elif data.before is not None:
        job = await jobs.reorder(id, data.before)
    elif data.revive:
        job = await jobs.revive(id)
    else:
        raise SetupError("say what to change: agent, before or revive")
    desk.changed()
    return job


@delete("/tasks/{id:int}", status_code=200)
async def cancel_task(desk: TheDesk, id: Number) -> Job:
    """Cancel a task."""
    job = await office_of(desk).jobs.cancel(id, "cancelled by a person")
    desk.changed()
    return job


@get("/runs/{run:str}")
async def one_run(desk: TheDesk, run: Name) -> OneRun:
    """Return one run with its receipt."""
    record = record_of(desk, run)
    line = onerun.line_of(desk, run, await commission(desk, run))
    facts = onerun.receipt_of(record, onerun.change_of(desk, run))
    return OneRun(line, facts, len(record.rows))


@get("/runs/{run:str}/diff", media_type="text/plain")
async def one_diff(desk: TheDesk, run: Name) -> str:
    """Return the change of a run as a unified difference."""
    record_of(desk, run)
    return onerun.change_of(desk, run).text


@post("/runs/{run:str}/{verb:str}", status_code=200)
async def act_on_run(desk: TheDesk, run: Name, verb: FromPath[str]) -> Told:
    """Stop, resume, retry or undo a run; that of a task of the team by its task."""
    record_of(desk, run)
    match verb:
        case "stop":
            return Told(await conduct.stop(desk, run))
        case "resume":
            return Told(await conduct.resume(desk, run))
        case "retry":
            return Told(await conduct.retry(desk, run))
        case "undo":
            return Told(await conduct.undo(desk, run))
        case _:
            raise Missing("a run can be told to stop, resume, retry or undo")


@get("/approvals")
async def approvals(desk: TheDesk) -> Questions:
    """List what waits for a person: questions of runs, and of agents."""
    asked = await desk.office.words.approvals() if desk.office else []
    return Questions(await questions(desk), asked)


@post("/approvals/{id:str}", status_code=200)
async def answer(desk: TheDesk, id: Name, data: JSONBody[Answer]) -> Told:
    """Approve or refuse one exact act; `id` is a run's name or a question's number."""
    if data.always and data.yes:
        return Told(await acts.allow_always(desk, id, data.digest, data.note))
    return Told(await acts.give_word(desk, id, data.digest, data.yes, data.note))


def router() -> Router:
    """Return the routes under /api."""
    rows = [lists.agents, lists.messages, lists.talk, lists.ledger, lists.tasks, lists.runs]
    reading = [agent, credits, spent, status, one_task, one_run, one_diff, lists.events]
    doing = [send, grant, limit, submit, change_task, cancel_task, act_on_run, approvals, answer]
    return Router("/api", route_handlers=[*rows, *reading, *doing])
