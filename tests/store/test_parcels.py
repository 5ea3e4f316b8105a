"""Files that travel by the database; over memory, SQLite and PostgreSQL."""

import asyncio
import hashlib
import os

import pytest
from sqlalchemy import func, select, update

from samovar.core.errors import SetupError
from samovar.org.parcel import PART, place
from samovar.store.clock import machine
from samovar.store.database import connect, sqlite
from samovar.store.parcels import SqlParcels
from samovar.store.store import open_store
from samovar.store.tables import blobs, parcels


@pytest.fixture
def files(tmp_path):
    """Return some files: empty, small, and larger than a part."""
    made = {}
    for name, data in {
        "empty": b"",
        "agents/ada/resume.json": b"{}",
        "repo.bundle": os.urandom(3 * PART + 7),
    }.items():
        made[name] = tmp_path / f"from-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        made[name].write_bytes(data)
    return made


async def test_what_is_sent_arrives(store, files, tmp_path):
    await store.parcels.send("to/1/1", {"repo": "/srv/x", "n": [1]}, files)
    note = await store.parcels.take("to/1/1", tmp_path / "there")
    assert note == {"repo": "/srv/x", "n": [1]}
    for name, path in files.items():
        assert (tmp_path / "there" / name).read_bytes() == path.read_bytes()
    assert await store.parcels.names() == ["to/1/1"]
    assert await store.parcels.take("to/1/1", tmp_path / "twice") is not None


async def test_a_parcel_that_is_not_there_is_none(store, tmp_path):
    assert await store.parcels.take("to/1/1", tmp_path / "there") is None
    assert await store.parcels.names() == []
    await store.parcels.drop(["to/1/1"])


async def test_a_later_parcel_of_one_name_takes_the_place_of_the_earlier(store, files, tmp_path):
    await store.parcels.send("a", {"n": 1}, files)
    await store.parcels.send("a", {"n": 2}, {"empty": files["empty"]})
    assert await store.parcels.take("a", tmp_path / "there") == {"n": 2}
    assert [p.name for p in (tmp_path / "there").iterdir()] == ["empty"]


async def test_more_than_may_travel_is_refused_with_the_way_out(store, files):
    store.parcels.most = PART
    with pytest.raises(SetupError, match="carry_megabytes"):
        await store.parcels.send("a", {}, files)
    assert await store.parcels.names() == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../out", "a/../../out", "", "a\0b"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, path):
    with pytest.raises(SetupError, match="leaves its folder"):
        place(tmp_path, path)


@pytest.fixture(params=["sqlite", "postgresql"])
async def base(request, tmp_path):
    """Return a database with its tables."""
    server = request.param == "postgresql"
    url = request.getfixturevalue("database") if server else sqlite(tmp_path / "samovar.db")
    async with open_store(tmp_path, url):
        pass
    made = connect(url, machine())
    yield made
    await made.close()


async def count(base):
    async with base.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(blobs))).scalar()


async def test_a_file_of_several_parcels_is_kept_once_and_goes_with_the_last(base, files, tmp_path):
    kept = SqlParcels(base)
    for name in ("a", "b"):
        await kept.send(name, {}, files)
    assert await count(base) == 1 + 4
    await kept.drop(["a"])
    assert await count(base) == 1 + 4
    assert await kept.take("b", tmp_path / "there") == {}
    await kept.drop(["b"])
    assert await count(base) == 0


async def test_nobody_sees_a_parcel_before_it_is_complete_and_a_dead_senders_one_goes(base, files):
    kept = SqlParcels(base)
    sending = asyncio.create_task(kept.send("a", {}, files))
    while not await count(base):
        await asyncio.sleep(0)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert await kept.names() == []
    await kept.drop([])
    assert await count(base) > 0, "its sender may be at work"
    async with base.writing() as connection:
        await connection.execute(update(parcels).values(sent=base.wall(-4000)))
    await kept.drop([])
    assert await count(base) == 0


async def test_a_damaged_file_is_refused(base, files, tmp_path):
    kept = SqlParcels(base)
    await kept.send("a", {}, files)
    async with base.writing() as connection:
        await connection.execute(update(blobs).where(blobs.c.part == 1).values(data=b"x"))
    with pytest.raises(SetupError, match=r"repo\.bundle arrived damaged"):
        await kept.take("a", tmp_path / "there")


async def test_what_a_sender_counts_on_is_not_thrown_away_under_its_hands(base, files, tmp_path):
    """Parcels of the same file come and go at the same time, from several processes' view."""
    kept = SqlParcels(base)

    async def come_and_go(name):
        for n in range(5):
            await kept.send(f"{name}{n}", {}, files)
            assert await kept.take(f"{name}{n}", tmp_path / f"{name}{n}") == {}
            await kept.drop([f"{name}{n}"])

    await asyncio.gather(*(come_and_go(name) for name in "abcd"))
    assert await count(base) == 0
