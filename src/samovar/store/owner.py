"""Whose a database is: one team's, known by an id that its home keeps wherever it lies."""

import fcntl
import os
import secrets
import socket
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from samovar.core.errors import SetupError
from samovar.core.log import write
from samovar.store.database import Database
from samovar.store.tables import team

FILE = "team.id"


def identity(home: Path) -> str:
    """Return the id of a home; made when it is asked for first. Raises SetupError."""
    path = home / FILE
    try:
        return _said(path) or _made(path)
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror}; mend its rights") from error


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
        raise SetupError(
            f"the database {database.shown} belongs to the team in {owner.place}: set "
            "SAMOVAR_DATABASE_URL to another one, each team has its own; or, if this is that "
            f"team, write {owner.id} into {home / FILE}"
        )


def _said(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""


def _made(path: Path) -> str:
    """Make an id; of several processes that open a new home at once, one does."""
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not _said(path):
            write(path, f"{secrets.token_hex(16)}\n".encode())
        return _said(path)
    finally:
        os.close(handle)
