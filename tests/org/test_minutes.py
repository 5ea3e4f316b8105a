"""What agents without tools are asked and answer for a task can be read as a run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from samovar.core.errors import ModelError
from samovar.core.log import JsonlLog, read
from samovar.core.message import Message, Reply, Request, Usage
from samovar.core.talk import Began, Heard, Replied, Stopped, Talk, Told
from samovar.org.kept import Kept, keep, kept
from samovar.org.minutes import Minutes
from samovar.org.seams import Job, NoCredit

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
    hire(home, "boss", craft="plan")
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


async def test_a_model_that_fails_ends_the_run_with_its_reason(home: Path) -> None:
    hire(home, "writer")
    team = office(home, failing(ModelError("the server is gone")))
    await team.submit("write", "writer")
    await team.engine.tick()
    [task] = await team.tasks("writer")
    last = said(home, kept(home, task.id).run)[-1]
    assert last == Stopped(end="model", why="the server is gone")


async def test_empty_credits_end_the_run_as_such(home: Path) -> None:
    hire(home, "writer")
    team = office(home, failing(NoCredit("writer has no credits left")))
    await team.submit("write", "writer")
    await team.engine.tick()
    [task] = await team.tasks("writer")
    assert said(home, kept(home, task.id).run)[-1].end == "credits"


class Tea:
    async def reply(self, _request: Request, /) -> Reply:
        return Reply(text="tea")


def _question() -> tuple[Message, Message]:
    return Message("system", "You are the writer."), Message("user", "write")


def take(home: Path) -> Minutes:
    return Minutes(home, JOB, "tiny", lambda _usage, _seconds: 0)


def test_minutes_that_a_crash_cut_off_are_closed_and_taken_anew(home: Path) -> None:
    cut = "task-00001-1-write-about-tea"
    left: tuple[Talk, ...] = (Began(run=cut, agent="writer", task=1), Heard(text="write"))
    log = JsonlLog(home / "runs" / cut / "events.jsonl")
    for event in left:
        log.append(event)
    keep(home, 1, Kept(cut))
    with take(home).taken(Tea(), _question()):
        pass
    assert said(home, cut)[-1] == Stopped(end="interrupted", why="broken off; asked anew")
    slip = kept(home, 1)
    assert (slip.run, slip.before) == (f"{cut}-2", (cut,))


def test_a_conversation_with_tools_of_the_same_task_is_left_alone(home: Path) -> None:
    run = "task-00001-1-write-about-tea"
    log = JsonlLog(home / "runs" / run / "events.jsonl")
    log.append(Began(run=run, agent="writer", task=1))
    log.append(Heard(text="look"))
    keep(home, 1, Kept(run, "writer"))
    with take(home).taken(Tea(), _question()):
        pass
    assert len(said(home, run)) == 2
