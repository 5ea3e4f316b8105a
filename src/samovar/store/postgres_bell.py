"""A bell on PostgreSQL; needs the extra `postgres`."""

import asyncio

from psycopg import Error
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout
from saq.queue.postgres import PostgresQueue

from samovar.store.bell import Known
from samovar.store.saq_bell import PREFIX, SaqBell

MOST = 100
"""Agents a process can listen for: each takes a connection."""
KEYSPACE = 7261
"""Of SAQ's advisory locks, so that another program's SAQ in the same database is not in the way."""


def postgres_bell(url: str, agents: Known) -> SaqBell:
    """Return a bell that is not yet connected."""
    # Each queue keeps one connection to listen on; the rest is for everything else.
    pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=MOST + 8,
        open=False,
        timeout=5,
        kwargs={"connect_timeout": 5, "autocommit": True},
    )

    async def prepare() -> None:
        await _make_tables(url)
        await pool.open()

    return SaqBell(
        make=lambda agent: _queue(pool, agent),
        agents=agents,
        troubles=(Error, PoolClosed, PoolTimeout, OSError),
        prepare=prepare,
        ending=pool.close,
    )


async def _make_tables(url: str) -> None:
    """Make SAQ's tables, or wait until another process has.

    SAQ makes them under a lock that its connection then keeps, and whoever comes second goes on
    without them: so a connection of its own makes them and is closed again.
    """
    while True:
        async with AsyncConnectionPool(url, min_size=1, max_size=2, timeout=5) as own:
            await _queue(own, "").init_db()
            async with own.connection() as connection:
                found = await connection.execute("SELECT to_regclass('saq_stats')")
                row = await found.fetchone()
        if row and row[0]:
            return
        await asyncio.sleep(0.1)


def _queue(pool: AsyncConnectionPool, agent: str) -> PostgresQueue:
    return PostgresQueue(pool=pool, name=PREFIX + agent, saq_lock_keyspace=KEYSPACE)
