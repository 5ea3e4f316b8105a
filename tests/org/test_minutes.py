"""What agents without tools are asked and answer for a task can be read as a run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from samovar.core.errors import ModelError
from samovar.core.log import JsonlLog, read
from samovar.core.message import Message, Reply, Request, Usage
from samovar.core.talk import Began, Heard, Replied, Stopped, Told
from samovar.org.kept import Kept, keep, kept
from samovar.org.minutes import Minutes, Price
from samovar.org.seams import Hold, Job, NoCredit, Overtaken

from .conftest import hire, office, reading

JOB = Job(id=1, agent="writer", text="Write about tea", fence=1)


def said(home: Path, run: str) -> list[Any]:
    return [entry.event for entry in read(home / "runs" / run / "events.jsonl")]


async def test_a_task_that_is_only_written_leaves_a_run_with_what_was_asked_and_answered(
    home: Path,
) -> None:
    hire(home, "writer", instructions="Write plainly.")
    usage = Usage(prompt=100, generated=20)
    team = office(home, lambda _: Reply(text="Tea is hot.", model="tiny", usage=usage))
    await team.submit("Write about tea", "writer")
    await team.engine.tick()
    [task] = await team.tasks("writer", ("done",))
    run = kept(home, task.id).run
    began, heard, replied, stopped = said(home, run)
    assert (began.run, began.agent, began.task) == (run, "writer", task.id)
    assert "Write plainly." in began.system and began.title == "Write about tea"
    assert "Write about tea" in heard.text
    assert (replied.text, replied.model, replied.usage) == ("Tea is hot.", "tiny", usage)
    charged = (await team.engine.turns.kit.ledger.sums("task"))[str(task.id)]
    assert (replied.credits, stopped) == (charged, Stopped(end="answered"))


async def test_a_plan_whose_first_form_is_wrong_shows_what_was_said_of_it(home: Path) -> None:
    plan = json.dumps({"tasks": [{"to": "writer", "text": "write"}]})
    answers = ["I would ask the writer", plan, "a text"]
    hire(home, "boss", craft="plan", model="m-32b")
    hire(home, "writer", **reading("boss"))
    team = office(home, lambda _: answers.pop(0))
    await team.submit("A page about tea", "boss")
    await team.engine.tick()
    [task] = await team.tasks("boss", ("done",))
    events = said(home, kept(home, task.id).run)
    assert [type(e) for e in events] == [Began, Heard, Replied, Told, Replied, Stopped]
    assert events[3].text.startswith("Not valid: ") and events[4].text == plan


def failing(error: Exception) -> Callable[[Request], Any]:
    def reply(_: Request) -> Any:
        raise error

    return reply


@pytest.mark.parametrize("error", [ModelError("the server is gone"), NoCredit("no credits left")])
async def test_attempts_without_an_answer_are_one_run_with_one_question(
    home: Path, error: Exception
) -> None:
    hire(home, "writer")
    team = office(home, failing(error))
    await team.submit("write", "writer")
    for _ in range(9):
        await team.engine.tick()
    [task] = await team.tasks("writer")
    assert [type(e) for e in said(home, kept(home, task.id).run)] == [Began, Heard]
    assert len(list((home / "runs").iterdir())) == 1


class Tea:
    async def reply(self, _request: Request, /) -> Reply:
        return Reply(text="tea")


async def _holds() -> None:
    return None


async def _lost() -> None:
    raise Overtaken("job 1 is lost")


async def ask(home: Path, hold: Hold = _holds) -> None:
    price: Price = lambda _usage, _seconds: 0  # noqa: E731
    question = Message("system", "You are the writer."), Message("user", "write")
    async with Minutes(home, JOB, "tiny", price, hold).taken(Tea(), question) as model:
        await model.reply(Request(messages=question, limit=9))


def left(home: Path, run: str, agent: str = "writer", task: int = 1) -> None:
    """Leave the log of a run whose turn is open."""
    log = JsonlLog(home / "runs" / run / "events.jsonl")
    log.append(Began(run=run, agent=agent, task=task))
    log.append(Heard(text="write"))


async def test_minutes_that_a_crash_cut_off_go_on(home: Path) -> None:
    left(home, "task-1-x")
    keep(home, 1, Kept("task-1-x"))
    await ask(home)
    assert [type(e) for e in said(home, "task-1-x")] == [Began, Heard, Replied, Stopped]
    assert kept(home, 1) == Kept("task-1-x")


@pytest.mark.parametrize(
    ("slip", "agent", "task"),
    [
        (Kept("other", "writer"), "writer", 1),
        (Kept("other"), "somebody", 1),
        (Kept("other"), "writer", 2),
        (Kept("../runs/other"), "writer", 2),
        (Kept("gone"), "writer", 1),
    ],
    ids=["with tools", "another agent's", "another task's", "outside", "elsewhere"],
)
async def test_a_run_of_another_kind_stays_what_the_task_goes_on_with(
    home: Path, slip: Kept, agent: str, task: int
) -> None:
    left(home, "other", agent, task)
    keep(home, 1, slip)
    await ask(home)
    assert [path.name for path in (home / "runs").iterdir()] == ["other"]
    assert len(said(home, "other")) == 2 and kept(home, 1) == slip


async def test_damaged_minutes_stop_no_task(home: Path) -> None:
    left(home, "task-1-x")
    keep(home, 1, Kept("task-1-x"))
    path = home / "runs" / "task-1-x" / "events.jsonl"
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    await ask(home)
    assert path.read_bytes().startswith(b"nonsense")


async def test_whoever_lost_the_task_writes_nothing_more(home: Path) -> None:
    left(home, "task-1-x")
    keep(home, 1, Kept("task-1-x"))
    with pytest.raises(Overtaken):
        await ask(home, _lost)
    assert [type(e) for e in said(home, "task-1-x")] == [Began, Heard]
