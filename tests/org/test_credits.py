import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.core.errors import SetupError
from samovar.core.message import Message, Reply, Request, Usage
from samovar.models.scripted import Rules
from samovar.org.credits import (
    CREDIT,
    Budget,
    Tariff,
    amount_of,
    limited,
    micro,
    price,
    read,
    shown,
)
from samovar.org.metered import Metered
from samovar.org.roster import Folder
from samovar.org.seams import NO_LIMIT, Charge, NoCredit
from samovar.org.sound import Pricing, examine
from samovar.org.ticked import exit_code
from samovar.store.clock import Clock
from samovar.store.memory_books import MemoryLedger

from .conftest import hire

SEED = {"my_agent": {"model": "gpt-4.1-mini", "cost_per_action": 0.01, "credits_left": 100.0}}
ASK = Request(messages=(Message("user", "hello " * 10),), limit=10)


def answering(tokens: int = 100, seconds: float = 0.0) -> Rules:
    reply = Reply(text="ok", usage=Usage(tokens, 0, tokens), seconds=seconds, model="m")
    return Rules(lambda _: reply)


def test_the_seeds_format_is_read() -> None:
    prices, said = read(json.dumps(SEED).encode())
    assert said == []
    assert prices.budget("my_agent").credits == 100 * CREDIT
    assert price(prices.tariff("my_agent", "any"), Usage(999, 0, 999), 9.0) == 10_000
    assert prices.budget("other") == Budget()


def test_our_format_has_defaults_for_everybody_and_prices_by_model() -> None:
    raw = {
        "agents": {"*": {"credits_left": 5, "per_day": "0.5"}, "a": {"credits_left": 1}},
        "tariffs": {"big": {"generated": 7, "second": 1000}, "*": {"call": 3}},
    }
    prices, said = read(json.dumps(raw).encode())
    assert said == []
    assert prices.budget("x") == Budget(credits=5 * CREDIT, per_day=CREDIT // 2)
    assert prices.tariff("x", "big").second == 1000
    assert prices.tariff("x", "small").call == 3


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", ""),
        ("[]", ""),
        ('{"a": 1}', "a"),
        ('{"a": {"credits_left": "much"}}', "a.credits_left"),
        ('{"a": {"credits_left": -1}}', "a.credits_left"),
        ('{"a": {"credits_left": 1e300}}', "a.credits_left"),
        ('{"a": {"credits_left": 0.0000001}}', "a.credits_left"),
        ('{"tariffs": {"m": {"call": "x"}}}', "tariffs.m"),
        ('{"tariffs": {"m": {"call": -5}}}', "tariffs.m"),
        ('{"agents": []}', "agents"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(text: str, field: str) -> None:
    prices, said = read(text.encode())
    assert [p.field for p in said] == [field]
    assert said[0].file == "credits.json" and said[0].fix
    assert prices.budget("a").credits in (0, Budget().credits)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"agents": {"a": {"per_dy": 5}}}', 'a.per_dy [...]; did you mean "per_day"?'),
        ('{"agents": {"a": {"credits": 5}}}', 'a.credits [...]; did you mean "credits_left"?'),
        ('{"agents": {}, "agent": {}}', 'agent [...]; did you mean "agents"?'),
        ('{"agent": {"a": {}}}', "agent.a [...]; there are: cost_per_action, credits_left, "),
        ('{"tariffs": {"*": {"generatd": 5}}}', 'tariffs.*.generatd [...]; did you mean "gener'),
    ],
)
def test_a_field_nobody_reads_is_named_and_stops_nobody(
    text: str, line: str, tmp_path: Path
) -> None:
    (tmp_path / "credits.json").write_text(text)
    prices, [said] = read(text.encode())
    assert said.weight == "warning"
    assert said.line.replace("is a field nobody reads", "[...]").startswith(f"credits.json: {line}")
    assert Pricing(tmp_path)() == prices, "a warning takes out nothing"


def test_a_budget_of_nobody_is_named(tmp_path: Path) -> None:
    hire(tmp_path, "ada")
    hire(tmp_path, "bob", craft="magic")
    agents = {name: {"per_day": 5} for name in ("*", "ada", "bob", "adda")}
    (tmp_path / "credits.json").write_text(json.dumps({"agents": agents}))
    found = [p for p in examine(tmp_path, Folder(tmp_path).read()) if p.file == "credits.json"]
    assert [(p.field, p.fix) for p in found] == [("adda", 'did you mean "ada"?')]


def test_cached_tokens_and_seconds_have_their_own_price() -> None:
    tariff = Tariff(call=1, prompt=10, cached=1, generated=100, second=1000)
    assert price(tariff, Usage(100, 40, 5), 1.5) == 1 + 600 + 40 + 500 + 1500


@given(st.integers(0, 10**15))
def test_credits_are_shown_and_read_without_loss(amount: int) -> None:
    assert micro(shown(amount).replace(",", "")) == amount


async def test_a_call_is_charged_before_its_answer_is_used() -> None:
    ledger = MemoryLedger()
    await ledger.grant("a", 50_000, by="test")
    meter = Metered(
        answering(), ledger, Charge(agent="a", amount=0, task=7, model="m", key="k"), Tariff()
    )
    assert (await meter.reply(ASK)).text == "ok"
    [_, line] = await ledger.entries("a")
    assert (line.amount, line.task, line.model, line.tokens) == (-11_000, 7, "m", 200)


async def test_without_credit_there_is_no_call() -> None:
    ledger, model = MemoryLedger(), answering()
    meter = Metered(model, ledger, Charge(agent="a", amount=0), Tariff())
    with pytest.raises(NoCredit, match="samovar credits add a"):
        await meter.reply(ASK)
    assert model.asked == []


async def test_an_answer_that_is_too_dear_is_not_used_and_takes_the_rest() -> None:
    ledger, model = MemoryLedger(), answering()
    await ledger.grant("a", 5_000, by="test")
    meter = Metered(model, ledger, Charge(agent="a", amount=0, key="k"), Tariff())
    with pytest.raises(NoCredit):
        await meter.reply(ASK)
    assert await ledger.balance("a") == 0
    with pytest.raises(NoCredit):
        await meter.reply(ASK)
    assert len(model.asked) == 1, "the second time nothing was asked"


class Slow(MemoryLedger):
    """A ledger that lets others go on, as a database does."""

    async def charge(self, charge: Charge, per_day: int = NO_LIMIT, /) -> int:
        await asyncio.sleep(0)
        return await super().charge(charge, per_day)

    async def balance(self, agent: str, /) -> int:
        await asyncio.sleep(0)
        return await super().balance(agent)


async def test_two_answers_at_once_are_two_even_if_one_is_too_dear() -> None:
    ledger = Slow()
    await ledger.grant("a", 30_000, by="test")
    costs = [Usage(400, 0, 400), Usage(100, 0, 100)]
    model = Rules(lambda _: Reply(text="ok", usage=costs.pop(0), seconds=0.0, model="m"))
    meter = Metered(model, ledger, Charge(agent="a", amount=0, key="k"), Tariff())
    dear, paid = await asyncio.gather(meter.reply(ASK), meter.reply(ASK), return_exceptions=True)
    assert isinstance(dear, NoCredit) and isinstance(paid, Reply)
    assert [e.amount for e in await ledger.entries("a")] == [30_000, -11_000, -19_000]


async def test_a_days_budget_stops_the_agent_until_the_next_day() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    times = [now]
    ledger = MemoryLedger(Clock(wall=lambda: times[0]))
    await ledger.grant("a", CREDIT, by="test")
    meter = Metered(
        answering(),
        ledger,
        Charge(agent="a", amount=0),
        Tariff(),
        per_day=25_000,
        day=lambda: times[0].date(),
    )
    await meter.reply(ASK)
    await meter.reply(ASK)
    with pytest.raises(NoCredit):
        await meter.reply(ASK)
    with pytest.raises(NoCredit, match="of this day"):
        await meter.reply(ASK)
    assert await ledger.spent("a", now.date()) == 25_000
    times[0] = now + timedelta(days=1)
    assert (await meter.reply(ASK)).text == "ok"


async def test_a_call_repeated_after_a_crash_costs_once() -> None:
    ledger = MemoryLedger()
    await ledger.grant("a", CREDIT, by="test")
    for _ in range(3):
        again = Metered(answering(), ledger, Charge(agent="a", amount=0, key="tick:a:5"), Tariff())
        await again.reply(ASK)
    assert await ledger.balance("a") == CREDIT - 11_000


async def test_a_free_model_needs_no_credit() -> None:
    free = Tariff(prompt=0, cached=0, generated=0)
    meter = Metered(answering(), MemoryLedger(), Charge(agent="a", amount=0), free)
    assert (await meter.reply(ASK)).text == "ok"


def test_a_daily_limit_is_changed_and_the_rest_of_the_file_stays() -> None:
    before = {
        "agents": {"*": {"credits_left": 7, "why": "new"}, "a": {"per_day": 5, "x": [1, None]}},
        "tariffs": {"m": {"prompt": 3}},
        "note": "mine",
    }
    data = limited(json.dumps(before).encode(), "a", CREDIT // 4)
    before["agents"]["a"] = {"x": [1, None], "per_day": 0.25}
    assert json.loads(data) == before
    assert read(data)[0].budget("a").per_day == CREDIT // 4
    data = limited(data, "b", 12 * CREDIT)
    assert json.loads(data)["agents"]["b"] == {"credits_left": 7, "why": "new", "per_day": 12}
    data = limited(data, "a", NO_LIMIT)
    assert read(data)[0].budget("a").per_day == NO_LIMIT
    seed = {"a": {"model": "m", "cost_per_action": 0.01, "credits_left": 100.0}}
    assert json.loads(limited(json.dumps(seed).encode(), "a", 3 * CREDIT))["a"] == {
        **seed["a"],
        "per_day": 3,
    }
    for empty in (b"", b"{}"):
        whole = json.loads(limited(empty, "a", 3 * CREDIT))
        assert whole == {"agents": {"a": {"per_day": 3}}}


@pytest.mark.parametrize("data", ["{", "[]", '{"agents": []}', '{"agents": {"a": 3}}', '{"a": 3}'])
def test_a_file_that_cannot_be_read_is_not_changed(data: str) -> None:
    with pytest.raises(SetupError, match=r"credits\.json"):
        limited(data.encode(), "a", CREDIT)


@pytest.mark.parametrize("amount", ["-1", "x", "nan", "1e99", "0.0000001"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(SetupError, match="write credits, such as"):
        amount_of(amount)


def test_a_task_that_its_credits_stop_has_failed_and_a_command_that_wants_too_many_is_misused():
    error = NoCredit("ada has 1 credit, so 2 cannot be taken")
    assert (exit_code(error), error.exit_code) == (1, 2)
