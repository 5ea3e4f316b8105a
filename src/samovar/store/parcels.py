"""Parcels in a database: what files hold is kept once, in parts, by digest."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from samovar.core.errors import SetupError
from samovar.org.parcel import Packed, pack, parts, place
from samovar.store.database import Database
from samovar.store.tables import blobs, parcel_files, parcels

MOST = 256 << 20
"""Bytes of a parcel, unless the settings say otherwise."""
_ABANDONED = 3600.0
"""Seconds after which a parcel that is still not complete will never be."""


class SqlParcels:
    """`samovar.org.parcel.Parcels` on a database."""

    def __init__(self, database: Database, most: int = MOST) -> None:
        self.database = database
        self.most = most

    async def send(self, name: str, note: Mapping[str, Any], files: Mapping[str, Path], /) -> None:
        """Store files, by their paths in the parcel, with a note of plain JSON."""
        packed = await asyncio.to_thread(pack, files, self.most)
        await self._announce(name, note, packed)
        for each in packed:
            await self._store(each, files[each.path])
        async with self.database.writing() as connection:
            sealing = update(parcels).where(parcels.c.name == name).values(sealed=True)
            await connection.execute(sealing)

    async def names(self) -> Sequence[str]:
        """Return the names of all parcels, sorted."""
        asked = select(parcels.c.name).where(parcels.c.sealed).order_by(parcels.c.name)
        async with self.database.reading() as connection:
            return (await connection.execute(asked)).scalars().all()

    async def take(self, name: str, folder: Path, /) -> Mapping[str, Any] | None:
        """Write the files of a parcel below a folder and return its note; None without one."""
        complete = (parcels.c.name == name) & parcels.c.sealed
        held = select(parcel_files).where(parcel_files.c.parcel == name)
        async with self.database.reading() as connection:
            note = (await connection.execute(select(parcels.c.note).where(complete))).scalar()
            rows = (await connection.execute(held)).all() if note is not None else []
        if note is None:
            return None
        for row in rows:
            await self._fetch(row.digest, row.size, place(folder, row.path))
        return dict(note)

    async def drop(self, names: Sequence[str], /) -> None:
        """Forget parcels, and what only they held."""
        old = (parcels.c.sealed.is_(False)) & (parcels.c.sent < self.database.wall(-_ABANDONED))
        kept = select(parcel_files.c.digest)
        async with self.database.writing() as connection:
            # Whoever announces a parcel waits: what it counts on must not vanish meanwhile.
            await self._alone(connection)
            await connection.execute(delete(parcels).where(parcels.c.name.in_(names) | old))
            await connection.execute(delete(blobs).where(blobs.c.digest.not_in(kept)))

    async def _announce(self, name: str, note: Mapping[str, Any], packed: Sequence[Packed]) -> None:
        """Say what is coming, so that no part of it is thrown away."""
        row = {"name": name, "note": dict(note), "sealed": False, "sent": self.database.wall()}
        async with self.database.writing() as connection:
            await connection.execute(delete(parcels).where(parcels.c.name == name))
            await connection.execute(insert(parcels).values(row))
            for each in packed:
                file = {"path": each.path, "digest": each.digest, "size": each.size}
                await connection.execute(insert(parcel_files).values(parcel=name, **file))

    async def _store(self, packed: Packed, source: Path) -> None:
        kept = select(func.coalesce(func.sum(func.length(blobs.c.data)), 0))
        asked = kept.where(blobs.c.digest == packed.digest)
        async with self.database.reading() as connection:
            if (await connection.execute(asked)).scalar() == packed.size:
                return
        add = (postgresql if self.database.server else sqlite).insert(blobs)
        for number, data in enumerate(parts(source)):
            row = {"digest": packed.digest, "part": number, "data": data}
            async with self.database.writing() as connection:
                await connection.execute(add.values(row).on_conflict_do_nothing())

    async def _fetch(self, digest: str, size: int, target: Path) -> None:
        seen, length = hashlib.sha256(), 0
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(0o600, exist_ok=False)
        async for data in self._parts(digest):
            seen.update(data)
            length += len(data)
            _append(target, data)
        if (seen.hexdigest(), length) != (digest, size):
            raise SetupError(f"the file {target.name} arrived damaged from {self.database.shown}")

    async def _parts(self, digest: str) -> AsyncIterator[bytes]:
        number = 0
        while True:
            asked = select(blobs.c.data).where(blobs.c.digest == digest, blobs.c.part == number)
            async with self.database.reading() as connection:
                data = (await connection.execute(asked)).scalar()
            if data is None:
                return
            yield bytes(data)
            number += 1

    async def _alone(self, connection: AsyncConnection) -> None:
        """Hold the tables; SQLite has one writer in any case."""
        if self.database.server:
            await connection.execute(text("LOCK TABLE parcels IN SHARE ROW EXCLUSIVE MODE"))


def _append(target: Path, data: bytes) -> None:
    with target.open("ab") as handle:
        handle.write(data)
