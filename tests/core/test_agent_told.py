"""What a model is told between its answers: of mistakes, tools, facts and a full context."""

from dataclasses import replace as swapped

import pytest
from plain import BEGAN, Desk, agent, call, results, run, start, told, words

from samovar.core.context import clipped
from samovar.core.errors import ModelError
from samovar.core.message import Message, Reply, Request
from samovar.core.rules import Broker
from samovar.core.talk import Heard, Looked, Offered, Stopped, Talk, Told, replay
from samovar.core.tool import Call, tool
from samovar.models.scripted import Rules as Answering
from samovar.models.scripted import Scripted


async def test_going_in_circles_is_answered_with_one_nudge_and_then_with_the_end():
    model = Answering(lambda r: call("read_file", path="a.py"))
    log = await run(agent(model))
    nudges = [e for e in log if isinstance(e, Told)]
    assert len(nudges) == 1 and nudges[0].kind == "nudge"
    assert "3 times" in nudges[0].text
    assert isinstance(log[-1], Stopped) and log[-1].end == "stuck"
    assert len(results(log)) == 4


async def test_a_nudge_may_help():
    def answer(request: Request) -> str:
        stuck = "Do something else" in request.messages[-1].text
        return "The file is fine." if stuck else call("read_file", path="a.py")

    log = await run(agent(Answering(answer)))
    assert log[-1] == Stopped(end="answered")


async def test_wrong_arguments_are_answered_with_a_correct_example():
    model = Scripted([call("read_file", file="a.py"), call("read_file", path="a.py"), "One line."])
    log = await run(agent(model))
    assert "`file`" in results(log)[0] and '{"path":"a.py"}' in results(log)[0]
    assert log[-1] == Stopped(end="answered")


async def test_a_mistake_in_a_tool_ends_neither_turn_nor_conversation():
    class Odd(Exception):
        """A kind nobody knows."""

    async def look(path: str) -> str:
        """Look."""
        raise Odd(path)

    both = "\n".join(call("look", path=p) for p in ("a", "b"))
    model = Scripted([both, "It cannot be seen."])
    made = swapped(agent(model), tools=lambda: (tool(look, "read", {"path": "a"}),))
    log = await run(made)
    assert [t.partition(";")[0] for t in results(log)] == [
        "a mistake in samovar, Odd: a",
        "a mistake in samovar, Odd: b",
    ]
    assert replay(log).answer == "It cannot be seen." and log[-1] == Stopped(end="answered")


async def test_an_unknown_tool_is_answered_with_those_there_are():
    model = Scripted([call("open_file", path="a.py"), "I cannot."])
    log = await run(agent(model))
    assert results(log)[0].startswith("there is no tool 'open_file'; use one of: read_file")


async def test_a_call_in_a_format_never_seen_gets_one_precise_line():
    model = Scripted(['<invoke name="x"/>', call("read_file", path="a.py"), "One line."])
    log = await run(agent(model))
    assert "write a call as CALL" in told(model, 1)
    assert log[-1] == Stopped(end="answered")


async def test_a_format_that_never_gets_right_ends_with_the_work_kept():
    desk = Desk()
    answers = [call("write_file", path="a.py", text="x"), *['<invoke name="x"/>'] * 9]
    log = await run(agent(Scripted(answers), desk))
    assert isinstance(log[-1], Stopped) and log[-1].end == "stuck"
    assert desk.files == {"a.py": "x"}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(text="  \n"), "empty"),
        (Reply(text="word " * 9, finish="length"), "cut"),
        (Reply(text="ha ha ha", finish="repetition"), "repeated"),
        (Reply(text="Let me look at the file."), "called no tool"),
    ],
)
async def test_an_answer_that_is_no_end_is_sent_back(reply, said):
    model = Scripted([reply, "All is well."])
    log = await run(agent(model))
    assert said in told(model)
    assert replay(log).answer == "All is well."


async def test_a_model_that_asks_a_second_time_draws_otherwise():
    model = Scripted(["", "", "Well."])
    await run(agent(model))
    heat = [r.sampling.temperature for r in model.asked]
    assert heat == sorted(set(heat)) and len({r.sampling.seed for r in model.asked}) == 3


async def test_a_model_that_fails_ends_the_turn_with_its_words():
    desk = Desk()
    answers = [
        call("write_file", path="a.py", text="x"),
        ModelError("the server is gone: start it"),
    ]
    log = await run(agent(Scripted(answers), desk))
    assert log[-1] == Stopped(end="model", why="the server is gone: start it")
    assert desk.files == {"a.py": "x"}


async def test_where_no_word_is_known_the_model_names_the_tool_it_wants():
    model = Scripted(["Potrzebuję `fetch`.", call("fetch", url="https://a.example"), "Gotowe."])
    log = await run(agent(model, shown=2), start("przynieś stronę, zapisz ją"))
    first, then = (e for e in log if isinstance(e, Offered))
    assert "fetch" in first.more and set(first.more).isdisjoint(first.tools)
    assert f"answer with its name in `back quotes`: {', '.join(first.more)}\n" in told(model, 0)
    assert "fetch" in then.tools and len(then.tools) == 2
    assert "now you are shown fetch: call it" in told(model, 1)
    assert replay(log).answer == "Gotowe."


async def test_where_a_word_is_known_no_further_tools_are_named():
    model = Scripted(["It says `fetch` somewhere."])
    log = await run(agent(model, shown=2))
    assert [e.more for e in log if isinstance(e, Offered)] == [()]
    assert "further tools" not in told(model) and log[-1] == Stopped(end="answered")


async def test_facts_stand_there_once_until_something_was_done():
    count = iter(range(9))

    async def look() -> Looked:
        return Looked(facts=f"changed: {next(count)} files")

    answers = [call("read_file", path="a.py"), call("shell", command="touch c"), "Done."]
    model = Scripted(answers)
    await run(swapped(agent(model), look=look))
    assert told(model, 1).count("Facts:") == 1
    assert told(model, 2).count("Facts:") == 2 and "changed: 1 files" in told(model, 2)


async def test_a_small_model_sees_few_tools_and_may_call_any():
    model = Scripted([call("fetch", url="https://example.org"), "Done."])
    made = agent(model, shown=2)
    log = await run(swapped(made, broker=Broker(ask=_yes)), start("read the file a.py"))
    assert replay(log).offered[0] == "read_file" and len(replay(log).offered) == 2
    assert "fetch" not in told(model, 0)
    assert results(log) == ["a page"]


async def _yes(_call: Call, _why: str) -> bool:
    return True


async def test_the_offer_follows_the_task():
    model = Scripted(["Done.", "Done."])
    made = agent(model, shown=2)
    log = await run(made, start("read the file a.py"))
    log = await run(made, [*log, Heard(text="fetch https://example.org with fetch")])
    assert "fetch" in replay(log).offered
    first, second = (r.messages for r in model.asked)
    assert second[: len(first)] == first, "the front of the prompt stays for the prefix cache"


async def test_a_message_that_cannot_fit_is_refused_and_the_conversation_lives():
    model = Scripted(["Hello."])
    made = agent(model, context=1000, reply=200)
    log = await run(made, start("word " * 4000))
    assert isinstance(log[-1], Stopped) and log[-1].end == "context"
    assert "put the material into a file" in log[-1].why and model.asked == []
    log = await run(made, [*log, Heard(text="hello")])
    assert log[-1] == Stopped(end="answered")


async def test_a_full_context_goes_on_in_a_fresh_one_and_is_noted():
    noted: list[str] = []

    async def note(text: str) -> None:
        noted.append(text)

    model = Answering(lambda r: "A long answer. " + "word " * 120)
    made = swapped(agent(model, context=1200, reply=200), note=note)
    log: list[Talk] = [BEGAN]
    for n in range(12):
        log = await run(made, [*log, Heard(text=f"question {n}")])
    assert replay(log).contexts > 1 and len(noted) == replay(log).contexts - 1
    assert "- asked: question" in noted[0]
    assert all(words(r.messages) <= 1000 for r in model.asked)
    assert all(f"question {n}" in r.messages[-1].text for n, r in enumerate(model.asked))


def test_a_long_result_is_cut_visibly():
    text = "".join(f"line {n}\n" for n in range(1000))
    cut = clipped(text, 200, words)
    assert words([Message("user", cut)]) <= 200
    assert cut.startswith("line 0\n") and cut.endswith("line 999\n")
    assert "characters are left out here" in cut
    assert clipped("short", 200, words) == "short"


async def test_an_offer_stays_for_a_turn_unless_the_model_speaks_of_another_tool():
    answers = [
        call("read_file", path="a.py"),
        call("shell", command="run the fetch of all"),
        "I would need the fetch tool.\n" + call("read_file", path="b.py"),
        "Done.",
    ]
    made = agent(Scripted(answers), shown=2)
    log = await run(made, start("read a.py and run it"))
    offers = [e.tools for e in log if isinstance(e, Offered)]
    assert len(offers) == 2
    assert "fetch" not in offers[0] and "fetch" in offers[1]
