"""Tasks that take long are worked on beside the ticks; nobody waits who does not need to."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from samovar.core.errors import SetupError
from samovar.models.choices import structured
from samovar.org import engine
from samovar.org.choice import Scene
from samovar.org.kit import Silent, Worked
from samovar.org.resume import Resume
from samovar.org.seams import Ended, Job
from samovar.org.standing import present
from samovar.org.ticked import Ticked
from samovar.org.works import BATCH, Works
from samovar.store.store import memory

from .conftest import act, asked, hire, office, reading

JOB = Job(id=1, agent="a")


class Long:
    """Code that is written until it is told that it is done."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.over = asyncio.Event()

    async def __call__(self, job: Job, *_: object) -> Worked:
        self.begun.append(f"{job.agent} {job.text}")
        await self.over.wait()
        return Worked(Ended(text="pushed"))


class Listened(Silent):
    """A bell that counts how often somebody waits for it."""

    times = 0

    async def wait(self, agents: Sequence[str], seconds: float, /) -> bool:
        self.times += 1
        return await super().wait(agents, seconds)


async def until(true: object, seconds: float = 20.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_others_have_their_turns_while_one_works_for_hours(home: Path) -> None:
    hire(home, "dev", craft="code", model="large")
    hire(home, "writer", model="small")
    hire(home, "other", model="large")
    long = Long()
    said: list[str] = []

    def rule(request: object) -> str:
        said.append(asked(request))  # type: ignore[arg-type]
        return "a text" if request.schema is None else act("nothing")  # type: ignore[attr-defined]

    team = office(home, rule, code=long)
    first = await team.submit("mend it", "dev")
    running = asyncio.create_task(team.run(pace=0.02))
    await until(lambda: long.begun)
    await team.send("other", "hello")
    await team.submit("write about tea", "writer")
    await until(lambda: {"other", "writer"} <= set(said))
    before = present(home)
    await until(lambda: present(home) > before + 3)
    [job] = await team.tasks("dev")
    assert (job.id, job.state) == (first.id, "running")
    await team.send("dev", "are you there?")
    await until(lambda: present(home) > before + 6)
    assert "dev" not in said, "who works is left alone"
    assert any(row["event"] == "at work" for row in team.log("dev"))
    long.over.set()
    await until(lambda: "dev" in said)
    assert [j.result for j in await team.tasks("dev")] == ["pushed"]
    kinds = [x.entry.kind for x in await team.messages("dev")]
    assert kinds == ["message", "report"], "nothing came of the question: a person hears"
    team.engine.stop()
    await running


async def test_a_task_is_handed_out_while_another_is_worked_on(home: Path) -> None:
    hire(home, "boss", craft="plan", **reading("writer"))
    hire(home, "dev", craft="code")
    hire(home, "writer", short_description="Writes texts about tea.", **reading("boss"))
    long = Long()
    team = office(home, lambda _: act("nothing"), code=long)
    await team.submit("mend it", "dev")
    running = asyncio.create_task(team.run(pace=0.02))
    await until(lambda: long.begun)
    await team.submit("write about tea", "boss")
    async with asyncio.timeout(20.0):
        while not (handed := await team.tasks("writer")):
            await asyncio.sleep(0.02)
    assert [(j.text, j.state) for j in handed] == [("write about tea", "ready")], "one at a time"
    long.over.set()
    team.engine.stop()
    await running


async def test_a_model_works_on_one_task_at_a_time_the_oldest_first(home: Path) -> None:
    for name in ("a", "b", "c"):
        hire(home, name, craft="code")
    long = Long()
    team = office(home, lambda _: act("nothing"), code=long)
    for name in ("c", "a", "b", "a"):
        await team.submit(f"for {name}", name)
    running = asyncio.create_task(team.run(pace=0.02))
    await until(lambda: long.begun)
    before = present(home)
    await until(lambda: present(home) > before + 3)
    assert long.begun == ["c for c"]
    long.over.set()
    await until(lambda: len(long.begun) == 4)
    assert [line[0] for line in long.begun] == ["c", "a", "b", "a"]
    team.engine.stop()
    await running


async def test_an_engine_at_work_leaves_rings_to_free_workers(home: Path) -> None:
    hire(home, "dev", craft="code")
    long, bell = Long(), Listened()
    team = office(home, lambda _: act("nothing"), bell=bell, code=long)
    running = asyncio.create_task(team.run(pace=0.02))
    await until(lambda: bell.times)
    await team.submit("mend it", "dev")
    await until(lambda: long.begun)
    listened, before = bell.times, present(home)
    await until(lambda: present(home) > before + 3)
    assert bell.times == listened
    long.over.set()
    await until(lambda: bell.times > listened)
    team.engine.stop()
    await running


async def test_whoever_stops_the_engine_puts_the_task_back_and_it_goes_on_later(home: Path) -> None:
    hire(home, "dev", craft="code")
    store, long = memory(), Long()
    team = office(home, lambda _: act("nothing"), store, code=long)
    await team.submit("mend it", "dev")
    for end in ("told", "cancelled"):
        long.begun.clear()
        running = asyncio.create_task(team.run(pace=0.02))
        await until(lambda: long.begun)
        if end == "told":
            team.engine.stop()
        else:
            running.cancel()
        await asyncio.wait({running}, timeout=10)
        assert running.done()
        [job] = await team.tasks("dev")
        assert (job.state, job.attempts) == ("ready", 0)
        team = office(home, lambda _: act("nothing"), store, code=long)
    long.over.set()
    assert (await team.tick()).turns == {"dev": "work"}
    assert [j.state for j in await team.tasks("dev")] == ["done"]


async def test_a_task_cancelled_by_a_person_ends_its_work_and_frees_its_agent(home: Path) -> None:
    hire(home, "dev", craft="code")
    store, long = memory(), Long()
    team = office(home, lambda _: act("nothing"), store, code=long)
    object.__setattr__(team.engine.turns.kit.manner, "lease", 0.3)
    first = await team.submit("mend it", "dev")
    running = asyncio.create_task(team.run(pace=0.02))
    await until(lambda: long.begun)
    await team.cancel(first.id)
    await team.submit("another", "dev")
    await until(lambda: len(long.begun) == 2)
    assert {j.text: j.state for j in await team.tasks("dev")} == {
        "mend it": "cancelled",
        "another": "running",
    }
    team.engine.stop()
    await running


async def test_a_task_that_fails_beside_the_ticks_is_said_and_stops_no_other(home: Path) -> None:
    hire(home, "dev", craft="code")
    hire(home, "writer")
    fail = asyncio.Event()

    async def code(*_: object) -> Worked:
        await fail.wait()
        raise SetupError("there is no repository")

    team = office(home, lambda _: "a text", code=code)
    await team.submit("mend it", "dev")
    running = asyncio.create_task(team.run(pace=0.02))
    await until(lambda: team.engine.works.busy("dev"))
    await until(lambda: present(home) > 3)
    fail.set()
    await until(lambda: not team.engine.works.busy("dev"))
    await team.submit("write about tea", "writer")

    async def written() -> bool:
        return bool(await team.tasks("writer", ("done",)))

    for _ in range(500):
        if await written():
            break
        await asyncio.sleep(0.01)
    assert await written()
    assert any("no repository" in str(row) for row in team.log("dev"))
    [job] = await team.tasks("dev")
    assert (job.state, job.attempts) == ("ready", 1)
    team.engine.stop()
    await running


async def test_a_run_of_the_engine_gives_the_same_outboxes_as_ticks_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a machine that is very busy, a quarter of a second may be too short for anything.
    monkeypatch.setattr(engine, "QUICK", 30.0)

    def rule(request: object) -> str:
        if "tasks" in str(request.schema):  # type: ignore[attr-defined]
            orders = [{"to": n, "text": f"part for {n}"} for n in ("a", "b")]
            return json.dumps({"tasks": orders})
        return "a text" if request.schema is None else act("nothing")  # type: ignore[attr-defined]

    found = []
    for name in ("one", "two", "three"):
        home = tmp_path / name
        hire(home, "boss", craft="plan", model="m-32b")
        hire(home, "a", model="n", **reading("boss"))
        hire(home, "b", model="m-32b", **reading("boss", "a"))
        team = office(home, rule)
        for text in ("first", "second"):
            await team.submit(text, "boss", by="ann")
        if name == "one":
            for _ in range(8):
                await team.tick()
        else:
            await team.run(pace=0.0, ticks=8)
        files = sorted(home.rglob("outbox/*.json"))
        found.append({p.relative_to(home).as_posix(): p.read_bytes() for p in files})
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 6


def scene(name: str, model: str) -> Scene:
    return Scene(resume=Resume(name=name, instructions="x", model=model), tick=1)


async def worked() -> None:
    return None


async def test_a_slot_is_shared_and_nobody_waits_for_ever() -> None:
    works = Works(lambda model: "here" if model in ("m", "n") else model)
    gate = asyncio.Event()

    async def slow() -> None:
        await gate.wait()

    await works.begin(scene("a", "m"), JOB, slow(), 0.01)
    assert works.busy("a") and not works.room("m") and not works.room("n")
    assert works.hears("m") and not works.hears("n"), "what is loaded can be asked in between"
    assert works.room("far") and works.hears("far")
    gate.set()
    await works.wait()
    works.ended()
    for _ in range(BATCH - 1):
        assert works.room("m")
        await works.begin(scene("a", "m"), JOB, worked(), None)
        works.ended()
    assert not works.room("m"), "the other model of the slot has waited long enough"
    assert works.hears("n") and works.room("n")
    await works.begin(scene("b", "n"), JOB, worked(), None)
    works.ended()
    assert works.room("m")


async def test_a_slot_that_is_known_only_once_its_model_was_asked_is_still_one_slot() -> None:
    slots = {"m": "m", "n": "n"}
    works = Works(lambda model: slots[model])
    gate = asyncio.Event()

    async def slow() -> None:
        slots.update({"m": "http://a/v1", "n": "http://a/v1"})
        await gate.wait()

    await works.begin(scene("a", "m"), JOB, slow(), 0.01)
    assert not works.room("m") and not works.room("n") and not works.hears("n")
    gate.set()
    await works.wait()


async def test_what_came_of_a_task_beside_the_ticks_is_told_at_the_end(home: Path) -> None:
    hire(home, "dev", craft="code")
    long = Long()
    team = office(home, lambda _: act("work"), code=long)
    job = await team.submit("mend it", "dev")
    told: list[Ticked] = []
    running = asyncio.create_task(team.run(0.01, 2, told.append))
    await until(lambda: present(home) == 2)
    assert [t.codes for t in told] == [{}, {}] and not running.done()
    long.over.set()
    await running
    assert told[-1].codes == {"dev": 0, f"#{job.id}": 0} and "pushed" in told[-1].said["dev"]


async def test_a_task_that_was_put_first_during_the_tick_is_the_one_that_is_told_of(
    home: Path,
) -> None:
    hire(home, "ada")
    hire(home, "dev", craft="code")
    long, store = Long(), memory()

    async def choose(*asked: Any, **more: Any) -> Any:
        # Ada is asked in a tick whose begin saw the other task first.
        await store.queue.reorder(2, 1)
        return await structured(*asked, **more)

    team = office(home, lambda _: act("nothing"), store, code=long, choose=choose)
    await team.submit("mend it", "dev")
    await team.submit("paint it", "dev")
    await team.send("ada", "hello", by="ann")
    told: list[Ticked] = []
    running = asyncio.create_task(team.run(0.01, 1, told.append))
    await until(lambda: present(home) == 1)
    assert long.begun == ["dev paint it"]
    assert [r["text"] for r in team.log("dev")] == ["#2 paint it"]
    long.over.set()
    await running
    assert told[-1].codes == {"dev": 0, "#2": 0}
    assert {j.id: j.state for j in await team.tasks("dev")} == {1: "ready", 2: "done"}


def test_a_slot_nobody_was_asked_in_is_kept_for_nobody() -> None:
    works = Works(lambda model: model)
    assert works.hears("large", {"", "large"}) and works.room("large", {"", "large"})


async def test_two_names_of_one_model_have_their_turns_in_one_row() -> None:
    def real(model: str) -> str:
        return model or "large"

    works = Works(lambda _: "here", real)
    for _ in range(BATCH):
        works.took("large")
        works.took("")
    assert works.hears("", {"", "large", "small"}) and works.hears("large", {"", "large", "small"})
    assert works.hears("small", {"", "large", "small"}), "BATCH of them were in a row"
    works.took("small")
    assert not works.hears("large", {"", "large", "small"})
    works = Works(lambda _: "here", real)
    await works.begin(scene("a", "large"), JOB, worked(), None)
    assert works.hears("", {"", "large"}) and not works.hears("small", {"", "small"})
