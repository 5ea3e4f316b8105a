"""A turn that asks a person, and the answers that come."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from samovar.core.errors import SetupError
from samovar.core.message import Request
from samovar.org.kit import Worked
from samovar.org.seams import Approval, Ended, Job
from samovar.store.clock import Clock
from samovar.store.store import memory

from .conftest import act, hire, office


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
