"""A home of an older version is opened by this one: nothing is lost, and the team goes on.

`tests/goldens/home-1` was written by commit f1bfc43 (schema 1) with a scripted model: five ticks of
three agents, two tasks done, one ready and one cancelled, an open question (its end put off by a
hundred years), two acts outside. `samovar.sql` is the dump of its database.
"""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from samovar.core.message import Request
from samovar.org.outbox import listed, outbox_of, read
from samovar.org.seams import Filter
from samovar.org.standing import present
from samovar.store.store import open_store

from .conftest import act, asked, office

GOLDEN = Path(__file__).parents[1] / "goldens" / "home-1"
LEFT = {"ada": 999_997_120, "bob": 999_994_860, "cid": 999_994_080}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    home = tmp_path / "old"
    shutil.copytree(GOLDEN, home)
    base = sqlite3.connect(home / "samovar.db")
    base.executescript((home / "samovar.sql").read_text())
    base.close()
    return home


def nobody(request: Request) -> str:
    raise AssertionError(f"{asked(request)} is asked")


async def test_what_an_old_home_holds_is_there(old: Path) -> None:
    async with open_store(old) as store:
        team = office(old, nobody, store)
        assert not await team.validate()
        jobs = {j.id: j for j in await store.queue.list(Filter())}
        assert [(n, jobs[n].agent, jobs[n].state) for n in sorted(jobs)] == [
            (1, "ada", "done"),
            (2, "bob", "done"),
            (3, "cid", "ready"),
            (4, "cid", "cancelled"),
        ]
        assert jobs[1].result == "Green tea, 80 degrees." and jobs[2].created_by == "bob"
        [question] = await team.approvals()
        assert (question.agent, question.text) == ("bob", "May I buy tea?")
        assert [e.key for e in await store.effects.pending()] == ["push:def"]
        assert (await store.effects.intend("push:abc", "again")).result == "pushed"
        texts = [x.entry.text for x in await team.messages()]
        assert len(texts) == 8 and "Tea is green." in texts and "buy some?" in texts
    base = sqlite3.connect(old / "samovar.db")
    assert base.execute("SELECT version FROM samovar_schema").fetchall() == [(1,), (2,), (3,)]
    base.close()


async def test_the_ledger_of_an_old_home_adds_up_and_goes_on(old: Path) -> None:
    async with open_store(old) as store:
        team = office(old, lambda _: "Three cups.", store)
        await team.engine.grant(team.engine.folder.read())
        assert await team.credits() == LEFT, "the first credits are not granted again"
        assert (await team.tick()).turns == {"cid": "work"}
        left = await team.credits()
        assert left["cid"] < LEFT["cid"] and left["ada"] == LEFT["ada"]
        for name, balance in left.items():
            rows = sorted(await team.entries(name), key=lambda e: e.id)
            sums = [sum(e.amount for e in rows[: n + 1]) for n in range(len(rows))]
            assert sums == [e.balance for e in rows] and sums[-1] == balance


async def test_the_ticks_of_an_old_home_go_on_and_nothing_is_read_or_said_again(old: Path) -> None:
    before = {p: p.read_bytes() for p in old.rglob("outbox/*.json")}
    heard: list[str] = []

    def rule(request: Request) -> str:
        heard.append(f"{asked(request)}\n{request.messages[-1].text}")
        return "Three cups." if request.schema is None else act("nothing")

    async with open_store(old) as store:
        team = office(old, rule, store)
        assert (await team.tick()).turns == {"cid": "work"}, "all that was said is read"
        assert present(old) == 6
        [report] = listed(outbox_of(old, "cid"))
        assert (report.tick, report.seq) == (6, 1)
        assert "Three cups." in read(outbox_of(old, "cid"), "cid", report).text
        await team.approve(1, by="ann")
        await team.send("ada", "more tea?", by="ann")
        assert set((await team.tick()).turns) == {"ada", "bob"}
        assert (await team.submit("Wash the cups", "ada")).id == 5
        assert (await store.queue.get(2)).parent == 0
    assert {p: p.read_bytes() for p in before} == before
    [ada] = [text for text in heard if text.startswith("ada")]
    assert "more tea?" in ada and "hello" not in ada
    state = json.loads((old / "agents" / "bob" / "state.json").read_text())
    assert state["seq"] == 3 and state["tick"] == 7
