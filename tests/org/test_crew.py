import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from samovar.core.errors import SetupError
from samovar.core.seams import Model
from samovar.models.scripted import Rules
from samovar.org.crew import Crew, mates
from samovar.org.hold import Manner, carry
from samovar.org.outbox import OutboxEntry, post
from samovar.org.resume import Resume
from samovar.org.roster import Folder, Roster
from samovar.org.seams import Approval, Ended, Hold, Job, Overtaken
from samovar.org.team import Team
from samovar.store.bell import LocalBell
from samovar.store.store import Store, memory

from .conftest import act, asked, hire, office, reading


async def _hold() -> None:
    return None


async def never(_job: Job, _hold: Hold, /) -> Ended:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize(("said", "state"), [("a fine text", "done"), ("", "failed")])
async def test_a_report_that_a_crash_left_without_its_record_counts_whatever_was_said_since(
    home: Path, said: str, state: str
) -> None:
    store, team, crew = await _writer(home, [said])
    job = await store.claims.claim("dead", 0.0, ("writer",))
    assert job is not None
    ended = await crew.work(job, _hold)
    assert ended.state == state
    post(home, "writer", OutboxEntry(sender="writer", tick=1, seq=0, text="hello", job=job.id))
    again = await store.claims.claim("alive", 60, ("writer",))
    assert again is not None and again.attempts == 2

    known = await crew.work(again, _hold)
    assert known.state == state and ended.text in known.text
    kinds = [x.entry.kind for x in await team.messages("writer")]
    assert kinds == ["message", "report"], "it is not made again, and not reported again"


@pytest.mark.parametrize(
    ("away", "told"),
    [("large", "a fine text\n(small answered in place of large)"), ("", "a fine text")],
)
async def test_a_report_says_which_model_answered_in_place_of_the_agents_own(
    home: Path, away: str, told: str
) -> None:
    class Some:
        loaded = ""

        async def find(self, names: Sequence[str], /) -> tuple[str, Model]:
            return next(n for n in names if n != away), Rules(lambda _: "a fine text")

    hire(home, "writer", model="large", fallback_models=["small", ""])
    team = office(home, lambda _: "", models=Some(), missed="{} is away".format)
    await team.submit("write", "writer")
    await team.engine.tick()
    [report] = await team.messages("writer")
    assert report.entry.text.endswith(told) and report.entry.kind == "report"
    said = [row for row in team.log("writer", 9) if row["event"] == "model"]
    assert [row["text"] for row in said] == ([told.partition("\n")[2].strip("()")] if away else [])
    assert [row["why"] for row in said] == (["large is away"] if away else [])
    [account] = (await team.engine.turns.kit.ledger.sums("model")).keys()
    assert account == ("small" if away else "large")


async def test_a_report_of_before_a_task_was_made_ready_again_is_not_taken_for_a_new_one(
    home: Path,
) -> None:
    store, team, crew = await _writer(home, ["", "a fine text"])
    job = await store.claims.claim("first", 60, ("writer",))
    assert job is not None
    ended = await crew.work(job, _hold)
    await store.claims.finish(job, ended.state, ended.text)
    await store.queue.revive(job.id)
    for owner in ("dead", "alive"):
        job = await store.claims.claim(owner, 0.0, ("writer",))
        assert job is not None

    assert job.attempts == 2
    assert await crew.work(job, _hold) == Ended(text="a fine text")
    assert len(await team.messages("writer")) == 2


async def _writer(home: Path, answers: list[str]) -> tuple[Store, Team, Crew]:
    """Return a team whose writer has a task and says so many things to it."""
    hire(home, "writer")
    store = memory()
    team = office(home, lambda _: answers.pop(0), store)
    await team.add_credits("writer", 10_000_000)
    await team.submit("write", "writer")
    return store, team, team.engine.turns.crew


async def test_a_task_of_a_broken_agent_says_what_to_do(home: Path) -> None:
    hire(home, "a")
    team = office(home, lambda _: "")

    with pytest.raises(SetupError, match="samovar validate"):
        await team.engine.turns.crew.work(Job(agent="gone", id=1), _hold)


async def test_a_stopped_engine_puts_its_task_back() -> None:
    store = memory()
    await store.queue.add(Job(agent="a"))
    job = await store.claims.claim("me", 60, ())
    assert job is not None
    carrying = asyncio.create_task(carry(store.claims, job, never, Manner()))
    await asyncio.sleep(0.01)
    carrying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await carrying
    after = await store.queue.get(job.id)
    assert (after.state, after.attempts) == ("ready", 0)


async def test_a_task_that_was_taken_away_is_dropped() -> None:
    store = memory()
    await store.queue.add(Job(agent="a"))
    job = await store.claims.claim("me", 60, ())
    assert job is not None
    carrying = asyncio.create_task(carry(store.claims, job, never, Manner(lease=0.03)))
    await asyncio.sleep(0.005)
    await store.queue.cancel(job.id, "a person said so")
    with pytest.raises(Overtaken):
        await asyncio.wait_for(carrying, 5)
    assert (await store.queue.get(job.id)).state == "cancelled"


async def test_a_task_that_was_taken_away_is_dropped_long_before_its_lease_would_be_renewed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("samovar.org.hold._LOOK", 0.02)
    store = memory()
    await store.queue.add(Job(agent="a"))
    job = await store.claims.claim("me", 60, ())
    assert job is not None

    async def beat(*_given: object) -> Job:
        raise AssertionError("to look writes nothing")

    monkeypatch.setattr(store.claims, "beat", beat)
    carrying = asyncio.create_task(carry(store.claims, job, never, Manner(lease=60.0)))
    await asyncio.sleep(0.1)
    assert not carrying.done()
    await store.queue.cancel(job.id, "a person said so")
    with pytest.raises(Overtaken):
        await asyncio.wait_for(carrying, 10)


async def test_a_lease_is_renewed_while_the_work_goes_on() -> None:
    store = memory()
    await store.queue.add(Job(agent="a"))
    job = await store.claims.claim("me", 0.09, ())
    assert job is not None

    async def slow(_job: Job, _hold: Hold, /) -> Ended:
        await asyncio.sleep(0.3)
        assert await store.claims.claim("thief", 60, ()) is None
        return Ended(text="done")

    assert (await carry(store.claims, job, slow, Manner(lease=0.09))).text == "done"
    assert (await store.queue.get(job.id)).state == "done"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"short_description": "Keeps tables.", "title": "Keeper"}, "Keeps tables."),
        (
            {"title": "Keeper", "soul": {"skills": ["SQL"], "expertise": ["indexes"]}},
            "Keeper; skills: SQL, indexes",
        ),
        ({"soul": {"skills": ["SQL"]}}, "skills: SQL"),
        (
            {"short_description": "x" * 900, "soul": {"skills": ["SQL"]}},
            f"{'x' * 156} ...; skills: SQL",
        ),
        ({}, ""),
    ],
)
def test_what_a_teammate_is_good_at_is_told_to_whoever_gives_it_work(
    home: Path, fields: dict[str, Any], said: str
) -> None:
    hire(home, "boss")
    hire(home, "keeper", **reading("boss"), **fields)
    roster = Folder(home).read()
    assert mates(roster.resumes["boss"], roster) == {"keeper": said}


def small_boss(home: Path, **fields: Any) -> None:
    hire(home, "boss", craft="plan", model="m-1.5b")
    hire(home, "dev", craft="code", **reading("boss", **fields))
    hire(home, "tester", short_description="Writes tests.", **reading("boss"))


async def planned(home: Path, text: str, *said: str) -> list[str]:
    """Return what a task of the boss is handed out as; its model says these, one at a question."""
    answers = list(said)

    def rule(request: Any) -> str:
        assert "part of this task" not in request.messages[-1].text
        return answers.pop(0) if answers else "done"

    team = office(home, rule)
    await team.add_credits("boss", 10_000_000)
    await team.submit(text, "boss")
    await team.tick()
    assert not answers
    whole, *rest = await team.latest_tasks()
    return [f"{j.agent}: {j.text}" for j in reversed([whole, *rest]) if j.parent] or [
        f"{whole.state}: {whole.result or whole.reason}"
    ]


async def test_who_has_a_small_model_hands_out_by_words_and_asks_nothing(home: Path) -> None:
    small_boss(home, repositories=["."])
    assert await planned(home, "Cache the results") == ["dev: Cache the results"]
    text = "For 1.2:\n- write tests for slugify\n- Cache the results"
    assert await planned(home, text) == [
        "tester: write tests for slugify",
        "dev: Cache the results",
    ]


async def test_where_words_say_nothing_a_small_model_is_asked_who(home: Path) -> None:
    small_boss(home)
    text = "- write tests for slugify\n- Cache the results"
    answer = json.dumps({"part_2": "tester"})
    assert await planned(home, text, answer) == [
        "tester: write tests for slugify",
        "tester: Cache the results",
    ]


async def test_code_goes_to_nobody_without_a_repository(home: Path) -> None:
    hire(home, "boss", craft="plan", model="m-1.5b")
    hire(home, "dev", craft="code", **reading("boss"))
    [said] = await planned(home, "Cache the results")
    assert said.startswith("failed: ") and "no repository" in said


async def test_a_plan_that_a_crash_cut_off_is_carried_out_to_its_end(home: Path) -> None:
    hire(home, "boss", craft="plan", model="m-32b")
    hire(home, "dev", **reading("boss"))
    hire(home, "writer", **reading("boss"))
    plans = [
        [{"to": "dev", "text": "write add()"}, {"to": "writer", "text": "describe add()"}],
        [{"to": "dev", "text": "now in other words"}],
        [{"to": "dev", "text": "and in others still"}],
    ]
    store = memory()
    team = office(home, lambda _: json.dumps({"tasks": plans.pop(0)}), store)
    await team.add_credits("boss", 10_000_000)
    await team.submit("we need add()", "boss")
    crew, add = team.engine.turns.crew, store.queue.add

    async def dies(job: Job, /, *, key: str = "") -> Job:
        if job.agent == "writer":
            raise asyncio.CancelledError
        return await add(job, key=key)

    job = await store.claims.claim("dead", 0.0, ("boss",))
    assert job is not None
    store.queue.add = dies
    with pytest.raises(asyncio.CancelledError):
        await crew.work(job, _hold)
    store.queue.add = add
    for _ in range(2):
        # The second time, a crash cut off the report.
        job = await store.claims.claim("alive", 0.0, ("boss",))
        assert job is not None
        ended = await crew._craft(job, *_seen(team), _hold)
        assert ended.ended.text == "#2 for dev: write add()\n#3 for writer: describe add()"
    assert [j.text for j in await team.tasks()][1:] == ["write add()", "describe add()"]


def _seen(team: Team) -> tuple[Resume, Roster]:
    roster = team.engine.folder.read()
    return roster.resumes["boss"], roster


async def test_the_bell_rings_for_what_agents_file(home: Path) -> None:
    hire(home, "boss", craft="plan", model="m-32b")
    hire(home, "dev", **reading("boss"))
    hire(home, "writer", **reading("dev"))
    plan = json.dumps({"tasks": [{"to": "dev", "text": "write add()"}]})
    choices = {"boss": plan, "dev": act("task", "writer", "describe add()")}
    bell = LocalBell()
    team = office(home, lambda r: choices[asked(r)], bell=bell)
    await team.add_credits("boss", 10_000_000)
    await team.submit("we need add()", "boss")
    assert await bell.wait(["boss"], 0.01)
    await team.tick()
    assert await bell.wait(["dev"], 0.01)
    await team.add_credits("dev", 10_000_000)
    await team.send("dev", "how is it done?")
    await team.tick()
    assert await bell.wait(["writer"], 0.01)
    await team.move((await team.tasks("writer"))[0].id, "boss")
    assert await bell.wait(["boss"], 0.01)
    assert not await bell.wait((), 0.01), "nobody else"


async def test_a_word_rings_for_whoever_has_the_task_now(home: Path) -> None:
    hire(home, "dev")
    hire(home, "tester")
    bell, store = LocalBell(), memory()
    team = office(home, lambda _: act("nothing"), store, bell)
    job = await store.queue.add(Job(agent="dev", group="dev", state="waiting"))
    push = Approval(agent="dev", act="push", digest="d", task=job.id)
    asked_for = await store.approvals.ask(push, 60)
    await team.move(job.id, "tester")
    assert not await bell.wait((), 0.01), "it still waits"
    await team.approve(asked_for.id)
    assert await bell.wait(["tester"], 0.01)
    assert not await bell.wait((), 0.01)
