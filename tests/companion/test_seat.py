"""Who sits in a conversation: an agent's tools, instructions, models, limits and credits."""

import venv

import pytest
from actions import call, reply
from msgspec.structs import replace

from samovar.core.errors import Unreachable
from samovar.core.message import Reply
from samovar.core.talk import Offered, Stopped, Used
from samovar.memory.notebook import Notebook
from samovar.org.credits import CREDIT, Prices, Tariff
from samovar.org.purse import Purse
from samovar.org.resume import Limits, Permissions, Resume, Soul
from samovar.settings import Settings
from samovar.store.store import memory

from .conftest import MEND, events


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
