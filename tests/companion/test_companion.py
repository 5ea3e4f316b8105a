"""The verbs of a conversation over a repository."""

import asyncio
import json
import subprocess
import venv
from dataclasses import replace as swapped
from typing import Any

import pytest
from msgspec.structs import replace
from unseen import NAMES, hidden

from samovar.app import App
from samovar.companion.companion import LONGEST
from samovar.companion.seat import read_resume
from samovar.core.errors import SetupError, ToolError, Unreachable
from samovar.core.event import branch_of
from samovar.core.message import Reply
from samovar.core.rules import Rule, Rules
from samovar.core.talk import (
    Began,
    Continued,
    Looked,
    Offered,
    Replied,
    Started,
    Stopped,
    Told,
    Used,
)
from samovar.memory.notebook import Notebook
from samovar.models.profile import Profile
from samovar.org.credits import CREDIT, Prices, Tariff
from samovar.org.purse import Purse
from samovar.org.resume import Limits, Permissions, Resume, Soul
from samovar.sandboxes.find import find_sandbox
from samovar.settings import Settings
from samovar.store.store import memory


def call(name: str, /, **arguments: Any) -> str:
    """Return a call as the dialect of actions writes it."""
    return json.dumps({"tool": name, "arguments": arguments})


def reply(text: str) -> str:
    return call("reply", text=text)


MEND = call("edit_text", path="sums.py", search="a - b", replace="a + b")


async def events(talker, text: str) -> list[Any]:
    return [entry.event async for entry in talker.say(text)]


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


async def test_a_small_model_sees_five_tools(sit):
    talker = await sit(reply("Hello."))
    seen = await events(talker, "hello")
    offer = next(e for e in seen if isinstance(e, Offered))
    assert len(offer.tools) == 5
    assert {t.name for t in await talker.tools()} >= {
        "read_file",
        "memory",
        "notebook",
        "promote_skill",
    }


async def test_a_promoted_skill_is_a_tool_at_once(sit):
    code = (
        "def double(x: int) -> int:\n"
        '    """Double a number."""\n'
        "    return 2 * x\n\n\n"
        "def test_double():\n    assert double(2) == 4\n"
    )
    talker = await sit(
        call("write_file", path="double.py", content=code),
        call("promote_skill", file_path="double.py", function_name="double"),
        call("double", x=21),
        reply("42."),
    )
    seen = await events(talker, "make a tool that doubles")
    results = [e.result for e in seen if isinstance(e, Used)]
    assert [r.ok for r in results] == [True, True, True], results
    assert results[-1].text == "42"


async def test_a_skill_runs_on_the_projects_own_python(sit, project):
    venv.create(project / ".venv", symlinks=True)
    (site,) = (project / ".venv" / "lib").glob("python*/site-packages")
    (site / "treasure.py").write_text("COUNT = 7\n")
    code = (
        "import treasure\n\n\n"
        "def chests() -> int:\n"
        '    """Count the chests."""\n'
        "    return treasure.COUNT\n\n\n"
        "def test_chests():\n    assert chests() == 7\n"
    )
    talker = await sit(
        call("write_file", path="chests.py", content=code),
        call("promote_skill", file_path="chests.py", function_name="chests"),
        call("chests"),
        reply("7."),
    )
    results = [e.result for e in await events(talker, "count chests") if isinstance(e, Used)]
    assert [r.ok for r in results] == [True, True, True], results
    assert results[-1].text == "7"


async def test_an_agent_has_its_own_instructions_tools_and_model(sit, project):
    resume = Resume(
        name="ann",
        title="Keeper of the database",
        short_description="Answers for the tables.",
        workflow_description="First the schema, then the data.",
        instructions="You mend nothing.",
        permissions=Permissions(tools=("read_file", "tool1")),
        soul=Soul(personality="calm", skills=("SQL",), expertise=("indexes",)),
    )
    mates = {"bob": "Mends things."}
    talker = await sit(reply("Well."), agent="ann", resume=resume, mates=mates)
    await events(talker, "hello")
    assert [t.name for t in await talker.tools()] == ["read_file"]
    told = talker.seat.choice.model.asked[0].messages[0].text
    assert told.startswith("You are ann, Keeper of the database, ")
    who = "Answers for the tables.,First the schema,calm,SQL,indexes,You mend nothing.,- bob: Mends"
    assert [part for part in who.split(",") if part not in told] == []
    assert "Never say that something was done" in told, "what everybody is told comes after"


async def test_the_plan_is_in_the_prompt(sit):
    talker = await sit(reply("Well."))
    talker.seat.home.mkdir(exist_ok=True)
    talker.seat.project.path.write_text("# Shop\n\nPhase: planning\n\n## Tasks\n\n- [ ] mend add\n")
    Notebook(talker.seat.home).add("the tests take 4 s", "ada")
    await events(talker, "hello")
    told = talker.seat.choice.model.asked[0].messages[-1].text
    assert "Next: 1. mend add\nLast noted by ada: the tests take 4 s" in told


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


async def test_a_resume_bounds_the_answers_and_names_the_models_to_fall_back_on(
    sit, project, tmp_path, monkeypatch
):
    tried: list[str] = []
    talker = await sit(reply("Hello."))
    made = talker.seat.choice

    async def choose(_settings, _home, _stack, name, *_rest):
        tried.append(name)
        if name != "spare":
            raise Unreachable(f"no model answers at {name}")
        return made

    monkeypatch.setattr("samovar.companion.seat.choose_model", choose)
    resume = Resume(
        name="ada", instructions="Be kind.", model="big", fallback_models=("mid", "spare")
    )
    talker.seat.resume = replace(resume, limits=Limits(reply=77))
    talker.seat.choice = None
    await events(talker, "hello")
    assert tried == ["big", "mid", "spare"]
    assert made.model.asked[0].limit == 154
    with pytest.raises(Unreachable, match="at other"):
        await talker.switch("other")
    assert tried[3:] == ["other"], "a model that a person names is not replaced"


@pytest.mark.parametrize(
    ("set_to", "drawn"), [(None, [0.2, 0.45]), (0.7, [0.7, 0.9]), (1.2, [1.2, 1.2]), (0, [0, 0.25])]
)
async def test_answers_are_drawn_at_the_temperature_of_the_settings(sit, set_to, drawn):
    settings = Settings() if set_to is None else Settings(temperature=set_to)
    talker = await sit(call("no_such_tool"), reply("Hello."), settings=settings)
    await events(talker, "hello")
    asked = talker.seat.choice.model.asked
    assert [r.sampling.temperature for r in asked] == pytest.approx(drawn)


@pytest.mark.parametrize(
    ("limit", "end"), [({"steps": 2}, "steps"), ({"turn_seconds": 500}, "seconds")]
)
async def test_a_turn_ends_at_the_limits_of_the_settings(sit, limit, end):
    looks = [call("search", pattern=f"add{n}") for n in range(3)]
    answers = [Reply(text=look, seconds=400) for look in looks]
    talker = await sit(*answers, settings=Settings(**limit))
    *_, last = await events(talker, "look around")
    assert isinstance(last, Stopped) and last.end == end
    assert len(talker.seat.choice.model.asked) == 2
    assert talker.seat.limits().steps == limit.get("steps", 20)


DEAR = Prices(tariffs={"scripted": Tariff(call=CREDIT, prompt=0, cached=0, generated=0)})


async def paying(credits: int) -> Purse:
    """Return a purse in which ada has so many credits; each answer costs one."""
    store = memory()
    await store.ledger.grant("ada", credits * CREDIT, by="person:ann")
    return Purse(store.ledger, lambda: DEAR)


async def test_an_agent_of_a_team_pays_for_what_it_says_in_a_conversation(sit):
    purse = await paying(10)
    talker = await sit(MEND, reply("Mended."), agent="ada", purse=purse)
    await events(talker, "mend")
    assert talker.talk.credits == 2 * CREDIT
    _, *lines = await purse.ledger.entries("ada")
    told = [(e.amount, e.run, e.model, e.note) for e in lines]
    assert told == [(-CREDIT, talker.run, "scripted", "chat")] * 2


async def test_a_turn_ends_at_its_limit_of_credits(sit):
    looks = [call("search", pattern=f"add{n}") for n in range(3)]
    talker = await sit(
        *looks, agent="ada", purse=await paying(10), settings=Settings(turn_credits=2)
    )
    *_, last = await events(talker, "look around")
    assert last.end == "credits" and "the limit of 2 credits is reached" in last.why
    assert len(talker.seat.choice.model.asked) == 2


async def test_without_credits_a_turn_ends_and_goes_on_once_there_are_some(sit):
    purse = await paying(1)
    talker = await sit(MEND, reply("Mended."), agent="ada", purse=purse)
    *_, last = await events(talker, "mend")
    assert isinstance(last, Stopped) and last.end == "credits"
    assert "samovar credits add ada" in last.why and "+    return a + b" in await talker.diff()
    assert len(talker.seat.choice.model.asked) == 1, "without credits there is no call"
    await purse.ledger.grant("ada", CREDIT, by="person:ann")
    *_, last = await events(talker, "go on")
    assert last.end == "answered" and talker.talk.turns == 2


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
