"""Whose a database is: one team's, known by an id that its home keeps wherever it lies."""

import socket
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from samovar.store.database import Database
from samovar.store.identity import foreign, identity
from samovar.store.tables import team


async def belong(database: Database, home: Path) -> None:
    """Make a database that of a home. Raises SetupError where it is that of another one.

    Two teams in one set of tables would take each other's tasks.
    """
    mine, place = identity(home), f"{home.absolute()} on {socket.gethostname()}"
    insert = (postgresql if database.server else sqlite).insert
    new = insert(team).values(one=1, id=mine, place=place)
    elsewhere = (team.c.id == mine) & (team.c.place != place)
    moved = new.on_conflict_do_update(
        index_elements=[team.c.one], set_={"place": place}, where=elsewhere
    )
    async with database.writing() as connection:
        await connection.execute(moved)
        owner = (await connection.execute(select(team))).one()
    if owner.id != mine:
        raise foreign(home, database.shown, owner.id, owner.place)
