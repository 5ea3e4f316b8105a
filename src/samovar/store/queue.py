"""The queue of jobs in a database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from samovar.core.errors import Missing, SetupError
from samovar.core.text import storable
from samovar.org.seams import OPEN, Filter, Job, JobState
from samovar.store.database import Database
from samovar.store.rows import job as read
from samovar.store.rows import passed
from samovar.store.tables import tasks

SHUT: tuple[JobState, ...] = ("waiting", "failed", "dead", "cancelled")
"""What a person can bring back."""
LEFT: tuple[JobState, ...] = (*OPEN, "failed", "dead")
"""What a person can put away."""


class SqlQueue:
    """The jobs of every agent; `samovar.org.seams.Queue` on a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def add(self, job: Job, /, *, key: str = "") -> Job:
        """Store a new job; with a key that was used before, return the job of that time."""
        last = select(func.coalesce(func.max(tasks.c.position), 0) + 1).scalar_subquery()
        values = _given(job) | {
            "position": last,
            "created": self.database.wall(),
            "dedupe": key or None,
        }
        # Plain, for SQLAlchemy compiles an insert with ON CONFLICT anew each time.
        new = insert(tasks).values(values).returning(tasks)
        try:
            async with self.database.writing() as connection:
                # Asked first, so that a repeated key uses up no id.
                row = await _keyed(connection, key) or (await connection.execute(new)).one()
        except IntegrityError:
            # Somebody else was quicker with this key.
            async with self.database.reading() as connection:
                known = await _keyed(connection, key)
            if known is None:
                raise
            return read(self.database, known)
        return read(self.database, row)

    async def get(self, id: int, /) -> Job:
        """Return one job. Raises Missing when there is none."""
        async with self.database.reading() as connection:
            return read(self.database, await _one(connection, id))

    async def list(self, filter: Filter, /) -> Sequence[Job]:
        """Return the jobs that fit."""
        asked = _chosen(filter)
        asked = asked.where(passed(self.database)) if filter.due else asked
        async with self.database.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return [read(self.database, row) for row in rows]

    async def counts(self) -> Mapping[str, Mapping[JobState, int]]:
        """Return how many jobs each agent has in each state."""
        number = func.count().label("number")
        asked = select(tasks.c.agent, tasks.c.state, number).group_by(tasks.c.agent, tasks.c.state)
        found: dict[str, dict[JobState, int]] = {}
        async with self.database.reading() as connection:
            for row in await connection.execute(asked):
                found.setdefault(row.agent, {})[row.state] = row.number
        return found

    async def cancel(self, id: int, reason: str, /) -> Job:
        """End a job that is not done; its worker, if any, loses it. Raises SetupError."""
        values = {"state": "cancelled", "reason": reason, "owner": ""}
        return await self._change(id, LEFT, values | {"ended": self.database.wall()})

    async def move(self, id: int, agent: str, /) -> Job:
        """Give a ready or waiting job to another agent, at the end of its queue."""
        last = select(func.max(tasks.c.position) + 1).scalar_subquery()
        own = tasks.c.job_group == tasks.c.agent
        group = case((own, agent), else_=tasks.c.job_group)
        values = {"agent": agent, "job_group": group, "position": last}
        return await self._change(id, ("ready", "waiting"), values)

    async def edit(self, id: int, text: str, /) -> Job:
        """Change the text of a ready job that nobody began with. Raises SetupError."""
        begun = tasks.c.started.is_not(None)
        said = case((begun, tasks.c.text), else_=literal(text, tasks.c.text.type))
        return edited(await self._change(id, ("ready",), {"text": said}), text)

    async def revive(self, id: int, /) -> Job:
        """Make a waiting, failed, dead or cancelled job ready again, with fresh attempts."""
        fresh = {"state": "ready", "attempts": 0, "until": 0.0, "ended": None, "owner": ""}
        return await self._change(id, SHUT, fresh)

    async def reorder(self, id: int, before: int, /) -> Job:
        """Put a ready job before another one of the same agent; 0 puts it last.

        The jobs of the agent exchange the positions they have, so no other agent's jobs move.
        """
        async with self.database.writing() as connection:
            moved = await _one(connection, id)
            ready = Filter(agents=(moved.agent,), states=("ready",), limit=0)
            found = await connection.execute(_chosen(ready).with_for_update())
            # PostgreSQL sorts before it waits for another reorder to end, and then has its rows.
            rows = sorted(found, key=lambda row: (-row.priority, row.position, row.id))
            priority, order = arranged([(r.id, r.priority) for r in rows], id, before)
            places = sorted(r.position for r in rows)
            new = case(dict(zip(order, places, strict=True)), value=tasks.c.id)
            await connection.execute(
                update(tasks).where(tasks.c.id.in_(order)).values(position=new)
            )
            await connection.execute(
                update(tasks).where(tasks.c.id == id).values(priority=priority)
            )
            return read(self.database, await _one(connection, id))

    async def _change(self, id: int, states: Sequence[JobState], values: dict[str, Any]) -> Job:
        """Change a job that is in one of these states. Raises SetupError that names its state."""
        fits = (tasks.c.id == id) & tasks.c.state.in_(states)
        async with self.database.writing() as connection:
            changed = await connection.execute(
                update(tasks).where(fits).values(values).returning(tasks)
            )
            row = changed.first()
            if row is None:
                state = (await _one(connection, id)).state
                raise SetupError(f"job {id} is {state}; this works for {', '.join(states)} only")
        return read(self.database, row)


def edited(job: Job, text: str) -> Job:
    """Return a job that has this text now. Raises SetupError when it kept another one."""
    if job.text != storable(text):
        raise SetupError(f"job {job.id} was begun with its words; cancel it and file another")
    return job


def arranged(ready: Sequence[tuple[int, int]], id: int, before: int) -> tuple[int, list[int]]:
    """Return the new priority of a job, and the new order of its agent's ready jobs.

    `ready` holds (id, priority) in the present order. Raises SetupError.
    """
    priorities = dict(ready)
    order = [each for each, _ in ready if each != id]
    if id not in priorities:
        raise SetupError(f"job {id} is not ready; only ready jobs have an order")
    if before and before not in order:
        raise SetupError(f"job {before} is not another ready job of the same agent")
    place = order.index(before) if before else len(order)
    order.insert(place, id)
    neighbour = before or (order[place - 1] if place else id)
    return priorities[neighbour], order


async def _keyed(connection: AsyncConnection, key: str) -> Row[Any] | None:
    if not key:
        return None
    return (await connection.execute(select(tasks).where(tasks.c.dedupe == key))).first()


async def _one(connection: AsyncConnection, id: int) -> Row[Any]:
    row = (await connection.execute(select(tasks).where(tasks.c.id == id))).first()
    if row is None:
        raise Missing(f"there is no task {id}; see 'samovar queue list'")
    return row


def _chosen(filter: Filter) -> Select[Any]:
    asked = select(tasks).limit(filter.limit or None)
    for column, values in (
        (tasks.c.agent, filter.agents),
        (tasks.c.state, filter.states),
        (tasks.c.kind, filter.kinds),
    ):
        asked = asked.where(column.in_(values)) if values else asked
    if filter.created_by:
        asked = asked.where(tasks.c.created_by == filter.created_by)
    if filter.parent:
        asked = asked.where(tasks.c.parent == filter.parent)
    if filter.below:
        asked = asked.where(tasks.c.id < filter.below)
    orders: Mapping[str, tuple[ColumnElement[Any], ...]] = {
        "claim": (tasks.c.priority.desc(), tasks.c.position, tasks.c.id),
        "newest": (tasks.c.id.desc(),),
        "ended": (tasks.c.ended.desc().nulls_last(), tasks.c.id.desc()),
    }
    return asked.order_by(*orders[filter.order])


def _given(job: Job) -> dict[str, Any]:
    return {
        "agent": job.agent,
        "kind": job.kind,
        "text": job.text,
        "repo": job.repo,
        "run": job.run,
        "data": job.data,
        "job_group": job.group,
        "priority": job.priority,
        "tries": job.tries,
        "created_by": job.created_by,
        "parent": job.parent,
        "depth": job.depth,
        "state": "waiting" if job.state == "waiting" else "ready",
        "attempts": 0,
        "owner": "",
        "fence": 0,
        "until": 0.0,
        "span": 0.0,
        "boot": "",
        "reason": job.reason,
        "result": "",
    }
