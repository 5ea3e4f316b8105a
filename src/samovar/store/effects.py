"""Acts outside that must not happen twice, in a database."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from samovar.core.errors import SetupError
from samovar.org.seams import Effect
from samovar.store.database import Database
from samovar.store.rows import effect as read
from samovar.store.tables import effects


class SqlEffects:
    """Intentions and their results; `samovar.org.seams.Effects` on a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def intend(self, key: str, what: str, /) -> Effect:
        """Record that an act is about to be done; return what is known of that key."""
        insert = (postgresql if self.database.server else sqlite).insert
        values = {"name": key, "what": what, "done": False, "result": ""}
        new = insert(effects).values(**values, intended=self.database.wall())
        async with self.database.writing() as connection:
            made = await connection.execute(new.on_conflict_do_nothing().returning(effects))
            row = made.first()
            if row is not None:
                return read(row, fresh=True)
            known = select(effects).where(effects.c.name == key)
            return read((await connection.execute(known)).one(), fresh=False)

    async def complete(self, key: str, result: str, /) -> Effect:
        """Record that the act was done. Raises SetupError for a key nobody intended."""
        done = update(effects).where(effects.c.name == key).values(done=True, result=result)
        async with self.database.writing() as connection:
            row = (await connection.execute(done.returning(effects))).first()
        if row is None:
            raise SetupError(f"the act {key!r} was never intended; call intend first")
        return read(row, fresh=False)

    async def pending(self) -> Sequence[Effect]:
        """Return the acts that were intended and not completed, the oldest first."""
        asked = select(effects).where(effects.c.done.is_(False)).order_by(effects.c.intended)
        async with self.database.reading() as connection:
            return [read(row, fresh=False) for row in await connection.execute(asked)]

    async def forget(self, key: str, /, *, older: float = 0.0) -> None:
        """Forget the acts whose keys begin so and that were intended so many seconds ago."""
        named = effects.c.name.startswith(key, autoescape=True)
        aged = effects.c.intended <= self.database.wall(-older)
        async with self.database.writing() as connection:
            await connection.execute(delete(effects).where(named, aged))
