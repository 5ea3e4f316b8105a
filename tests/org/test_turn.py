import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from samovar.core.errors import ModelError, SandboxMissing, SetupError, Unreachable
from samovar.core.message import Request
from samovar.org import bookmark
from samovar.org.bookmark import Bookmark
from samovar.org.credits import CREDIT
from samovar.org.filing import Filing
from samovar.org.journal import engine_log, tail
from samovar.org.kit import Worked
from samovar.org.outbox import OutboxEntry, post
from samovar.org.resume import PEOPLE
from samovar.org.seams import Approval, Ended, Job
from samovar.org.sound import Pricing
from samovar.org.team import Team
from samovar.org.ticked import worst
from samovar.store.clock import Clock
from samovar.store.store import memory

from .conftest import Notebook, act, asked, hire, office, reading

Rule = Callable[[Request], str]


async def ticks(team: Team, count: int) -> list[dict[str, str]]:
    return [dict((await team.tick()).turns) for _ in range(count)]


async def test_only_what_is_possible_is_offered(home: Path) -> None:
    hire(home, "boss")
    hire(home, "dev", **reading("boss"))
    schemas: list[dict[str, list[str]]] = []

    def rule(request: Request) -> str:
        assert request.schema is not None
        schemas.append({k: v.get("enum", []) for k, v in request.schema["properties"].items()})
        return act("nothing" if len(schemas) == 1 else "work")

    team = office(home, rule)
    await team.send("boss", "hello")
    await team.tick()
    await team.submit("build it", "dev")
    await team.send("dev", "and hurry")
    await team.tick()
    assert set(schemas[0]["action"]) == {"task", "message", "note", "ask", "nothing"}
    assert set(schemas[0]["to"]) == {"boss", "dev", "all", "person"}
    assert set(schemas[1]["action"]) == {"work", "task", "message", "note", "ask", "nothing"}
    assert set(schemas[1]["to"]) == {"dev", "person"}


async def test_a_writer_works_on_its_task_and_reports(home: Path) -> None:
    hire(home, "writer", short_description="writes")
    team = office(home, lambda r: "a fine text" if r.schema is None else act("work"))
    job = await team.submit("write about tea", "writer")
    assert await ticks(team, 2) == [{"writer": "work"}, {}]
    [done] = await team.tasks("writer", ("done",))
    assert (done.id, done.result) == (job.id, "a fine text")
    report = (await team.messages("writer"))[0].entry
    assert (report.kind, report.job) == ("report", job.id)
    assert report.text == "#1 write about tea\na fine text"


@pytest.mark.parametrize("heard", [(), ("dev",), ("dev", "writer")])
async def test_a_planner_hands_its_task_out_to_all_who_hear_it(
    home: Path, heard: tuple[str, ...]
) -> None:
    hire(home, "boss", craft="plan", model="m-32b", **reading(*heard))
    hire(home, "dev", **reading("boss", repositories=[".."]))
    hire(home, "writer", **reading("boss"))

    def rule(request: Request) -> str:
        if "most" in str(request.messages[1].text):
            orders = [
                {"to": "dev", "text": "write add()"},
                {"to": "writer", "text": "describe add()"},
                {"to": "dev", "text": "  "},
            ]
            return json.dumps({"tasks": orders})
        return act("work")

    team = office(home, rule)
    await team.submit("we need add()")
    assert await ticks(team, 1) == [{"boss": "work"}]
    jobs = [(j.agent, j.text, j.created_by, j.parent, j.depth) for j in await team.tasks()]
    assert ("dev", "write add()", "boss", 1, 1) in jobs
    assert ("writer", "describe add()", "boss", 1, 1) in jobs
    assert len(jobs) == 3
    [boss] = await team.tasks("boss", ("done",))
    assert "#2 for dev: write add()" in boss.result and "it says nothing" in boss.result


async def test_a_coder_works_through_the_kit_and_its_run_is_passed_on(home: Path) -> None:
    hire(home, "dev", craft="code")
    hire(home, "rev", **reading("dev"))

    async def code(job: object, resume: object, meter: object, hold: object, /) -> Worked:
        await hold()  # type: ignore[operator]
        return Worked(Ended(text="done on a branch"), "run-1", "/repo")

    def rule(request: Request) -> str:
        if asked(request) == "rev":
            return act("task", "rev", "review it")
        return act("work")

    team = office(home, rule, code=code)
    await team.submit("mend it", "dev")
    await ticks(team, 2)
    [review] = await team.tasks("rev")
    assert (review.run, review.repo, review.parent, review.depth) == ("run-1", "/repo", 1, 1)


async def test_a_task_can_be_filed_only_for_those_who_read_the_outbox(home: Path) -> None:
    hire(home, "a")
    hire(home, "b")

    class Evil:
        action, to, text = "task", "b", "obey me"

    async def choose(*_: object, limit: int) -> object:
        return Evil

    team = office(home, lambda _: "", choose=choose)
    await team.send("a", "hello")
    assert await ticks(team, 1) == [{"a": "nothing"}]
    assert await team.tasks() == []


async def test_a_task_left_alone_too_often_is_worked_on_unasked(home: Path) -> None:
    hire(home, "writer")
    team = office(home, lambda r: "text" if r.schema is None else act("note", text="later"))
    await team.submit("write", "writer")
    found = []
    for _ in range(4):
        await team.send("writer", "how is it going?")
        found += await ticks(team, 1)
    assert [t["writer"] for t in found] == ["note", "note", "note", "work"]


async def test_a_question_waits_for_a_person_and_the_answer_is_heard(home: Path) -> None:
    hire(home, "a")
    heard: list[str] = []

    def rule(request: Request) -> str:
        heard.append(request.messages[1].text)
        return act("ask", "person", "may I?") if len(heard) == 1 else act("nothing")

    team = office(home, rule)
    await team.send("a", "hello")
    await team.tick()
    [question] = await team.approvals()
    assert (question.agent, question.act, question.text) == ("a", "question", "may I?")
    assert [m.mood for m in await team.agents()] == ["waiting"]
    await team.refuse(question.id, "not today", by="ann")
    await team.tick()
    assert "answer from ann, a person who owns this team:\nno: not today" in heard[1]
    assert await team.approvals() == []
    with pytest.raises(SetupError, match="not open"):
        await team.approve(question.id)


async def test_a_question_of_last_year_is_still_open(home: Path) -> None:
    hire(home, "a")
    days = [0]
    clock = Clock(wall=lambda: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=days[0]))
    team = office(home, lambda _: act("ask", "person", "may I?"), memory(clock))
    await team.send("a", "hello")
    await team.tick()
    days[0] = 400
    [question] = await team.approvals()
    await team.approve(question.id, "since you waited", by="ann")
    assert await team.approvals() == []


async def test_an_answer_whose_record_a_crash_cut_off_is_heard_and_said_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire(home, "a")
    store = memory()
    heard: list[str] = []

    def rule(request: Request) -> str:
        heard.append(request.messages[1].text)
        return act("ask", "person", "may I?") if len(heard) == 1 else act("nothing")

    team = office(home, rule, store)
    await team.send("a", "hello")
    await team.tick()
    [question] = await team.approvals()
    with monkeypatch.context() as broken:
        broken.setattr(store.approvals, "answer", _dies)
        with pytest.raises(OSError, match="killed"):
            await team.approve(question.id, "go on", by="ann")
    await team.tick()
    assert "yes: go on" in heard[1]
    assert [a.id for a in await team.approvals()] == [question.id]
    with pytest.raises(SetupError, match="with 'yes: go on'; that stands"):
        await team.refuse(question.id, "no, stop", by="ann")
    await team.approve(question.id, "go on", by="ann")
    await team.tick()
    assert await team.approvals() == [] and len(heard) == 2


async def test_of_two_answers_at_once_the_agent_hears_the_one_that_is_recorded(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire(home, "a")
    store = memory()
    team, other = (office(home, lambda _: act("ask", "person", "may I?"), store) for _ in "ab")
    await team.send("a", "hello")
    await team.tick()
    [question] = await team.approvals()
    record = store.approvals.answer

    async def late(*word: Any, **more: Any) -> Approval:
        monkeypatch.undo()
        with pytest.raises(SetupError, match="'yes: go on'; that stands"):
            await other.refuse(question.id, by="li")
        return await record(*word, **more)

    monkeypatch.setattr(store.approvals, "answer", late)
    assert (await team.approve(question.id, "go on", by="ann")).state == "granted"
    heard = [m.entry.text for m in await team.messages("people") if m.entry.reply_to]
    assert heard == ["yes: go on"]


async def _dies(*_: object, **_more: object) -> None:
    raise OSError("killed")


async def test_a_yes_and_a_no_take_up_the_task_that_waited_for_them(home: Path) -> None:
    hire(home, "dev", craft="code")
    store = memory()

    async def code(job: Job, *_: object) -> Worked:
        words = [a for a in await team.approvals(("granted", "refused")) if a.task == job.id]
        said = ", ".join(f"{a.state} {a.note}" for a in words)
        return Worked(Ended(state="done" if words else "waiting", text=said))

    team = office(home, lambda _: act("work"), store, code=code)
    for number, word in ((1, team.approve), (2, team.refuse)):
        job = await team.submit("push it", "dev")
        await team.tick()
        assert (await team.tasks("dev", ("waiting",)))[0].id == job.id
        question = Approval(agent="dev", act="push", digest=f"d{number}", task=job.id)
        asked_for = await store.approvals.ask(question, 60)
        await word(asked_for.id, f"note {number}")
        await team.tick()
    ends = sorted((j.id, j.state, j.result) for j in await team.tasks("dev"))
    assert ends == [(1, "done", "granted note 1"), (2, "done", "refused note 2")]
    reports = [m.entry.text for m in await team.messages("dev")]
    assert reports == ["#2 push it\nrefused note 2", "#1 push it\ngranted note 1"]


async def test_notes_come_back_in_the_next_prompt(home: Path) -> None:
    hire(home, "a")
    prompts: list[str] = []

    def rule(request: Request) -> str:
        prompts.append(request.messages[1].text)
        return act("note", text="tea is hot")

    team = office(home, rule)
    for text in ("one", "two"):
        await team.send("a", text)
        await team.tick()
    assert isinstance(team.engine.turns.kit.memory, Notebook)
    assert "tea is hot" not in prompts[0] and "tea is hot" in prompts[1]


async def test_the_front_of_the_prompt_is_the_same_in_every_turn(home: Path) -> None:
    soul = {"personality": "calm", "skills": ["SQL"], "expertise": ["databases"]}
    hire(home, "a", title="Database keeper", soul=soul)
    fronts: set[str] = set()

    def rule(request: Request) -> str:
        fronts.add(request.messages[0].text)
        return act("nothing")

    team = office(home, rule)
    for text in ("one", "two"):
        await team.send("a", text)
        await team.tick()
    [front] = fronts
    assert all(word in front for word in ("Database keeper", "calm", "SQL", "databases"))


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


async def test_a_fork_storm_is_capped_and_the_owner_is_told(home: Path) -> None:
    """Row Q5: agents that answer everything with new tasks, a thousand and more."""
    hire(home, "fork", craft="plan", model="m-32b", **reading("fork2"))
    hire(home, "fork2", craft="plan", model="m-32b", **reading("fork"))
    (home / "credits.json").write_text(
        '{"agents": {"*": {"credits_left": 0.5}}, "tariffs": {"*": {"call": 100}}}'
    )
    calls = tried = 0

    def rule(request: Request) -> str:
        nonlocal calls, tried
        calls += 1
        other = "fork2" if asked(request) == "fork" else "fork"
        if "tasks" in str(request.schema):
            tried += 9
            return json.dumps({"tasks": [{"to": other, "text": f"{calls}.{n}"} for n in range(9)]})
        tried += 1
        return act("task", other if calls % 2 else asked(request), f"fork {calls}")

    team = office(home, rule, prices=Pricing(home))
    await team.send("all", "begin")
    for number in range(1000):
        await team.tick()
        if number % 10 == 0:
            await team.send("fork", "more")
    jobs = await team.tasks(limit=100_000)
    assert tried >= 1000 > len(jobs), "that is the storm"
    open_now = [j for j in jobs if j.state in ("ready", "running", "waiting")]
    assert len(open_now) <= 2 * 20, "at most open_tasks each"
    assert max(j.depth for j in jobs) <= 4, "and not deeper than the limit"
    assert calls < 600, "credits stop it"
    spent = -sum(x.amount for x in await team.entries(limit=100_000) if x.amount < 0)
    assert spent <= 1_000_000
    alerts = [x.entry.text for x in await team.messages(limit=10_000) if x.entry.kind == "alert"]
    assert any("its limit" in text for text in alerts)
    assert any("samovar credits add" in text for text in alerts)
    assert len(alerts) < 40


async def test_a_task_comes_through_the_queue_and_not_as_a_message_too(home: Path) -> None:
    hire(home, "a")
    hire(home, "b", **reading("a"))
    prompts: list[str] = []

    def rule(request: Request) -> str:
        if asked(request) == "a":
            return act("task", "b", "make tea")
        prompts.append(request.messages[1].text)
        return "tea"

    team = office(home, rule)
    await team.send("a", "tea please")
    assert await ticks(team, 3) == [{"a": "task"}, {"b": "work"}, {}]
    assert len(prompts) == 1 and prompts[0].startswith("Task #1:\nmake tea")


async def test_a_task_goes_before_the_talk_of_teammates_which_is_heard_afterwards(
    home: Path,
) -> None:
    hire(home, "a")
    hire(home, "b", **reading("a"))
    post(home, "a", OutboxEntry(sender="a", tick=0, seq=0, text="gossip"))
    heard: list[str] = []

    def rule(request: Request) -> str:
        heard.append(request.messages[1].text)
        return act("nothing") if request.schema else "tea"

    team = office(home, rule)
    await team.submit("make tea", "b")
    assert await ticks(team, 3) == [{"b": "work"}, {"b": "nothing"}, {}]
    assert "gossip" not in heard[0] and "gossip" in heard[1]


async def test_a_part_of_a_task_is_shown_with_the_whole(home: Path) -> None:
    hire(home, "boss", craft="plan", model="m-32b", **reading("a"))
    hire(home, "a", **reading("boss"))
    prompts: list[str] = []

    def rule(request: Request) -> str:
        prompts.append(request.messages[1].text)
        if "tasks" in str(request.schema):
            return json.dumps({"tasks": [{"to": "a", "text": "boil water"}]})
        return act("nothing") if request.schema else "boiled"

    team = office(home, rule)
    await team.submit("make tea for two", "boss")
    assert await ticks(team, 3) == [{"boss": "work"}, {"a": "work"}, {"boss": "nothing"}]
    assert "boil water" in prompts[1] and "part of this task:\nmake tea for two" in prompts[1]
    plan = (await team.messages("boss"))[0].entry
    assert (plan.kind, plan.to) == ("report", ("person",))


async def test_the_same_task_is_not_filed_twice_nor_handed_back(home: Path) -> None:
    hire(home, "a", **reading("b"))
    hire(home, "b", **reading("a"))
    team = office(home, lambda r: act("task", "b" if asked(r) == "a" else "a", "make  Tea"))
    for _ in range(3):
        await team.send("a", "tea please")
        await team.tick()
    jobs = await team.tasks()
    assert [(j.agent, j.text) for j in jobs if j.created_by == "a"] == [("b", "make  Tea")]
    team = office(home, lambda _: act("task", "a", "make tea"), memory())
    top = await team.submit("make tea", "a")
    filing = Filing(home, team.engine.turns.kit.queue)
    draft = OutboxEntry(sender="b", tick=1, seq=0, to=("a",), text="Make tea")
    assert await filing.doubled(draft, top.id)
    assert not await filing.doubled(replace(draft, text="drink tea"), top.id)


async def test_an_answer_that_only_repeats_the_question_is_none(home: Path) -> None:
    hire(home, "a")
    team = office(home, lambda _: act("ask", "person", "What do you do now? Choose one action:"))
    await team.send("a", "hello")
    assert await ticks(team, 1) == [{"a": "nothing"}]


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


async def test_every_cap_refuses_by_itself_and_names_its_limit(home: Path) -> None:
    tight = {"open_tasks": 2, "depth": 2, "queue": 3}
    hire(home, "a", limits=tight)
    hire(home, "b", limits=tight, **reading("a"))
    hire(home, "c")
    team = office(home, lambda _: "")
    queue, roster = team.engine.turns.kit.queue, team.engine.folder.read()
    filing = Filing(home, queue)

    async def refused(to: str, parent: int = 0) -> str:
        draft = OutboxEntry(sender="a", tick=1, seq=0, to=(to,), text="new")
        return await filing.refusal(roster.resumes["a"], draft, parent, roster)

    assert await refused("b") == "" and await refused("a") == ""
    assert "does not read" in await refused("c")
    parent = 0
    for depth in range(3):
        assert ("its limit (depth)" in await refused("b", parent)) == (depth > 2)
        job = Job(agent="x", text=str(depth), parent=parent, depth=depth)
        parent = (await queue.add(job)).id
    assert "its limit (depth)" in await refused("b", parent)
    for n in range(3):
        await queue.add(Job(agent="b", text=f"person's {n}"))
    assert "its limit (queue)" in await refused("b")
    for n in range(2):
        await queue.add(Job(agent="a", text=f"own {n}", created_by="a"))
    assert "its limit (open_tasks)" in await refused("a")


async def test_words_no_database_takes_end_no_turn_and_make_one_task(home: Path) -> None:
    hire(home, "a")
    team = office(home, lambda _: act("task", "a", "mend\0it"))
    await team.send("a", "begin")
    for _ in range(3):
        await team.tick()
    [job] = await team.tasks("a")
    said = [x.entry.text for x in await team.messages("a") if x.entry.kind == "task"]
    assert [job.text, *said] == ["mend\ufffdit"] * 2


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
