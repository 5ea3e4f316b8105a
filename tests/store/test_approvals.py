"""People's words, and acts outside; over memory, SQLite and PostgreSQL."""

import asyncio

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from samovar.core.errors import Refused, SetupError
from samovar.org.seams import Approval, Effect
from samovar.store.clock import machine
from samovar.store.database import connect

PUSH = Approval(agent="ada", act="push", digest="d1", text="push main", task=4)


async def test_a_question_is_asked_answered_and_used_once(store):
    asked = await store.approvals.ask(PUSH, 3600)
    assert (asked.state, asked.agent, asked.act, asked.text, asked.task) == (
        "asked",
        "ada",
        "push",
        "push main",
        4,
    )
    assert (asked.expires - asked.asked).total_seconds() == pytest.approx(3600, abs=1)
    assert await store.approvals.list() == [asked]
    granted = await store.approvals.answer(asked.id, True, by="person:li", note="fine")
    assert (granted.state, granted.by, granted.note) == ("granted", "person:li", "fine")
    assert granted.answered is not None
    assert (await store.approvals.use("d1")).state == "used"
    with pytest.raises(Refused):
        await store.approvals.use("d1")
    assert await store.approvals.list() == []
    assert [a.state for a in await store.approvals.list(("used",))] == ["used"]


async def test_of_many_who_use_a_word_at_once_one_may(store):
    asked = await store.approvals.ask(PUSH, 3600)
    await store.approvals.answer(asked.id, True, by="li")
    said = await asyncio.gather(
        *(store.approvals.use("d1") for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(x, Approval) for x in said) == 1
    assert sum(isinstance(x, Refused) for x in said) == 9


async def test_a_word_counts_for_exactly_its_act(store):
    asked = await store.approvals.ask(PUSH, 3600)
    await store.approvals.answer(asked.id, True, by="li")
    with pytest.raises(Refused):
        await store.approvals.use("d1 ")
    assert (await store.approvals.use("d1")).id == asked.id


async def test_the_same_open_question_is_not_doubled(store):
    first = await store.approvals.ask(PUSH, 3600)
    assert await store.approvals.ask(PUSH, 3600) == first
    granted = await store.approvals.answer(first.id, True, by="li")
    assert await store.approvals.ask(PUSH, 3600) == granted
    await store.approvals.use("d1")
    assert (await store.approvals.ask(PUSH, 3600)).id != first.id


async def test_a_refused_act_stays_refused(store):
    asked = await store.approvals.ask(PUSH, 3600)
    refused = await store.approvals.answer(asked.id, False, by="li", note="too big")
    assert (refused.state, refused.note) == ("refused", "too big")
    with pytest.raises(Refused):
        await store.approvals.use("d1")
    with pytest.raises(SetupError, match="is not open"):
        await store.approvals.answer(asked.id, True, by="li")


async def test_what_a_task_waits_for_is_withdrawn_and_may_be_asked_again(store):
    push = await store.approvals.ask(PUSH, 3600)
    asks = Approval(agent="ada", act="question", digest="d2", text="how?", task=4)
    await store.approvals.ask(asks, 3600)
    given = await store.approvals.ask(Approval(agent="ada", act="x", digest="d3", task=4), 3600)
    await store.approvals.answer(given.id, True, by="li")
    kept = [
        await store.approvals.ask(Approval(agent="ada", act="push", digest="d4", task=5), 3600),
        await store.approvals.ask(replace(asks, digest="d5", note="ada/000001-1"), 3600),
    ]
    assert [k.entry for k in kept] == ["", "ada/000001-1"], "said in a turn, no task waits for it"
    await store.approvals.withdraw(4)
    assert await store.approvals.list() == kept
    assert [a.id for a in await store.approvals.list(("expired",))] == [push.id, push.id + 1]
    assert (await store.approvals.use("d3")).id == given.id
    with pytest.raises(SetupError, match="is not open"):
        await store.approvals.answer(push.id, True, by="li")
    assert (await store.approvals.ask(PUSH, 3600)).id > push.id


async def test_words_expire(store, hands):
    if "postgresql" in store.shown:
        soon, moved = 0.2, 0.3
    else:
        soon, moved = 60, 61
    asked = await store.approvals.ask(PUSH, soon)
    await store.approvals.answer(asked.id, True, by="li")
    other = await store.approvals.ask(Approval(agent="ada", act="push", digest="d2"), soon)
    hands.seconds += moved
    await asyncio.sleep(moved if moved < 1 else 0)
    with pytest.raises(Refused):
        await store.approvals.use("d1")
    with pytest.raises(SetupError, match="has expired"):
        await store.approvals.answer(other.id, True, by="li")
    assert len(await store.approvals.list(("expired",))) == 2
    assert (await store.approvals.ask(PUSH, 60)).state == "asked"


@pytest.fixture
def jump(store, hands, request):
    """Move the wall clock by days; that of PostgreSQL is the server's: there, the ends move."""
    server = "postgresql" in store.shown
    url = request.getfixturevalue("database") if server else ""

    async def by(days):
        if not url:
            hands.jump += days * 86_400
            return
        database = connect(url, machine())
        moved = text("UPDATE approvals SET expires = expires - make_interval(days => :days)")
        async with database.writing() as connection:
            await connection.execute(moved, {"days": days})
        await database.close()

    return by


async def test_a_clock_that_was_wrong_for_a_while_loses_no_question_and_no_word(store, jump):
    month = 30 * 86_400
    asked = await store.approvals.ask(PUSH, month)
    word = await store.approvals.ask(replace(PUSH, digest="d2"), month)
    granted = await store.approvals.answer(word.id, True, by="li")
    again = await store.approvals.ask(replace(PUSH, digest="d3"), month)
    await jump(31)
    assert await store.approvals.list(("asked", "granted")) == []
    assert len(await store.approvals.list(("expired",))) == 3
    with pytest.raises(Refused, match="has expired"):
        await store.approvals.use("d2")
    with pytest.raises(SetupError, match="has expired"):
        await store.approvals.answer(asked.id, True, by="li")
    anew = await store.approvals.ask(replace(PUSH, digest="d3"), month)
    assert anew.id > again.id and await store.approvals.list() == [anew]
    await jump(-31)
    assert [a.id for a in await store.approvals.list()] == [asked.id, anew.id]
    assert await store.approvals.list(("granted",)) == [granted]
    assert (await store.approvals.use("d2")).state == "used"
    assert (await store.approvals.answer(asked.id, True, by="li")).state == "granted"
    assert [a.id for a in await store.approvals.list(("expired",))] == [again.id]


async def test_an_unknown_question_has_no_answer(store):
    with pytest.raises(SetupError, match="question 77 is not open"):
        await store.approvals.answer(77, True, by="li")


async def test_an_intention_is_fresh_once(store):
    said = await asyncio.gather(*(store.effects.intend("push:1", "push main") for _ in range(8)))
    assert sorted(e.fresh for e in said) == [False] * 7 + [True]
    assert {(e.key, e.what, e.done) for e in said} == {("push:1", "push main", False)}


async def test_a_completed_act_keeps_its_result(store):
    await store.effects.intend("a", "x")
    await store.effects.intend("b", "y")
    assert [e.key for e in await store.effects.pending()] == ["a", "b"]
    done = await store.effects.complete("a", "sha")
    assert (done.done, done.result) == (True, "sha")
    again = await store.effects.intend("a", "x")
    assert (again.done, again.result, again.fresh) == (True, "sha", False)
    pending = await store.effects.pending()
    assert [e.key for e in pending] == ["b"] and isinstance(pending[0], Effect)


async def test_acts_are_forgotten_by_how_their_keys_begin_and_by_age(store):
    for key in ("plan:1", "call_%:1", "call_x:2"):
        await store.effects.intend(key, "x")
    await store.effects.forget("call", older=60)
    assert len(await store.effects.pending()) == 3, "all are younger"
    await store.effects.forget("call_%")
    assert [e.key for e in await store.effects.pending()] == ["plan:1", "call_x:2"]


async def test_nothing_is_completed_that_nobody_intended(store):
    with pytest.raises(SetupError, match="never intended"):
        await store.effects.complete("zzz", "")
