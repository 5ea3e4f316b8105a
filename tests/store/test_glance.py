"""A quick look at the books: the same as SQLAlchemy's, without it."""

import subprocess
import sys

import pytest

from samovar.core.errors import SetupError
from samovar.org.seams import Approval, Charge, Job, StoreAway
from samovar.store.glance import Glance, glance
from samovar.store.store import open_store


async def filled(home, url):
    async with open_store(home, url, own=True) as store:
        for agent in ("ada", "ada", "bob"):
            await store.queue.add(Job(agent=agent))
        await store.queue.cancel(2, "no")
        await store.ledger.grant("ada", 5, by="ann")
        await store.ledger.grant("bob", 5, by="ann")
        await store.ledger.charge(Charge(agent="bob", amount=5))
        for digest, seconds in (("a", 60.0), ("b", -60.0)):
            await store.approvals.ask(Approval(agent="ada", act="push", digest=digest), seconds)


async def test_what_stands_in_the_books_is_seen(tmp_path, url):
    await filled(tmp_path, url)
    jobs = {"ada": {"ready": 1, "cancelled": 1}, "bob": {"ready": 1}}
    assert glance(tmp_path, url) == Glance(jobs=jobs, broke=("bob",), approvals=1)


async def test_another_team_s_books_are_not_shown(tmp_path, url):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    await filled(one, url)
    with pytest.raises(SetupError, match=f"belongs to the team in {one} on ") as caught:
        glance(two, url)
    assert "SAMOVAR_DATABASE_URL" in str(caught.value)


def test_an_empty_database_holds_nothing(tmp_path, database):
    assert glance(tmp_path, database.replace("postgresql", "postgresql+psycopg", 1)) == Glance()


def test_a_server_that_is_away_is_named_without_its_password(tmp_path):
    with pytest.raises(StoreAway) as caught:
        glance(tmp_path, "postgresql+psycopg://ann:secret@127.0.0.1:9/x")
    said = str(caught.value)
    assert "ann:***@127.0.0.1:9" in said and "secret" not in said and "\n" not in said


def test_it_is_there_without_sqlalchemy():
    code = "import sys, samovar.cli.status; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
