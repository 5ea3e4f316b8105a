"""Going on with an earlier conversation: whose it is decides what its agent may do."""

import pytest
from actions import call, reply
from msgspec.structs import replace

from samovar.app import App, onward
from samovar.companion.companion import earlier
from samovar.core.errors import SetupError
from samovar.core.log import JsonlLog
from samovar.org.resume import Permissions, Resume

from .conftest import events

WRITER = Resume(name="writer", instructions="Write.", permissions=Permissions(tools=("memory",)))


async def test_a_conversation_goes_on_with_its_own_agent_only(sit):
    first = await sit(reply("Hello."), agent="writer", resume=WRITER)
    await events(first, "hello")
    first.close()
    other = await sit(call("shell", command="id"))
    with pytest.raises(
        SetupError,
        match=rf"of writer; go on with: samovar chat --agent writer --resume {first.run}",
    ):
        await other.resume(first.run)
    assert other.run == "" and other.talk.began is None
    assert earlier(other.seat) == []
    again = await sit(agent="writer", resume=WRITER)
    await again.resume(first.run)
    assert [s.run for s in earlier(again.seat)] == [first.run]
    again.close()
    with pytest.raises(SetupError, match="--agent writer"):
        await anext(App(first.seat.home).resume(first.run))


async def test_the_work_on_a_task_of_a_team_is_no_conversation_to_go_on_with(sit):
    talker = await sit(reply("Hello."))
    await events(talker, "hello")
    mine = talker.talk.began
    assert mine is not None and onward(mine) == f"go on with: samovar chat --resume {mine.run}"
    talker.close()
    task = replace(mine, run="task-00003-1-hello", task=3)
    JsonlLog(talker.seat.home / "runs" / task.run / "events.jsonl").append(task)
    assert [s.run for s in earlier(talker.seat)] == [mine.run]
    with pytest.raises(SetupError, match="samovar queue show 3"):
        await talker.resume(task.run)
    assert {s.run: s.state for s in App(talker.seat.home).runs()} == {
        mine.run: "talk",
        task.run: "task",
    }


async def test_a_run_that_holds_nothing_cannot_go_on(sit):
    talker = await sit()
    log = talker.seat.home / "runs" / "empty" / "events.jsonl"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"")
    with pytest.raises(SetupError, match="has not begun"):
        await anext(App(talker.seat.home).resume("empty"))
