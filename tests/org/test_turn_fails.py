"""What goes wrong in a turn: a model away, no credits, a broken price list, a damaged state."""

from pathlib import Path

import pytest

from samovar.core.errors import ModelError, SandboxMissing, SetupError, Unreachable
from samovar.core.message import Request
from samovar.org import bookmark
from samovar.org.bookmark import Bookmark
from samovar.org.credits import CREDIT
from samovar.org.journal import engine_log, tail
from samovar.org.kit import Worked
from samovar.org.outbox import OutboxEntry, post
from samovar.org.resume import PEOPLE
from samovar.org.seams import Ended
from samovar.org.sound import Pricing
from samovar.org.ticked import worst
from samovar.store.store import memory

from .conftest import act, asked, hire, office, ticks


async def test_a_task_whose_model_is_away_stays_and_counts_no_attempt(home: Path) -> None:
    hire(home, "writer")
    away = [True]

    def rule(request: Request) -> str:
        if request.schema is None and away[0]:
            raise Unreachable("no model answers at http://localhost:1")
        return "text" if request.schema is None else act("work")

    team = office(home, rule)
    await team.submit("write", "writer")
    ticked = await team.tick()
    assert worst(ticked.codes.values()) == 3 and "localhost:1" in ticked.failed["writer"]
    [job] = await team.tasks("writer")
    assert (job.state, job.attempts) == ("ready", 0)
    away[0] = False
    for _ in range(4):
        await team.tick()
    assert [j.state for j in await team.tasks("writer")] == ["done"]


async def test_a_task_that_fails_again_and_again_ends_as_dead_with_its_reason(home: Path) -> None:
    hire(home, "dev", craft="code")
    hire(home, "other")

    async def code(*_: object) -> Worked:
        raise SetupError("there is no repository")

    store = memory()
    team = office(home, lambda _: act("work"), store, code=code)
    await team.submit("mend it", "dev")
    for _ in range(40):
        await team.tick()
        for job in await team.tasks("dev", ("ready",)):
            store.queue.jobs.ends[job.id] = 0.0  # type: ignore[attr-defined]
    [job] = await team.tasks("dev")
    assert job.state == "dead" and "there is no repository" in job.reason
    alerts = [x.entry for x in await team.messages("dev") if x.entry.kind == "alert"]
    assert len(alerts) == 1, "a person is told once, not for every attempt"


async def test_an_agent_without_credits_stops_says_so_once_and_goes_on_with_new_ones(
    home: Path,
) -> None:
    hire(home, "a")
    hire(home, "b")
    (home / "credits.json").write_text('{"a": {"credits_left": 0}, "b": {"credits_left": 1}}')
    calls: list[str] = []

    def rule(request: Request) -> str:
        calls.append(asked(request))
        return act("nothing")

    team = office(home, rule, prices=Pricing(home))
    await team.send("all", "hello all")
    for _ in range(5):
        await team.tick()
    assert calls == ["b"]
    alerts = [x.entry for x in await team.messages("a") if x.entry.kind == "alert"]
    assert len(alerts) == 1 and "samovar credits add a" in alerts[0].text
    assert (await team.status()).stopped == ("a",)
    assert [m.mood for m in await team.agents()] == ["stopped", "idle"]
    await team.add_credits("a", 1_000_000)
    for _ in range(10):
        await team.tick()
    assert calls == ["b", "a"]


async def test_what_keeps_an_agent_away_for_long_is_told_once_each_time(home: Path) -> None:
    hire(home, "a")
    (home / "credits.json").write_text('{"a": {"credits_left": 0}}')
    team = office(home, lambda _: act("nothing"), prices=Pricing(home))
    for times in (1, 2):
        await team.send("a", "hello")
        for _ in range(500):
            await team.tick()
        told = [x.entry for x in await team.messages("a") if x.entry.kind == "alert"]
        assert len(told) == times
        logs = team.log("a", 2000), tail(engine_log(home).path, 2000)
        assert [sum(row["event"] == "failed" for row in log) for log in logs] == [times, times]
        await team.add_credits("a", 1_000_000)
        for _ in range(10):
            await team.tick()
        await team.add_credits("a", -(await team.credits())["a"])


async def test_a_failure_is_logged_again_when_it_says_something_new(home: Path) -> None:
    hire(home, "a")
    wrong = ["one", "one", "one", "two", "two"]

    def rule(_: Request) -> str:
        raise SetupError(wrong.pop(0) if wrong else "three")

    team = office(home, rule)
    await team.send("a", "hello")
    for _ in range(100):
        await team.tick()
    failed = [row["text"] for row in team.log("a", 99) if row["event"] == "failed"]
    assert failed == ["one", "two", "three"] and not wrong


@pytest.mark.parametrize(
    ("error", "named"),
    [(Unreachable("no model answers"), {"model": "small"}), (SetupError("no such folder"), {})],
)
async def test_the_failure_of_a_model_is_logged_with_its_name(
    home: Path, error: Exception, named: dict[str, str]
) -> None:
    hire(home, "a", model="small")

    def rule(_: Request) -> str:
        raise error

    team = office(home, rule)
    await team.send("a", "hello")
    await team.tick()
    [row] = [row for row in team.log("a") if row["event"] == "failed"]
    assert {k: v for k, v in row.items() if k == "model"} == named


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (Worked(Ended(text="pushed")), 0),
        (Worked(Ended(state="failed", text="the tests are red")), 1),
        (Worked(Ended(state="waiting", text="a push")), 4),
        (SandboxMissing("bubblewrap is missing"), 5),
        (Unreachable("no model answers"), 3),
        (ModelError("the model gave no valid answer in 3 tries"), 1),
    ],
)
async def test_a_tick_tells_how_its_task_ended(
    home: Path, work: Worked | Exception, code: int
) -> None:
    hire(home, "dev", craft="code")

    async def doing(*_: object) -> Worked:
        if isinstance(work, Exception):
            raise work
        return work

    team = office(home, lambda _: act("work"), code=doing)
    job = await team.submit("mend it", "dev")
    assert (await team.tick()).codes.get(f"#{job.id}") == code


def test_the_exit_code_of_many_is_what_a_person_mends_first() -> None:
    assert [worst(c) for c in ([], [0, 4], [4, 1, 0], [1, 5], [5, 3])] == [0, 4, 1, 5, 3]


@pytest.mark.parametrize(
    "broken",
    ["{", "[]", '{"agents": []}', '{"agents": {"*": 5}}', '{"agents": {"*": {"per_day": "x"}}}'],
)
async def test_a_broken_price_list_changes_no_limit_and_is_named(home: Path, broken: str) -> None:
    hire(home, "a")
    file = home / "credits.json"
    tariff = '{"call": 100, "prompt": 0, "cached": 0, "generated": 0}'
    file.write_text(f'{{"agents": {{"*": {{"per_day": 0.00015}}}}, "tariffs": {{"*": {tariff}}}}}')
    calls: list[str] = []

    def rule(request: Request) -> str:
        calls.append(asked(request))
        return act("nothing")

    team = office(home, rule, prices=Pricing(home))
    await team.tick()
    file.write_text(broken)
    for _ in range(3):
        await team.send("a", "hello")
        await team.tick()
    assert calls == ["a"], "the limit of the day still holds"
    [problem] = (await team.status()).problems
    assert problem.file == "credits.json"
    assert engine_log(home).path.read_text().count('"problem"') == 1


async def test_without_any_good_price_list_nobody_spends_until_it_is_mended(home: Path) -> None:
    hire(home, "a")
    (home / "credits.json").write_text("{")
    store = memory()
    team = office(home, lambda _: act("nothing"), store, prices=Pricing(home))
    await team.send("a", "hello")
    await team.submit("write", "a")
    failed = (await team.tick()).failed
    assert "credits.json is not JSON" in failed["a"] and "mend it" in failed["a"]
    assert await team.credits() == {}, "the first credits are not lost: nobody knows how many"
    (home / "credits.json").write_text('{"agents": {"*": {"credits_left": 7}}}')
    for _ in range(10):
        await team.tick()
    assert [j.state for j in await team.tasks("a")] == ["done"]
    assert [(x.by, x.amount) for x in await team.entries("a") if x.amount > 0] == [
        ("*", 7 * CREDIT)
    ]


def test_where_an_agent_stands_can_be_told_from_all_its_entries(home: Path) -> None:
    hire(home, "a")
    for tick, place in ((1, {"b": 3}), (2, {"c": 1}), (3, {"b": 5}), (9, {"d": 9})):
        post(home, "a", OutboxEntry(sender="a", tick=tick, seq=0, text="x", read=place))
    mark = bookmark.rebuilt(home, "a", 5)
    assert (mark.tick, mark.read) == (3, {"b": 5, "c": 1})


def test_a_damaged_state_is_made_up_for_by_the_outbox(home: Path) -> None:
    hire(home, "a")
    entry = post(home, "a", OutboxEntry(sender="a", tick=4, seq=0, text="x", read={"b": 7}))
    (home / "agents" / "a" / "state.json").write_text("{")
    mark = bookmark.caught_up(bookmark.load(home, "a"), entry)
    assert (mark.tick, mark.read) == (4, {"b": 7})


def test_no_flipped_bit_makes_a_state_say_something_else(home: Path) -> None:
    hire(home, "a")
    mark = Bookmark(tick=4, seq=17, read={"b": 7, "people": 31}, passed=2, warned={"cap": 3})
    bookmark.save(home, "a", mark)
    assert bookmark.load(home, "a") == mark and bookmark.damage(home, "a") == []
    file = home / "agents" / "a" / "state.json"
    data = file.read_bytes()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        known, problems = bookmark.load(home, "a"), bookmark.damage(home, "a")
        assert known == (Bookmark() if problems else mark), flipped
        assert all(p.line.startswith("agents/a/state.json is damaged: ") for p in problems)


async def test_a_flipped_bit_in_a_state_is_named_and_costs_no_message(home: Path) -> None:
    hire(home, "a")
    heard: list[str] = []

    def rule(request: Request) -> str:
        heard.append(request.messages[1].text)
        return act("message", "person", "on it")

    team = office(home, rule)
    await team.send("a", "hello")
    assert await ticks(team, 1) == [{"a": "message"}]
    file = home / "agents" / "a" / "state.json"
    read, flipped = f'"{PEOPLE}": 1'.encode(), f'"{PEOPLE}": 9'.encode()
    assert read in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(read, flipped))
    team = office(home, rule)
    await team.send("a", "are you there?")
    assert await ticks(team, 2) == [{"a": "message"}, {}]
    assert "are you there?" in heard[1] and "hello" not in heard[1], "nothing is read again"
    assert "agents/a/state.json is damaged" in engine_log(home).path.read_text()


def test_a_state_of_before_there_was_a_digest_is_believed(home: Path) -> None:
    hire(home, "a")
    said = '{"tick": 4, "seq": 1, "read": {"b": 7}}'
    (home / "agents" / "a" / "state.json").write_text(said)
    assert bookmark.load(home, "a") == Bookmark(tick=4, seq=1, read={"b": 7})
    assert bookmark.damage(home, "a") == []


async def test_what_cannot_be_followed_up_is_no_end_of_the_engine(home: Path) -> None:
    hire(home, "a")
    hire(home, "b")
    store = memory()
    team = office(home, lambda _: act("task", "a", "mend it"), store)

    async def refuse(*_: object, **__: object) -> None:
        raise ValueError("not this one")

    store.queue.add = refuse  # type: ignore[method-assign]
    await team.send("a", "begin")
    assert "not this one" in (await team.tick()).failed["a"]
    await team.send("b", "begin")
    assert "b" in (await team.tick()).failed
