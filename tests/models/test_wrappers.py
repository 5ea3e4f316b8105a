from pathlib import Path

import pytest

from samovar.core.errors import ModelError, SetupError, Unreachable, Unusable
from samovar.core.message import Message, Request, Sampling, Usage
from samovar.models.failures import Busy, Rejected, TooLarge
from samovar.models.scripted import Rules, Scripted
from samovar.models.wrappers import Counted, Recorded, Replayed, Retrying

WARM = Request(
    messages=(Message("user", "hi"),), limit=9, sampling=Sampling(temperature=0.7, seed=4)
)
COLD = Request(messages=(Message("user", "hi"),), limit=9)


def patient(script: Scripted) -> tuple[Retrying, list[float]]:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    return Retrying(script, sleep=sleep), waits


async def test_a_passing_failure_is_retried_with_longer_waits() -> None:
    model, waits = patient(Scripted([ModelError("x"), ModelError("y"), "ok"]))
    assert (await model.reply(WARM)).text == "ok"
    assert waits == [1.0, 2.0]


async def test_each_further_try_is_told() -> None:
    told: list[tuple[str, str]] = []
    script = Scripted([ModelError("it broke off; try again"), ModelError("gone"), ModelError("x")])
    with pytest.raises(ModelError, match="x"):
        await Retrying(script, pause=0, live=lambda kind, text: told.append((kind, text))).reply(
            WARM
        )
    assert told == [("note", "it broke off; asking again"), ("note", "gone; asking again")]


async def test_the_last_failure_is_the_one_that_is_raised() -> None:
    model, _ = patient(Scripted([ModelError("a"), ModelError("b"), ModelError("c"), "late"]))
    with pytest.raises(ModelError, match="c"):
        await model.reply(WARM)


async def test_a_busy_server_is_given_the_time_it_asks_for() -> None:
    model, waits = patient(Scripted([Busy("later", 7.5), "ok"]))
    await model.reply(WARM)
    assert waits == [7.5]


async def test_a_server_that_asks_for_an_hour_is_given_up() -> None:
    model, waits = patient(Scripted([Busy("later", 3600.0), "ok"]))
    with pytest.raises(Busy):
        await model.reply(WARM)
    assert waits == []


@pytest.mark.parametrize("error", [Rejected("no"), TooLarge("big")])
async def test_what_will_fail_again_is_not_retried(error: ModelError) -> None:
    script = Scripted([error, "ok"])
    model, _ = patient(script)
    with pytest.raises(Rejected):
        await model.reply(WARM)
    assert len(script.asked) == 1


async def test_garbage_at_temperature_0_is_not_asked_for_again() -> None:
    script = Scripted([Unusable("empty"), "ok"])
    model, _ = patient(script)
    with pytest.raises(Unusable):
        await model.reply(COLD)
    assert len(script.asked) == 1


async def test_garbage_at_a_temperature_is_retried_with_another_seed() -> None:
    script = Scripted([Unusable("empty"), "ok"])
    model, _ = patient(script)
    assert (await model.reply(WARM)).text == "ok"
    assert [request.sampling.seed for request in script.asked] == [4, 5]


def empty() -> Unusable:
    return Unusable("empty", Usage(90, 40, 1200), 2.0)


async def test_what_answers_of_no_use_cost_is_counted() -> None:
    counted = Counted(patient(Scripted([empty(), "one two"]))[0])
    assert (await counted.reply(WARM)).usage.generated == 1200 + len("one two") // 4 + 1
    assert counted.usage.generated == 1200 + len("one two") // 4 + 1
    counted = Counted(patient(Scripted([empty() for _ in range(3)]))[0])
    with pytest.raises(Unusable) as told:
        await counted.reply(WARM)
    assert told.value.usage == counted.usage == Usage(270, 120, 3600)
    assert told.value.seconds == counted.seconds == 6.0
    counted = Counted(patient(Scripted([empty()]))[0])
    with pytest.raises(Unusable):
        await counted.reply(COLD)
    assert (counted.usage.generated, counted.seconds) == (1200, 2.0)


async def test_a_connection_that_fails_at_temperature_0_is_retried() -> None:
    model, _ = patient(Scripted([Unreachable("gone"), "ok"]))
    assert (await model.reply(COLD)).text == "ok"


async def test_counting_adds_up_tokens_and_failed_calls() -> None:
    model = Counted(Scripted(["one two", ModelError("x"), "three"]))
    await model.reply(WARM)
    with pytest.raises(ModelError):
        await model.reply(WARM)
    await model.reply(WARM)
    assert model.usage == Usage(2, 0, 3)
    assert model.calls == 3


async def test_what_was_recorded_is_replayed_errors_included(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "talk.jsonl"
    model = Recorded(Scripted(["one", "two", ModelError("it broke")]), path)
    first, second = await model.reply(WARM), await model.reply(WARM)
    with pytest.raises(ModelError):
        await model.reply(COLD)
    again = Replayed(path)
    with pytest.raises(ModelError, match="it broke"):
        await again.reply(COLD)
    assert [await again.reply(WARM), await again.reply(WARM)] == [first, second]
    with pytest.raises(ModelError, match="no further answer"):
        await again.reply(WARM)
    assert path.stat().st_mode & 0o077 == 0


def test_a_damaged_recording_is_told_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text('{"request": 5}\n')
    with pytest.raises(SetupError, match=r"cannot replay .*talk\.jsonl"):
        Replayed(path)


async def test_rules_answer_by_the_request_and_raise_what_they_return() -> None:
    model = Rules(lambda request: "yes" if request.limit > 5 else ModelError("too short"))
    assert (await model.reply(WARM)).text == "yes"
    with pytest.raises(ModelError, match="too short"):
        await model.reply(Request(messages=(), limit=1))
    assert len(model.asked) == 2


async def test_a_script_at_its_end_says_so() -> None:
    with pytest.raises(ModelError, match="ends after 0"):
        await Scripted([]).reply(WARM)
