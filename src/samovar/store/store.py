"""Everything the organisation keeps, together: in memory, in a file, or on a server."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from samovar.core.errors import SetupError
from samovar.org.parcel import Parcels
from samovar.org.seams import Approvals, Claims, Effects, Ledger, Queue, StoreAway
from samovar.store.approvals import SqlApprovals
from samovar.store.claims import SqlClaims
from samovar.store.clock import Clock, machine
from samovar.store.database import Database, connect, sqlite
from samovar.store.effects import SqlEffects
from samovar.store.ledger import SqlLedger
from samovar.store.memory import Jobs, MemoryClaims, MemoryQueue
from samovar.store.memory_books import (
    MemoryApprovals,
    MemoryEffects,
    MemoryLedger,
    MemoryParcels,
)
from samovar.store.migrate import migrate
from samovar.store.owner import belong
from samovar.store.parcels import MOST, SqlParcels
from samovar.store.queue import SqlQueue

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Store:
    """The seams of the organisation over one place."""

    queue: Queue
    claims: Claims
    ledger: Ledger
    approvals: Approvals
    effects: Effects
    parcels: Parcels
    shown: str
    """Where it is, for people; without a password."""


def memory(clock: Clock | None = None) -> Store:
    """Return a store that lasts as long as the process."""
    clock = clock or machine()
    jobs = Jobs(clock)
    return Store(
        queue=MemoryQueue(jobs),
        claims=MemoryClaims(jobs),
        ledger=MemoryLedger(clock),
        approvals=MemoryApprovals(clock),
        effects=MemoryEffects(clock),
        parcels=MemoryParcels(MOST),
        shown="memory",
    )


@asynccontextmanager
async def open_store(
    home: Path,
    url: str = "",
    clock: Clock | None = None,
    *,
    patience: float = 0.0,
    carried: int = 0,
    own: bool = False,
) -> AsyncIterator[Store]:
    """Open the store of a home and close it at the end: `samovar.db`, or the database at `url`.

    An older schema is brought forward. A server that is away is waited for so many seconds; 0 waits
    for none. `carried` is how many bytes a parcel may have. With `own`, the database at `url` is to
    be this home's own. Raises SetupError for an address that cannot be used, a database that a
    newer samovar has used and one of another team, StoreAway when the database does not answer.
    """
    if not url and not home.is_dir():
        raise SetupError(f"there is no home in {home}; make one with: samovar bootstrap {home}")
    database = connect(url or sqlite(home / "samovar.db"), clock or machine())
    try:
        await _reach(database, patience)
        if own and url:
            await belong(database, home)
        yield Store(
            queue=SqlQueue(database),
            claims=SqlClaims(database),
            ledger=SqlLedger(database),
            approvals=SqlApprovals(database),
            effects=SqlEffects(database),
            parcels=SqlParcels(database, carried or MOST),
            shown=database.shown,
        )
    finally:
        await database.close()


async def _reach(database: Database, patience: float) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            return await migrate(database)
        except StoreAway as error:
            if time.monotonic() >= end:
                raise
            _log.warning("store_away", extra={"error": str(error)})
        await asyncio.sleep(1.0)
