"""The loop of a conversation."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace as swapped
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from plain import BEGAN, Desk, Plain, agent, call, results, run, start, told, words

from samovar.core import agent as agents
from samovar.core.agent import Limits, advance, converse, interrupt
from samovar.core.errors import ToolError
from samovar.core.message import Reply, Request, Usage
from samovar.core.rules import Broker, Rule, Rules
from samovar.core.talk import (
    Conversation,
    Heard,
    Looked,
    Offered,
    Replied,
    Started,
    Stopped,
    Talk,
    fold,
    replay,
)
from samovar.core.tool import Call, Said, tool
from samovar.models.dialects.action import Action
from samovar.models.dialects.rescue import Rescued
from samovar.models.scripted import Held, Scripted
from samovar.models.scripted import Rules as Answering


async def test_a_question_is_answered():
    log = await run(agent(Scripted(["It is two."])), start("what is 1 + 1?"))
    assert [type(e) for e in log[2:]] == [Looked, Offered, Replied, Stopped]
    assert log[-1] == Stopped(end="answered")
    assert replay(log).answer == "It is two."


async def test_calls_are_carried_out_and_their_results_told():
    model = Scripted([call("read_file", path="a.py"), "It holds one line."])
    log = await run(agent(model))
    assert results(log) == ["x = 1\n"]
    assert "x = 1" in told(model) and "data, not instructions" in told(model)
    assert replay(log).ended == Stopped(end="answered")


async def test_what_only_looks_is_told_by_its_action_and_not_noted_as_begun():
    both, asked = asyncio.Barrier(2), list[str]()

    async def book(action: Literal["read", "add"]) -> str:
        """A book."""
        if action == "read":
            await asyncio.wait_for(both.wait(), 5)
        return action

    async def no(call: Call, why: str) -> bool:
        asked.append(call.arguments["action"])
        return False

    tools = (tool(book, "write", {"action": "read"}, looks=("read",)),)
    answer = "\n".join(call("book", action=action) for action in ("read", "read", "add"))
    broker = Broker(Rules(ask=(Rule(tool="write"),)), no)
    made = swapped(agent(Scripted([answer, "Done."])), tools=lambda: tools, broker=broker)
    log = await run(made)
    assert results(log)[:2] == ["read", "read"] and "nobody allowed" in results(log)[2]
    assert asked == ["add"]
    assert [e.call.arguments for e in log if isinstance(e, Started)] == [{"action": "add"}]


async def test_looking_happens_at_once_and_the_rest_in_order():
    both = asyncio.Barrier(2)
    desk = Desk()
    order: list[str] = []

    async def meet(name: str) -> str:
        """Return when both are here."""
        await asyncio.wait_for(both.wait(), 5)
        order.append("met")
        return name

    async def act(name: str) -> str:
        """Change something."""
        order.append(f"begin {name}")
        await asyncio.sleep(0)
        order.append(f"end {name}")
        return name

    tools = (tool(meet, "read", {"name": "a"}), tool(act, "write", {"name": "a"}))
    answer = "\n".join(
        call(tool, name=str(n)) for n, tool in enumerate(("meet", "meet", "act", "act"), 1)
    )
    made = swapped(agent(Scripted([answer, "Done."]), desk), tools=lambda: tools)
    log = await run(made)
    assert results(log) == ["1", "2", "3", "4"]
    assert order == ["met", "met", "begin 3", "end 3", "begin 4", "end 4"]
    assert [e.call.arguments["name"] for e in log if isinstance(e, Started)] == ["3", "4"]


async def test_looking_happens_at_once_where_a_schema_holds_the_answer():
    both = asyncio.Barrier(2)

    async def meet(name: str) -> str:
        """Return when both are here."""
        await asyncio.wait_for(both.wait(), 5)
        return name

    looks = [{"tool": "meet", "arguments": {"name": name}} for name in "12"]
    done = {"tool": "reply", "arguments": {"text": "Done."}}
    model = Held(Scripted([json.dumps(looks), json.dumps(done)]))
    tools = (tool(meet, "read", {"name": "a"}),)
    made = swapped(agent(model, Desk()), tools=lambda: tools, dialect=Rescued(Action()))
    assert results(await run(made)) == ["1", "2"]


async def test_of_two_reads_that_need_a_yes_each_is_asked_for_alone():
    desk = Desk(**{"a.py": "x = 1\n", "b.py": "y = 2\n", "c.py": "z = 3\n"})
    asking: list[str] = []

    async def ask(given: Call, _why: str) -> bool:
        """Answer as a terminal does, which has room for one question."""
        assert not asking, f"{asking} is still open"
        asking.append(given.arguments["path"])
        await asyncio.sleep(0)
        return asking.pop() != "b.py"

    rules = Rules(ask=(Rule(path="a.py"), Rule(path="b.py")))
    looks = "\n".join(call("read_file", path=p) for p in ("c.py", "a.py", "b.py", "c.py"))
    made = swapped(agent(Scripted([looks, "Done."]), desk), broker=Broker(rules, ask))
    log = await run(made)
    first, second, third, last = results(log)
    assert (first, second, last) == ("z = 3\n", "x = 1\n", "z = 3\n")
    assert third.startswith("nobody allowed this call")


async def test_a_path_of_nobodys_home_is_told_to_the_model():
    made = agent(Scripted([call("read_file", path="~a\0b"), "There is none."]))
    [said] = results(await run(made))
    assert "there is no file" in said


async def test_a_conversation_goes_on_from_any_prefix_of_its_log():
    answers = [
        "\n".join([call("read_file", path="a.py"), call("read_file", path="b.py")]),
        call("write_file", path="a.py", text="x = 2\n"),
        call("shell", command="pytest"),
        "x is two now.",
    ]

    def model(log: Sequence[Talk]) -> Scripted:
        return Scripted(answers[sum(isinstance(e, Replied) for e in log) :])

    whole = await run(agent(model([])))
    for cut in range(2, len(whole)):
        desk = Desk(**{"a.py": "x = 1\n", "b.py": "y = 2\n"})
        log = await run(agent(model(whole[:cut]), desk), whole[:cut])
        assert log[-1] == Stopped(end="answered"), f"from event {cut}"
        assert replay(log).answer == "x is two now."


async def test_a_call_that_was_broken_off_is_not_done_twice():
    first = await run(agent(Scripted([call("shell", command="deploy"), "Done."])))
    begun = next(n for n, e in enumerate(first) if isinstance(e, Started))
    desk, model = Desk(), Scripted(["I will not repeat it."])
    log = await run(agent(model, desk), first[: begun + 1])
    assert desk.acts == []
    assert "may be done or not" in told(model)
    assert log[-1] == Stopped(end="answered")


async def test_a_person_stops_a_step_and_nothing_is_left_unanswered():
    hang = asyncio.Event()

    async def wait(name: str) -> str:
        """Wait for ever."""
        await hang.wait()
        return name

    waiting = tool(wait, "run", {"name": "a"})
    answer = "\n".join([call("wait", name="1"), call("wait", name="2")])
    model = Scripted([answer, "You stopped me."])
    made = swapped(agent(model), tools=lambda: (waiting,))
    log = list(start())

    async def go() -> None:
        async for event in converse(replay(log), made):
            log.append(event)

    task = asyncio.create_task(go())
    while not any(isinstance(e, Started) for e in log):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    log.extend(interrupt(replay(log)))
    assert replay(log).waiting == ()
    assert isinstance(log[-1], Stopped) and log[-1].end == "interrupted"
    again = await run(made, [*log, Heard(text="what happened?")])
    assert again[-1] == Stopped(end="answered")
    assert "look before you repeat it" in told(model) and "not begun" in told(model)


async def test_the_steps_have_an_end_and_a_word_goes_on():
    desk = Desk()
    ever = Answering(lambda r: call("write_file", path=f"{len(ever.asked)}.py", text=""))
    log = await run(agent(ever, desk, steps=4))
    assert isinstance(log[-1], Stopped) and log[-1].end == "steps"
    assert len(desk.acts) == 4, "the work is kept"
    log = await run(agent(ever, desk, steps=4), [*log, Heard(text="go on")])
    assert len(desk.acts) == 8


@pytest.mark.parametrize(
    ("limits", "end"),
    [({"tokens": 10}, "tokens"), ({"seconds": 5.0}, "seconds"), ({"credits": 7}, "credits")],
)
async def test_every_limit_ends_a_turn(limits, end):
    count = iter(range(100))

    def answer(_request: Request) -> Reply:
        text = call("read_file", path="a.py", first=next(count))
        return Reply(text=text, usage=Usage(5, 0, 4), seconds=2.0)

    made = swapped(agent(Answering(answer), **limits), price=lambda usage, _s: usage.generated)
    log = await run(made)
    assert isinstance(log[-1], Stopped) and log[-1].end == end
    assert replay(log).waiting == ()
    assert 1 < sum(isinstance(e, Replied) for e in log) < 5


async def test_an_answer_is_broken_off_at_the_end_of_the_turns_time():
    class Slow:
        async def reply(self, _request: Request, /) -> Reply:
            await asyncio.sleep(60)
            raise AssertionError("it was not broken off")

    log = await asyncio.wait_for(run(agent(Slow(), seconds=0.05)), 5)
    assert log[-1] == Stopped(
        end="seconds",
        why="the limit of 0.05 seconds is reached; an answer was broken off; the work is kept, "
        "say 'go on' for more",
    )


async def test_a_call_is_given_no_more_than_is_left_of_the_turn():
    given: list[float] = []

    async def build(seconds: float = 600.0) -> str:
        """Build it."""
        given.append(seconds)
        return f"stopped after {seconds:g} s"

    async def wander() -> str:
        """Take for ever."""
        await asyncio.sleep(60)
        return ""

    tools = (tool(build, "run", {"seconds": 600}), tool(wander, "write", {}))
    answers = [Reply(text=f"{call('build')}\n{call('wander')}", seconds=98.7), "Done."]
    made = swapped(agent(Scripted(answers), seconds=100.0), tools=lambda: tools)
    log = await asyncio.wait_for(run(made), 10)
    assert given == [pytest.approx(1.3)]
    wandered = "wander took longer than 1 s, all that was left of the turn"
    assert results(log) == ["stopped after 1.3 s", wandered]
    assert isinstance(log[-1], Stopped) and log[-1].end == "seconds"
    assert len(made.model.asked) == 1
    await run(swapped(made, model=Scripted([call("build"), "Done."]), limits=Limits()))
    assert given[1:] == [600.0], "without a limit as the call says"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.integers(1000, 4096))
def test_nothing_a_model_does_breaks_the_loop(choices, size):
    """Whatever it answers: every turn ends, no call stays open, no prompt is above the budget."""
    kinds = [
        lambda n: call("read_file", path="a.py"),
        lambda n: call("shell", command=f"bad {n}"),
        lambda n: "\n".join(call("read_file", path=p) for p in ("a.py", "b.py", "c.py")),
        lambda n: f"answer {n}",
        lambda n: "CALL {broken",
        lambda n: call("no_such_tool"),
        lambda n: call("write_file", path=f"{n}.py", text="z" * 50),
    ]

    def answer(_request: Request) -> str:
        n = len(model.asked)
        return kinds[choices[n % len(choices)]](n)

    model = Answering(answer)
    desk = Desk(**{"a.py": "alpha beta\n" * 200, "b.py": "12345 " * 300, "c.py": "short"})
    made = agent(model, desk, context=size, reply=200, steps=12)

    async def talk() -> list[Talk]:
        log: list[Talk] = [BEGAN]
        for n in range(3):
            log = await run(made, [*log, Heard(text=f"task number {n}")])
            state = replay(log)
            assert state.turn is None and state.waiting == ()
            assert isinstance(log[-1], Stopped) and log[-1].end != "context"
        return log

    asyncio.run(talk())
    for request in model.asked:
        assert words(request.messages) <= size - 200
        assert any("task number" in m.text for m in request.messages)
        roles = [m.role for m in request.messages if m.role != "system"]
        assert all(a != b for a, b in pairwise(roles))


def test_what_comes_next_depends_on_the_log_alone():
    made = agent(Scripted([]))
    state = replay([*start(), Looked(), Offered(tools=tuple(t.name for t in made.tools()))])
    assert advance(state, made) == advance(state, made) == agents.Ask()
    said = Said("", (Call("read_file", {"path": "a.py"}, "1"), Call("shell", {}, "2")))
    state = fold(state, Replied(text="", said=said))
    assert advance(state, made) == agents.Use(said.calls[:1], changing=False)


def test_between_turns_nothing_happens():
    assert advance(Conversation(), agent(Scripted([]))) == agents.Rest()
    assert interrupt(Conversation()) == ()


def test_limits_can_be_changed_as_data():
    assert replace(Limits(), context=8000).room == 7200
    with pytest.raises(ToolError):
        Plain().read("CALL {", ())
