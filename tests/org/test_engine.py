import time
from pathlib import Path

from samovar.core.message import Request
from samovar.org.outbox import OutboxEntry, post
from samovar.org.standing import present
from samovar.org.turn import HOPS
from samovar.store.clock import Clock
from samovar.store.store import memory

from .conftest import act, asked, hire, office, reading, silent


async def test_a_message_goes_from_a_person_to_an_agent_and_back(home: Path) -> None:
    hire(home, "writer")
    team = office(home, lambda _: act("message", "person", "here it is"))
    await team.send("writer", "hello", by="ann")
    ticked = await team.tick()
    assert ticked.turns == {"writer": "message"}
    letters = await team.messages()
    assert [(x.entry.sender, x.entry.text) for x in letters] == [
        ("writer", "here it is"),
        ("person:ann", "hello"),
    ]
    assert letters[0].entry.reply_to == "person:ann/1"


async def test_nothing_new_means_no_model_call(home: Path) -> None:
    hire(home, "writer", **reading("writer2"))
    hire(home, "writer2")
    team = office(home, silent)
    for _ in range(5):
        assert (await team.tick()).turns == {}
    assert present(home) == 5


async def test_an_entry_is_read_once_by_each_permitted_reader(home: Path) -> None:
    hire(home, "alice")
    hire(home, "bob", **reading("alice"))
    hire(home, "carol", **reading("*"))
    hire(home, "dave")
    seen: list[tuple[str, str]] = []

    def rule(request: Request) -> str:
        seen.append((asked(request), ("news" in request.messages[1].text and "news") or ""))
        return act("nothing")

    team = office(home, rule)
    post(home, "alice", OutboxEntry(sender="alice", tick=0, seq=0, text="news"))
    for _ in range(4):
        await team.tick()
    assert seen == [("bob", "news"), ("carol", "news")]


async def test_what_is_written_in_a_tick_is_heard_in_the_next(home: Path) -> None:
    hire(home, "a", model="m-32b", **reading("b"))
    hire(home, "b", model="m-32b", **reading("a"))
    heard: list[tuple[int, str]] = []

    def rule(request: Request) -> str:
        heard.append((present(home) + 1, asked(request)))
        other = "b" if asked(request) == "a" else "a"
        return act("message", other, "ping")

    team = office(home, rule)
    await team.send("a", "begin")
    for _ in range(4):
        await team.tick()
    assert heard == [(1, "a"), (2, "b"), (3, "a"), (4, "b")]


async def test_a_chain_of_messages_without_work_ends(home: Path) -> None:
    hire(home, "a", model="m-32b", **reading("b"))
    hire(home, "b", model="m-32b", **reading("a"))
    team = office(home, lambda r: act("message", "b" if asked(r) == "a" else "a", "and you?"))
    await team.send("a", "begin")
    for _ in range(40):
        await team.tick()
    entries = [letter.entry for letter in await team.messages()]
    assert len([e for e in entries if e.kind == "message" and e.hops]) == HOPS
    [alert] = [e for e in entries if e.kind == "alert"]
    other = {"a": "b", "b": "a"}[alert.sender]
    told = f"a chain of {HOPS} messages without work was cut; its end came from {other}"
    assert (alert.to, alert.text) == (("person",), told), "one line names the cause"
    assert team.log(alert.sender)[-1]["text"] == told


async def test_a_schedule_decides_when_the_inbox_is_read(home: Path) -> None:
    hire(home, "slow", schedule={"run_every_n_ticks": 4, "phase_offset": 7})
    team = office(home, lambda _: act("nothing"))
    await team.send("slow", "hello")
    assert [(await team.tick()).turns for _ in range(4)] == [{}, {}, {"slow": "nothing"}, {}]


async def test_a_schedule_is_kept_by_whoever_has_a_task_too(home: Path) -> None:
    hire(home, "slow", schedule={"run_every_n_ticks": 4, "phase_offset": 3}, **reading("b"))
    hire(home, "b")
    store = memory()
    team = office(home, lambda r: "tea" if r.schema is None else act("nothing"), store)
    await team.submit("not now", "slow")
    paused = await store.claims.claim("w", 60, ("slow",))
    assert paused is not None
    await store.claims.fail(paused, "its server was away", 3600)
    post(home, "b", OutboxEntry(sender="b", tick=0, seq=0, text="news"))
    await team.send("slow", "hello")
    assert [(await team.tick()).turns for _ in range(2)] == [{}, {}]
    await team.submit("now", "slow")
    due = [await team.tick() for _ in range(3)]
    # At its time the person comes before the task; the task takes the next tick.
    assert [t.turns for t in due] == [{"slow": "nothing"}, {"slow": "work"}, {}]


async def test_what_was_too_much_for_one_turn_is_read_in_the_next_ticks(home: Path) -> None:
    schedule = {"run_every_n_ticks": 20, "phase_offset": 2}
    hire(home, "slow", schedule=schedule, limits={"read": 2}, **reading("b"))
    hire(home, "b")
    seen: list[list[str]] = []

    def rule(request: Request) -> str:
        seen.append([f"n{n}" for n in range(6) if f"n{n}" in request.messages[1].text])
        return act("nothing")

    team = office(home, rule)
    for n in range(5):
        post(home, "b", OutboxEntry(sender="b", tick=0, seq=0, text=f"n{n}"))
    turns = [(await team.tick()).turns for _ in range(2)]
    post(home, "b", OutboxEntry(sender="b", tick=2, seq=0, text="n5"))
    turns += [(await team.tick()).turns for _ in range(4)]
    assert [sorted(t) for t in turns] == [[], ["slow"], ["slow"], ["slow"], [], []]
    assert seen == [["n0", "n1"], ["n2", "n3"], ["n4"]], "what came later waits for its time"


async def test_agents_whose_models_are_one_by_other_names_have_their_turns_in_a_row(
    home: Path,
) -> None:
    for name, model in {"a": "", "b": "small", "c": "large", "d": "embedded"}.items():
        hire(home, name, model=model)
    named = {"": "large", "embedded": "large"}
    team = office(home, lambda _: act("nothing"), real=lambda model: named.get(model, model))
    await team.send("all", "hello all")
    assert len((await team.tick()).turns) == 4
    assert [found[0] for found in team.engine.turns.kit.models.found] == [
        "",
        "large",
        "embedded",
        "small",
    ]


async def test_the_same_home_gives_the_same_outboxes(tmp_path: Path) -> None:
    def rule(request: Request) -> str:
        me = asked(request)
        peer = {"a": "b", "b": "c", "c": "a"}[me]
        return act("message", peer, f"{len(request.messages[1].text)} letters")

    found = []
    for name in ("one", "two"):
        home = tmp_path / name
        for n, other in (("a", "c"), ("b", "a"), ("c", "b")):
            hire(home, n, model=f"m-{other}-32b", **reading(other))
        team = office(home, rule)
        await team.send("a", "begin", by="ann")
        for _ in range(10):
            await team.tick()
        files = sorted(home.rglob("outbox/*.json"))
        found.append({p.relative_to(home).as_posix(): p.read_bytes() for p in files})
        time.sleep(0.01)
    assert found[0] == found[1]
    assert len(found[0]) > 5


async def test_an_agent_that_works_elsewhere_is_left_alone_until_that_worker_is_dead(
    home: Path,
) -> None:
    hire(home, "a")
    store, hand = memory(), [0.0]
    store.queue.jobs.clock = Clock(steady=lambda: hand[0])  # type: ignore[attr-defined]
    team = office(home, lambda _: "an answer", store)
    for text in ("one", "two"):
        await team.submit(text, "a")
    assert await store.claims.claim("far away", 60) is not None
    assert [(await team.tick()).turns for _ in range(3)] == [{}, {}, {}]
    hand[0] = 61.0
    assert [(await team.tick()).turns for _ in range(3)] == [{"a": "work"}, {"a": "work"}, {}]
    assert [(j.text, j.state, j.attempts) for j in await team.tasks("a")] == [
        ("one", "done", 2),
        ("two", "done", 1),
    ]


async def test_logs_say_what_every_turn_did(home: Path) -> None:
    hire(home, "a")
    team = office(home, lambda _: act("note", text="remember this"))
    await team.send("a", "hello")
    await team.tick()
    row = team.log("a")[-1]
    assert row["action"] == "note" and row["text"] == "remember this"
    assert [x.rpartition("/")[2] for x in row["read"]] == ["1"]
