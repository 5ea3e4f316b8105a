import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from samovar.core.message import Request
from samovar.org.filing import Filing
from samovar.org.kit import Worked
from samovar.org.outbox import OutboxEntry, post
from samovar.org.seams import Ended, Job
from samovar.org.sound import Pricing
from samovar.store.store import memory

from .conftest import Notebook, act, asked, hire, office, reading, ticks

Rule = Callable[[Request], str]


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
        await team.send("writer", "hurry up")
        found += await ticks(team, 1)
    assert [t["writer"] for t in found] == ["note", "note", "note", "work"]


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
    assert len(prompts) == 1 and prompts[0].startswith("Your task:\nmake tea")


@pytest.mark.parametrize(("model", "turns"), [("m-1.5b", "nothing"), ("m-32b", "task")])
async def test_what_teammates_say_makes_a_small_model_file_tasks_for_itself_alone(
    home: Path, model: str, turns: str
) -> None:
    hire(home, "a", model=model, **reading("b"))
    hire(home, "b", **reading("a"))
    post(home, "b", OutboxEntry(sender="b", tick=0, seq=0, kind="report", text="done"))
    team = office(home, lambda request: act("task", "b", "do it again") if request.schema else "x")
    assert (await team.tick()).turns["a"] == turns
    assert len(await team.tasks("b")) == (turns == "task")
    own = office(home, lambda request: act("task", "a", "look at it") if request.schema else "x")
    post(home, "b", OutboxEntry(sender="b", tick=0, seq=0, kind="report", text="more"))
    await own.tick()
    assert [j.text for j in await own.tasks("a")] == ["look at it"]


async def test_nobody_files_code_for_an_agent_without_a_repository(home: Path) -> None:
    hire(home, "a", craft="code", **reading("b"))
    hire(home, "b")
    team = office(home, lambda _: act("task", "a", "mend it"))
    post(home, "b", OutboxEntry(sender="b", tick=0, seq=0, kind="report", text="it is broken"))
    assert (await team.tick()).turns == {"a": "nothing"}
    assert not await team.tasks("a")
    for wish in ("mend it", "mend that, too"):
        await team.send("a", wish)
        assert (await team.tick()).turns == {"a": "message"}, "a person hears of each wish"
        [told, *_] = await team.messages("a")
        assert told.entry.to == ("person",)
        assert "a has no repository for: mend it; name one by `queue add --repo`" in told.entry.text
    assert not await team.tasks("a")


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
