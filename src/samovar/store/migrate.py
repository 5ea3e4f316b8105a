"""Bringing a database to the schema of this version, forwards only.

`migrations/NNNN.<dialect>.sql` are applied in order, each once, all in one transaction.
"""

import asyncio
from collections.abc import Iterator
from importlib.resources import files

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from samovar import __version__
from samovar.core.errors import SetupError
from samovar.org.seams import StoreAway
from samovar.store.database import Database

_LOCK = 7_261_120_260
"""Key of the advisory lock that keeps two processes from migrating at the same time."""
_TRIES = 20
"""Processes that make a new SQLite file WAL at the same moment refuse one another at once."""
_VERSIONS = """
CREATE TABLE IF NOT EXISTS samovar_schema (
  version INTEGER PRIMARY KEY NOT NULL, app TEXT NOT NULL
)"""


async def migrate(database: Database) -> None:
    """Apply what is missing. Raises SetupError when a newer samovar has been here before."""
    for pause in range(_TRIES):
        try:
            await _migrate(database)
        except StoreAway as error:
            if "locked" not in str(error) or pause == _TRIES - 1:
                raise
            await asyncio.sleep(0.05 * (pause + 1))
        else:
            return


async def _migrate(database: Database) -> None:
    scripts = dict(_scripts(database.engine.dialect.name))
    async with database.writing() as connection:
        if database.server:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        await connection.execute(text(_VERSIONS))
        here = await _version(connection, database.shown, max(scripts))
        for number in sorted(n for n in scripts if n > here):
            for statement in statements(scripts[number]):
                await connection.exec_driver_sql(statement)
            row = {"version": number, "app": __version__}
            await connection.execute(
                text("INSERT INTO samovar_schema (version, app) VALUES (:version, :app)"), row
            )


async def _version(connection: AsyncConnection, shown: str, known: int) -> int:
    found = await connection.execute(
        text("SELECT version, app FROM samovar_schema ORDER BY version DESC LIMIT 1")
    )
    row = found.first()
    if row is None:
        return 0
    if row.version > known:
        raise SetupError(
            f"{shown} was last used by samovar {row.app} (schema {row.version}); this is samovar "
            f"{__version__} (schema {known}): upgrade with pip install --upgrade samovar"
        )
    return int(row.version)


def _scripts(dialect: str) -> Iterator[tuple[int, str]]:
    folder = files("samovar.store") / "migrations"
    for file in folder.iterdir():
        number, _, rest = file.name.partition(".")
        if rest == f"{dialect}.sql":
            yield int(number), file.read_text()


def statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; each ends with a semicolon at the end of a line."""
    kept: list[str] = []
    for line in script.splitlines():
        if line.startswith("--"):
            continue
        kept.append(line)
        if line.endswith(";"):
            yield "\n".join(kept).strip().removesuffix(";")
            kept = []
