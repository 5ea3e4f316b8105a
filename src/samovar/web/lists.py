"""The lists of the HTTP API, each in portions (`portion`)."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.exceptions import ServiceUnavailableException
from litestar.params import PathParameter, QueryParameter
from litestar.response import Stream

from samovar.core.errors import Missing
from samovar.org.seams import Job, JobState, LedgerEntry
from samovar.web.commission import commissions, signed
from samovar.web.desk import Desk, TheDesk, office_of
from samovar.web.entries import EventSource, lines
from samovar.web.guard import visit_of
from samovar.web.live import Update
from samovar.web.onerun import record_of
from samovar.web.portion import (
    LINK,
    AfterEntry,
    AfterId,
    AfterName,
    Limit,
    following,
    portion,
)
from samovar.web.shelf import RunLine
from samovar.web.verbs import Agent, Mail

Asked = Request[Any, Any, Any]
Name = Annotated[str, PathParameter(min_length=1, max_length=100)]
Someone = Annotated[str, QueryParameter(max_length=100)]
SAID = 1000
"""Messages of a conversation that are looked through, the latest."""


async def agent_of(desk: Desk, name: str) -> Agent:
    """Return one agent. Raises Missing when there is none of that name."""
    everybody = await office_of(desk).roster.agents()
    found = next((a for a in everybody if a.name == name), None)
    if found is None:
        raise Missing(f"there is no agent {name[:40]!r} here")
    return found


@get("/agents", response_headers=[LINK])
async def agents(
    request: Asked, desk: TheDesk, after: AfterName = "", limit: Limit = 1000
) -> Response[Sequence[Agent]]:
    """List every agent by name; empty in a home without a team."""
    found = await desk.office.roster.agents() if desk.office else []
    return portion(request, following(found, after, _name), limit, _name)


@get("/messages", response_headers=[LINK])
async def messages(
    request: Asked,
    desk: TheDesk,
    agent: Someone = "",
    after: AfterName = "",
    limit: Limit = 200,
) -> Response[Sequence[Mail]]:
    """List what was written to outboxes, the latest first."""
    office = desk.office
    found = await office.roster.messages(agent, limit + 1, after) if office else []
    return portion(request, found, limit, _id)


@get("/agents/{name:str}/talk", response_headers=[LINK])
async def talk(
    request: Asked, desk: TheDesk, name: Name, after: AfterName = "", limit: Limit = 100
) -> Response[Sequence[Mail]]:
    """List what people and an agent said to each other lately, the oldest first.

    It is the end of it, and what follows is what was said before.
    """
    await agent_of(desk, name)
    said = (await office_of(desk).roster.talk(name, SAID))[::-1]
    found = portion(request, following(said, after, _id), limit, _id)
    return Response(found.content[::-1], headers=found.headers)


@get("/credits/lines", response_headers=[LINK])
async def ledger(
    request: Asked, desk: TheDesk, agent: Someone = "", after: AfterId = 0, limit: Limit = 200
) -> Response[Sequence[LedgerEntry]]:
    """List the lines of the ledger after one of them, by id, the oldest first."""
    office = desk.office
    found = await office.purse.lines(agent, after, limit + 1) if office else []
    return portion(request, found, limit, _number)


@get("/tasks", response_headers=[LINK])
async def tasks(
    request: Asked,
    desk: TheDesk,
    agent: Someone = "",
    wanted: Annotated[JobState | None, QueryParameter(name="state")] = None,
    after: AfterId = 0,
    limit: Limit = 200,
) -> Response[Sequence[Job]]:
    """List the tasks of all queues, or of one agent's, the latest first.

    Ready ones are worked on in the order of their priority, the highest first, and position.
    """
    states = (wanted,) if wanted else ()
    office = desk.office
    found = await office.jobs.latest(agent, states, after, limit + 1) if office else []
    return portion(request, found, limit, _number)


@get("/runs", response_headers=[LINK])
async def runs(
    request: Asked,
    desk: TheDesk,
    wanted: Annotated[str, QueryParameter(name="state", max_length=20)] = "",
    after: AfterName = "",
    limit: Limit = 200,
) -> Response[Sequence[RunLine]]:
    """List the runs, the latest first."""
    bought = await commissions(desk)
    # Before those of one state are taken: the last run one has may have gone on since.
    rest = following(desk.shelf.lines(), after, _run)
    known = [signed(r, bought.get(r.run)) for r in rest]
    found = [r for r in known if not wanted or r.state == wanted][: limit + 1]
    return portion(request, found, limit, _run)


@get("/runs/{run:str}/events", response_headers=[LINK])
async def events(
    request: Asked, desk: TheDesk, run: Name, after: AfterEntry = -1, limit: Limit = 1000
) -> Response[Sequence[dict[str, Any]]] | Stream:
    """Return the log after an entry: as JSON, or as a live stream to whoever accepts that.

    The stream's event ids are the numbers of the entries; `Last-Event-ID` replays what was missed.
    """
    record = record_of(desk, run)
    if "text/event-stream" not in request.headers.get("accept", ""):
        found = [r for r in record.rows if r.seq > after][: limit + 1]
        return portion(request, lines(found), limit, _seq)
    if desk.hub.full:
        raise ServiceUnavailableException("too many streams are open; close some")
    last = request.headers.get("last-event-id") or str(after)
    session = visit_of(request.scope).session

    async def chunks() -> AsyncIterator[bytes]:
        yield b"retry: 500\n\n"
        name = f"events/{run}"
        async for update in desk.hub.listen(name, lambda: EventSource(record), last, session):
            yield update.html.encode() if isinstance(update, Update) else b": alive\n\n"

    return Stream(chunks(), media_type="text/event-stream")


def _name(agent: Agent) -> str:
    return agent.name


def _id(mail: Mail) -> str:
    return mail.id


def _number(row: LedgerEntry | Job) -> int:
    return row.id


def _run(line: RunLine) -> str:
    return line.run


def _seq(line: dict[str, Any]) -> int:
    return int(line["seq"])
