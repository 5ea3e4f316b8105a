"""Credits; over memory, SQLite and PostgreSQL."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from samovar.org.seams import Charge, NoCredit
from samovar.store.tables import accounts


async def today(store):
    (*_, last) = await store.ledger.entries()
    return last.at.astimezone(UTC).date()


async def test_credits_are_given_and_taken(store):
    assert await store.ledger.grant("ada", 1000, by="person:li", note="start") == 1000
    spent = Charge(agent="ada", amount=300, task=7, run="r", model="m", tokens=12, note="write")
    assert await store.ledger.charge(spent) == 700
    assert await store.ledger.balance("ada") == 700
    assert await store.ledger.balances() == {"ada": 700}
    given, taken = await store.ledger.entries()
    assert (given.amount, given.balance, given.by, given.note) == (1000, 1000, "person:li", "start")
    assert (taken.amount, taken.balance, taken.task, taken.run) == (-300, 700, 7, "r")
    assert (taken.model, taken.tokens, taken.note) == ("m", 12, "write")
    assert isinstance(taken.at, datetime) and taken.id > given.id


async def test_nobody_spends_what_they_do_not_have(store):
    await store.ledger.grant("ada", 100, by="li")
    with pytest.raises(
        NoCredit, match=r"^ada has 0.0001 credits and needs 0.000101: .* add ada 0.000001$"
    ):
        await store.ledger.charge(Charge(agent="ada", amount=101))
    assert await store.ledger.charge(Charge(agent="ada", amount=100)) == 0
    with pytest.raises(NoCredit):
        await store.ledger.charge(Charge(agent="ada", amount=1))
    assert len(await store.ledger.entries()) == 2


async def test_an_unknown_agent_has_nothing(store):
    assert await store.ledger.balance("nobody") == 0
    with pytest.raises(NoCredit):
        await store.ledger.charge(Charge(agent="nobody", amount=1))
    assert await store.ledger.charge(Charge(agent="nobody", amount=0)) == 0


async def test_of_many_charges_at_once_only_what_is_there_is_taken(store):
    await store.ledger.grant("ada", 10, by="li")
    charges = [store.ledger.charge(Charge(agent="ada", amount=3)) for _ in range(12)]
    said = await asyncio.gather(*charges, return_exceptions=True)
    assert sorted(x for x in said if isinstance(x, int)) == [1, 4, 7]
    assert sum(isinstance(x, NoCredit) for x in said) == 9
    assert await store.ledger.balance("ada") == 1


async def test_a_charge_with_a_known_key_changes_nothing(store):
    await store.ledger.grant("ada", 10, by="li", key="g")
    await store.ledger.grant("ada", 10, by="li", key="g")
    charges = [store.ledger.charge(Charge(agent="ada", amount=4, key="c")) for _ in range(8)]
    assert set(await asyncio.gather(*charges)) == {6}
    assert [e.amount for e in await store.ledger.entries("ada")] == [10, -4]


async def test_a_repeated_charge_is_no_lack_of_credit(store):
    await store.ledger.grant("ada", 4, by="li")
    assert await store.ledger.charge(Charge(agent="ada", amount=4, key="c")) == 0
    assert await store.ledger.charge(Charge(agent="ada", amount=4, key="c")) == 0


async def test_a_day_has_its_limit(store):
    await store.ledger.grant("ada", 1000, by="li")
    assert await store.ledger.charge(Charge(agent="ada", amount=60), 100) == 940
    with pytest.raises(
        NoCredit, match=r"spent 0\.00006 of 0\.0001 credits today and needs 0\.00004"
    ):
        await store.ledger.charge(Charge(agent="ada", amount=41), 100)
    assert await store.ledger.charge(Charge(agent="ada", amount=40), 100) == 900
    assert await store.ledger.spent("ada", await today(store)) == 100


async def test_a_new_day_begins_at_nothing(store, hands):
    if "postgresql" in store.shown:
        pytest.skip("the server's day cannot be moved")
    await store.ledger.grant("ada", 1000, by="li")
    await store.ledger.charge(Charge(agent="ada", amount=100), 100)
    hands.jump += 86_400
    assert await store.ledger.charge(Charge(agent="ada", amount=100), 100) == 800
    assert await store.ledger.spent("ada", await today(store)) == 100
    assert list((await store.ledger.days(date.min)).values()) == [{"ada": 100}] * 2


async def another_day(store, hands) -> None:
    """Let the clock jump to tomorrow, let ada spend, and let it jump back."""
    if "postgresql" not in store.shown:
        hands.jump += 86_400
        await store.ledger.charge(Charge(agent="ada", amount=5), 100)
        hands.jump -= 86_400
        return
    # The server's day cannot be moved: this is what such a charge leaves there.
    later = {"day": "2099-01-01", "spent": 5}
    async with store.ledger.database.writing() as connection:
        ada = update(accounts).where(accounts.c.agent == "ada")
        await connection.execute(ada.values(later | {"balance": 905}))


async def test_a_clock_that_jumps_to_tomorrow_and_back_gives_no_second_budget(store, hands):
    await store.ledger.grant("ada", 1000, by="li")
    await store.ledger.grant("bob", 1000, by="li")
    await store.ledger.charge(Charge(agent="ada", amount=90), 100)
    day = await today(store)
    await another_day(store, hands)
    assert await store.ledger.spent_today() == 90
    with pytest.raises(NoCredit, match=r"spent 0\.00009 of 0\.0001 credits today"):
        await store.ledger.charge(Charge(agent="ada", amount=11), 100)
    assert await store.ledger.charge(Charge(agent="ada", amount=10), 100) == 895
    with pytest.raises(NoCredit):
        await store.ledger.charge(Charge(agent="ada", amount=1), 100)
    assert await store.ledger.spent("ada", day) == await store.ledger.spent_today() == 100


async def test_sums_are_by_agent_task_and_model(store):
    for agent in ("ada", "bob"):
        await store.ledger.grant(agent, 100, by="li")
    for agent, task, model, amount in (("ada", 1, "m", 5), ("ada", 2, "n", 7), ("bob", 1, "m", 9)):
        await store.ledger.charge(Charge(agent=agent, amount=amount, task=task, model=model))
    assert await store.ledger.sums("agent") == {"ada": 12, "bob": 9}
    assert await store.ledger.sums("task") == {"1": 14, "2": 7}
    assert await store.ledger.sums("model") == {"m": 14, "n": 7}
    day = await today(store)
    assert await store.ledger.days(day) == {day.isoformat(): {"ada": 12, "bob": 9}}
    assert await store.ledger.days(day + timedelta(days=1)) == {}


async def test_lines_are_read_page_by_page(store):
    for n in range(5):
        await store.ledger.grant("ada" if n % 2 else "bob", n + 1, by="li")
    first = await store.ledger.entries(limit=3)
    rest = await store.ledger.entries(after=first[-1].id)
    assert [e.amount for e in (*first, *rest)] == [1, 2, 3, 4, 5]
    assert [e.amount for e in await store.ledger.entries("ada")] == [2, 4]


async def test_negative_amounts_are_a_mistake(store):
    with pytest.raises(ValueError, match="use grant"):
        await store.ledger.charge(Charge(agent="ada", amount=-1))


async def test_a_person_takes_back_what_is_there_and_that_is_not_spending(store):
    await store.ledger.grant("ada", 100, by="li")
    assert await store.ledger.grant("ada", -60, by="li", note="less") == 40
    with pytest.raises(NoCredit, match=r"ada has 0.00004 credits, so 0.000041 cannot be taken"):
        await store.ledger.grant("ada", -41, by="li")
    with pytest.raises(NoCredit):
        await store.ledger.grant("nobody", -1, by="li")
    assert await store.ledger.charge(Charge(agent="ada", amount=10), 10) == 30
    assert [e.spent for e in await store.ledger.entries()] == [0, 0, 10]
    assert await store.ledger.spent("ada", await today(store)) == 10
    assert await store.ledger.sums("agent") == {"ada": 10}
    await store.ledger.grant("bob", 5, by="li")
    await store.ledger.charge(Charge(agent="bob", amount=5))
    assert await store.ledger.spent_today() == 15
