"""Schemas of other versions, damaged files, addresses and values that cannot be used."""

import asyncio
import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from samovar.core.errors import SetupError
from samovar.org.seams import Filter, Job, StoreAway
from samovar.store import migrate
from samovar.store.clock import machine
from samovar.store.database import connect, sqlite
from samovar.store.store import open_store
from samovar.store.tables import metadata

MORE = "-- more\nCREATE TABLE more (a TEXT);\n\nINSERT INTO more\nVALUES ('x');"
BROKEN = "CREATE TABLE more (a TEXT);\nINSERT INTO nothing VALUES (1);"


async def test_the_scripts_make_the_columns_the_program_knows(tmp_path, url):
    async with open_store(tmp_path, url):
        database = connect(url, machine())
        async with database.reading() as connection:
            for table in metadata.sorted_tables:
                found = await connection.execute(text(f"SELECT * FROM {table.name}"))
                assert sorted(found.keys()) == sorted(table.c.keys())
        await database.close()


async def test_opening_again_changes_nothing(tmp_path, url):
    async with open_store(tmp_path, url) as store:
        made = await store.queue.add(Job(agent="ada", text="kept"))
    async with open_store(tmp_path, url) as store:
        assert await store.queue.get(made.id) == made


async def test_an_older_schema_is_brought_forward(tmp_path, url, monkeypatch):
    async with open_store(tmp_path, url) as store:
        made = await store.queue.add(Job(agent="ada", text="kept"))
    known = list(migrate._scripts("sqlite" if "sqlite" in url else "postgresql"))
    later = [*known, (len(known) + 1, MORE)]
    monkeypatch.setattr(migrate, "_scripts", lambda dialect: later)
    async with open_store(tmp_path, url) as store:
        assert (await store.queue.get(made.id)).text == "kept"
        database = connect(url, machine())
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT a FROM more"))).scalar() == "x"
            asked = "SELECT version FROM samovar_schema ORDER BY version"
            applied = (await connection.execute(text(asked))).scalars().all()
            assert applied == [*range(1, len(later) + 1)]
        await database.close()


async def test_a_migration_that_fails_leaves_the_old_schema(tmp_path, url, monkeypatch):
    async with open_store(tmp_path, url):
        pass
    known = list(migrate._scripts("sqlite" if "sqlite" in url else "postgresql"))
    broken = [*known, (len(known) + 1, BROKEN)]
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "_scripts", lambda dialect: broken)
        with pytest.raises((StoreAway, ProgrammingError)):
            async with open_store(tmp_path, url):
                pass
    async with open_store(tmp_path, url) as store:
        assert await store.queue.counts() == {}
    database = connect(url, machine())
    async with database.reading() as connection:
        asked = "SELECT max(version) FROM samovar_schema"
        assert (await connection.execute(text(asked))).scalar() == len(known)
    await database.close()


async def test_a_newer_schema_is_refused_with_the_way_out(tmp_path, url):
    async with open_store(tmp_path, url):
        database = connect(url, machine())
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO samovar_schema VALUES (9, '7.5.0')"))
        await database.close()
    with pytest.raises(SetupError, match=r"samovar 7\.5\.0 \(schema 9\).*pip install --upgrade"):
        async with open_store(tmp_path, url):
            pass


async def test_ten_opened_at_once_migrate_once(tmp_path, url):
    async def opened(n):
        async with open_store(tmp_path, url) as store:
            await store.queue.add(Job(agent="ada"), key=str(n))

    await asyncio.gather(*(opened(n) for n in range(10)))
    async with open_store(tmp_path, url) as store:
        assert await store.queue.counts() == {"ada": {"ready": 10}}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_processes_make_one_new_home(tmp_path):
    code = (
        "import asyncio, sys; from pathlib import Path\n"
        "from samovar.org.seams import Job; from samovar.store.store import open_store\n"
        "async def main():\n"
        "    async with open_store(Path(sys.argv[1])) as s: await s.queue.add(Job(agent='a'))\n"
        "asyncio.run(main())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    children = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(20)]
    said = [child.communicate()[1] for child in children]
    assert [c.returncode for c in children] == [0] * 20, said
    with sqlite3.connect(tmp_path / "samovar.db") as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (20,)
    connection.close()


async def test_the_file_is_safe_against_power_cuts(tmp_path):
    database = connect(sqlite(tmp_path / "samovar.db"), machine())
    async with database.reading() as connection:
        told = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert told == ["wal", 2, 1, 10_000]
    await database.close()


async def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "samovar.db").write_bytes(b"not a database, but long enough to be read" * 50)
    with pytest.raises(SetupError, match=r"samovar\.db is damaged"):
        async with open_store(tmp_path):
            pass


async def test_a_file_with_a_broken_page_is_named(tmp_path):
    path = tmp_path / "samovar.db"
    async with open_store(tmp_path) as store:
        await store.queue.add(Job(agent="ada"))
    with sqlite3.connect(path) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = plain.execute("PRAGMA page_size").fetchone()
        (page,) = plain.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'tasks'"
        ).fetchone()
    plain.close()
    with path.open("r+b") as file:
        # The first byte says what kind of page it is: there is no such kind.
        file.seek((page - 1) * size)
        file.write(b"\xff")
    async with open_store(tmp_path) as store:
        with pytest.raises(SetupError, match=r"samovar\.db is damaged: restore it"):
            await store.queue.list(Filter())
        with pytest.raises(SetupError, match=r"samovar\.db is damaged: restore it"):
            await store.queue.add(Job(agent="ada"))
        assert await store.ledger.balances() == {}, "the rest is still there"


async def test_what_a_database_cannot_keep_is_said_in_one_line(tmp_path, url):
    async with open_store(tmp_path, url) as store:
        with pytest.raises(SetupError, match=r"^the database .* cannot keep this: .+$") as caught:
            await store.ledger.grant("ada", 2**70, by="li")
        assert "\n" not in str(caught.value)
        assert await store.ledger.balances() == {}
        if "postgresql" in url:
            with pytest.raises(SetupError, match="cannot keep this: unsupported Unicode escape"):
                await store.queue.add(Job(agent="ada", data={"text": "a\0b"}))
        assert await store.ledger.grant("ada", 5, by="li") == 5


async def test_a_home_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SetupError, match="samovar bootstrap"):
        async with open_store(tmp_path / "nowhere"):
            pass


async def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path):
    url = "postgresql://ada:secret@127.0.0.1:9/none"
    with pytest.raises(StoreAway, match=r"ada:\*+@127\.0\.0\.1:9/none does not") as caught:
        async with open_store(tmp_path, url):
            pass
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://x/y", "no databases of the kind 'mysql'"),
        ("nonsense", "is no address of a database"),
        ("sqlite://", "SQLite needs a file"),
    ],
)
async def test_an_unusable_address_is_explained(tmp_path, url, said):
    with pytest.raises(SetupError, match=said):
        async with open_store(tmp_path, url):
            pass
