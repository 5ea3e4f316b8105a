"""The verbs of a conversation over a repository."""

import asyncio
import json
import subprocess
from dataclasses import replace as swapped
from typing import Any

import pytest
from actions import call, reply
from unseen import NAMES, hidden

from samovar.app import App
from samovar.companion.companion import LONGEST
from samovar.companion.seat import read_resume
from samovar.core.errors import SetupError, ToolError
from samovar.core.event import branch_of
from samovar.core.rules import Rule, Rules
from samovar.core.talk import Began, Continued, Looked, Replied, Started, Stopped, Told, Used
from samovar.models.profile import Profile
from samovar.sandboxes.find import find_sandbox
from samovar.settings import Settings

from .conftest import MEND, events


async def test_half_characters_in_an_answer_do_not_stop_a_conversation(sit):
    written = call("write_file", path="smile.py", text="# \ud83d\ude00 \ud83d\n")
    talker = await sit(written, reply("A smile \ud83d."))
    assert (await events(talker, "write a smile"))[-1] == Stopped(end="answered")
    assert talker.talk.answer == "A smile \ufffd."
    assert "+# \U0001f600 \ufffd" in await talker.diff()


async def test_a_conversation_works_in_a_copy_until_it_is_committed(sit, project):
    talker = await sit(call("read_file", path="sums.py"), MEND, reply("A plus belongs there."))
    seen = await events(talker, "mend add in sums.py")
    assert isinstance(seen[0], Began) and isinstance(seen[-1], Stopped)
    assert talker.talk.answer == "A plus belongs there."
    assert "a - b" in (project / "sums.py").read_text()
    assert "+    return a + b" in await talker.diff()
    said = await talker.commit()
    shown = subprocess.run(
        ["git", "show", branch_of(talker.run)], cwd=project, capture_output=True, text=True
    ).stdout
    assert "+    return a + b" in shown and f"Samovar-Run: {talker.run}" in shown
    assert branch_of(talker.run) in said
    assert "a - b" in (project / "sums.py").read_text(), "the person's files stay as they are"
    with pytest.raises(ToolError, match="nothing to commit"):
        await talker.commit()


async def test_a_conversation_is_a_run_and_goes_on_later(sit, project):
    first = await sit(MEND, reply("Mended."))
    await events(first, "mend add")
    run = first.run
    assert [(s.run, s.state) for s in App(first.seat.home).runs()] == [(run, "talk")]
    with pytest.raises(SetupError, match="another process"):
        await (await sit()).resume(run)
    first.close()
    second = await sit(reply("It was a minus."))
    await second.resume(run)
    await events(second, "what was wrong?")
    asked = second.seat.choice.model.asked[0].messages
    assert "mend add" in asked[1].text and "a + b" in asked[2].text
    assert "+    return a + b" in await second.diff()
    await second.commit("fix: add")
    second.close()
    third = await sit()
    await third.resume(run)
    assert await third.diff() == "", "it differs from its last commit no more"


async def test_a_commit_that_a_crash_left_unrecorded_is_found(sit):
    first = await sit(MEND, reply("Mended."))
    await events(first, "mend add")
    await first.commit()
    first.close()
    path = first.seat.home / "runs" / first.run / "events.jsonl"
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[:-2]))
    second = await sit(MEND.replace("a - b", "return"), reply("Again."))
    await second.resume(first.run)
    assert await second.diff() == ""
    assert [json.loads(r)["event"]["type"] for r in path.read_text().splitlines()][-1] == "done"


async def test_a_commit_that_is_broken_off_is_made_and_recorded(sit):
    talker = await sit(MEND, reply("Mended."))
    await events(talker, "mend add")
    assert talker.draft is not None
    begun, make = asyncio.Event(), talker.draft.repo.commit

    async def slowly(deed):
        begun.set()
        await asyncio.sleep(0.1)
        return await make(deed)

    object.__setattr__(talker.draft.repo, "commit", slowly)
    step = asyncio.create_task(talker.commit("fix: add"))
    await begun.wait()
    step.cancel()
    assert "committed" in await step and await talker.diff() == ""
    with pytest.raises(ToolError, match="nothing to commit"):
        await talker.commit()


async def test_undo_takes_back_a_turn_and_tells_the_agent(sit):
    talker = await sit(MEND, reply("Mended."), reply("I see."))
    await events(talker, "mend add")
    assert await talker.undo() == ("sums.py",)
    assert await talker.diff() == "" and await talker.undo() == ()
    await events(talker, "what now?")
    assert "took back your last changes" in talker.seat.choice.model.asked[-1].messages[-1].text


async def test_the_agent_is_told_what_was_taken_back_whatever_the_files_are_called(sit):
    talker = await sit(MEND, reply("Mended."))
    await events(talker, "mend add")
    for name in NAMES:
        (talker.draft.root / name).write_text("x")
    count = len(set(NAMES)) + 1
    assert len(await talker.undo()) == count
    (told,) = [i.text for i in talker.talk.items if isinstance(i, Told)]
    assert told.startswith("the person took back your last changes; as before are: ")
    assert told.endswith(f" and {count - 9} more") and len(told.splitlines()) == 1
    assert [c for c in told if hidden(c)] == [] and "<!--" not in told


async def test_rules_about_paths_hold_for_what_a_search_comes_upon(sit):
    rules = Rules(deny=(Rule(path="sums.*"),))
    look = (call("search", pattern="return"), call("list_files"))
    talker = await sit(*look, reply("ok"), settings=Settings(rules=rules))
    seen = await events(talker, "find what returns a sum")
    found, listed = (e.result.text for e in seen if isinstance(e, Used))
    assert found.startswith("nothing fits") and "1 file left out" in found
    assert "run.sh" in listed and "sums.py" not in listed


async def test_rules_hold_for_every_tool(sit):
    rules = Rules(deny=(Rule(path="secret/**", why="ask Ann"),))
    answers = [call("write_file", path="secret/a", content="x"), call("read_file", path=".env")]
    talker = await sit(*answers, reply("I may not."), settings=Settings(rules=rules))
    seen = await events(talker, "write it")
    texts = [e.result.text for e in seen if isinstance(e, Used)]
    assert "ask Ann" in texts[0] and "secrets" in texts[1]
    assert await talker.diff() == ""


async def test_programs_run_in_the_sandbox_and_are_facts(sit):
    talker = await sit(call("shell", command="id -u; pwd"), reply("Done."))
    seen = await events(talker, "who am I?")
    text = next(e.result.text for e in seen if isinstance(e, Used))
    assert "\n0\n" not in text and "/w" in text
    assert any(isinstance(e, Started) for e in seen)
    told = talker.seat.choice.model.asked[-1].messages[-1].text
    assert 'last run: shell(command="id -u; pwd") exit 0' in told
    assert "no file is changed" in talker.seat.choice.model.asked[0].messages[-1].text


class Watched:
    """A sandbox that counts the sessions that were ended."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.tier = inner, inner.tier
        self.started = self.ended = 0

    async def run(self, command: Any, /) -> Any:
        return await self.inner.run(command)

    async def start(self, command: Any, /) -> Any:
        session = await self.inner.start(command)
        self.started += 1
        end = session.end

        async def counted() -> None:
            self.ended += 1
            await end()

        session.end = counted
        return session


SET = call("python", code="x = 41")
SHOWN = call("python", code="x + 1")
GONE = "[a new session: earlier variables and imports are gone]"


async def test_variables_outlive_another_model_and_no_session_its_conversation(sit, monkeypatch):
    other = await sit(reply("Hello."))
    await events(other, "hello")
    other.close()
    watched = Watched(await find_sandbox())
    answers = (SET, SHOWN, reply("42."), SHOWN, reply("Still 42."))
    talker = await sit(*answers, sandbox=watched)

    async def same(_name: str) -> Any:
        return talker.seat.choice

    monkeypatch.setattr(talker.seat, "switch", same)
    seen = await events(talker, "set x")
    assert [e.result.text for e in seen if isinstance(e, Used)] == ["(no output)", "42"]
    await talker.switch("another")
    seen = await events(talker, "show x")
    assert [e.result.text for e in seen if isinstance(e, Used)] == ["42"]
    assert (watched.started, watched.ended) == (1, 0)
    await talker.resume(other.run)
    assert (watched.started, watched.ended) == (1, 1)


async def test_of_a_conversation_that_goes_on_a_lost_session_is_said(sit):
    first = await sit(SET, reply("Set."))
    await events(first, "set x")
    first.close()
    second = await sit(SHOWN, SET, reply("It is gone."))
    await second.resume(first.run)
    lost, again = [e.result for e in await events(second, "show x") if isinstance(e, Used)]
    assert lost.text.startswith(GONE) and "NameError" in lost.text
    assert again.text == "(no output)"


async def test_what_cannot_go_on_says_why(sit, project):
    talker = await sit()
    with pytest.raises(SetupError, match="no conversation"):
        await talker.resume("../../etc")
    with pytest.raises(SetupError, match="put the material into a file"):
        await events(talker, "x" * (LONGEST + 1))
    assert talker.run == "" and talker.stop() == []
    with pytest.raises(
        SetupError, match=r"no agent is called 'bob' in .*'samovar bootstrap' in this"
    ):
        read_resume(talker.seat.home, "bob")


async def test_two_answers_of_a_model_are_counted(sit):
    talker = await sit(MEND, reply("Mended."))
    seen = await events(talker, "mend")
    assert sum(isinstance(e, Replied) for e in seen) == 2
    assert talker.talk.usage.generated > 0


async def test_a_file_that_is_named_is_read_at_once(sit):
    talker = await sit(reply("It subtracts."), reply("As I said."), reply("No."))
    seen = await events(talker, "what does sums.py do?")
    assert [e.result.call.arguments for e in seen if isinstance(e, Used)] == [{"path": "sums.py"}]
    assert "return a - b" in talker.seat.choice.model.asked[0].messages[-1].text
    again = await events(talker, "is sums.py right?")
    assert not any(isinstance(e, Used) for e in again), "it stands there already"
    hidden = await events(talker, "and what is in blob.bin?")
    assert [e.result.ok for e in hidden if isinstance(e, Used)] == [False]


async def test_an_agent_that_says_what_is_not_so_is_told_once(sit):
    talker = await sit(reply("I fixed it."), reply("It is not done: I cannot."))
    await events(talker, "fix add in sums.py")
    assert talker.talk.answer == "It is not done: I cannot."
    assert "no file is changed" in talker.seat.choice.model.asked[1].messages[-1].text
    stubborn = await sit(reply("I fixed it."), reply("I fixed it, really."))
    await events(stubborn, "fix add in sums.py")
    assert stubborn.talk.answer == "I fixed it, really."


async def test_what_was_run_is_told_in_a_fresh_context(sit):
    talker = await sit(call("shell", command="echo tea"), *[reply("Seen.")] * 12)
    await events(talker, "run echo tea")
    talker.seat.choice = swapped(talker.seat.choice, profile=Profile(context=4096))
    seen = []
    while not any(isinstance(event, Continued) for event in seen):
        seen = await events(talker, f"look at this: {'tea ' * 900}")
    seen = await events(talker, "what was run?")
    (facts,) = [e.facts for e in seen if isinstance(e, Looked)]
    assert 'last run: shell(command="echo tea") exit 0' in facts
    assert not any(isinstance(i, Used) for i in talker.talk.items), "the call itself is gone"
