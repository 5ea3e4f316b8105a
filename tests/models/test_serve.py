"""The model server, asked by the official client, over a scripted server behind it."""

import asyncio
import json

import openai
import pytest

from samovar.core.message import Sampling
from samovar.models.dialects.action import Action
from samovar.models.dialects.hermes import Hermes
from samovar.models.dialects.rescue import Rescued
from samovar.models.discover import discover
from samovar.models.profile import known

from .asking import ACTION, ASKED, LIST, READ, USAGE, client, says
from .asking import post as _post
from .conftest import HEAD, event, piece
from .conftest import end as ending


async def test_a_printed_action_becomes_a_tool_call(serve, open_shop):
    fake = await serve(says(ACTION[:20], ACTION[20:]))
    async with client(await open_shop(fake.endpoint())) as ask:
        answer = await ask.chat.completions.create(model="tiny", messages=ASKED, tools=[READ])
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    (call,) = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == (
        "read_file",
        {"path": "a.py"},
    )
    assert call.id.startswith("call_")
    assert answer.usage.total_tokens == 10
    form = fake.asked[0].fields["response_format"]["json_schema"]
    assert "$ref" not in json.dumps(form)
    assert "read_file" in fake.asked[0].fields["messages"][0]["content"]


@pytest.mark.parametrize(
    "printed",
    [
        '<tool name="read_file">{"path": "a.py"}</tool>',
        '<tool_call>\n{"name": "read_file", "arguments": {"path": "a.py"}}\n</tool_call>',
        'I read it.\n```json\n{"name": "read_file", "arguments": {"path": "a.py"}}\n```',
        'read_file(path="a.py")',
    ],
)
@pytest.mark.parametrize("dialect", [Rescued(Action()), Rescued(Hermes())], ids=str)
async def test_whatever_the_model_printed_becomes_a_tool_call(serve, open_shop, printed, dialect):
    fake = await serve(says(printed))
    async with client(await open_shop(fake.endpoint(), dialect)) as ask:
        answer = await ask.chat.completions.create(model="tiny", messages=ASKED, tools=[READ])
    assert [c.function.arguments for c in answer.choices[0].message.tool_calls] == [
        '{"path": "a.py"}'
    ]


async def test_a_reply_is_text_also_when_tools_are_at_hand(serve, open_shop):
    fake = await serve(says('{"tool": "reply", "arguments": {"text": "Nothing to do."}}'))
    async with client(await open_shop(fake.endpoint())) as ask:
        answer = await ask.chat.completions.create(model="tiny", messages=ASKED, tools=[READ])
    assert answer.choices[0].message.content == "Nothing to do."
    assert answer.choices[0].message.tool_calls is None
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    "said", ["a\ud83d", r'{"tool": "reply", "arguments": {"text": "a\ud83d"}}']
)
async def test_half_a_character_costs_no_answer(serve, open_shop, said):
    more = {"tools": [READ]} if said.startswith("{") else {}
    async with client(await open_shop((await serve(says(said))).endpoint())) as ask:
        answer = await ask.chat.completions.create(model="tiny", messages=ASKED, **more)
    assert answer.choices[0].message.content == "a\ufffd"


@pytest.mark.parametrize("stream", [False, True])
async def test_half_a_character_costs_no_answer_whichever_field_holds_it(serve, open_shop, stream):
    async def behave(heard) -> None:
        token = {"token": "\ud83d", "logprob": -0.5, "top_logprobs": []}
        told = {"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [token]}}
        await heard.send(HEAD + event({"choices": [told]}) + ending())

    body = {"model": "tiny", "messages": ASKED, "logprobs": True, "stream": stream}
    answer = await _post(await open_shop((await serve(behave)).endpoint()), body)
    assert answer.status_code == 200
    assert '"token": "\ufffd"' in answer.text


async def test_a_reply_that_hit_the_limit_keeps_what_was_said(serve, open_shop):
    fake = await serve(says('{"tool": "reply", "arguments": {"text": "Nothing to', finish="length"))
    async with client(await open_shop(fake.endpoint())) as ask:
        answer = await ask.chat.completions.create(model="tiny", messages=ASKED, tools=[READ])
    assert answer.choices[0].message.content == "Nothing to"
    assert answer.choices[0].finish_reason == "length"


async def test_a_call_that_hit_the_limit_is_none(serve, open_shop):
    fake = await serve(says('{"tool": "read_file", "arguments": {"path": "a', finish="length"))
    async with client(await open_shop(fake.endpoint())) as ask:
        answer = await ask.chat.completions.create(
            model="tiny", messages=ASKED, tools=[READ], tool_choice="required"
        )
    assert answer.choices[0].message.tool_calls is None
    assert answer.choices[0].finish_reason == "length"


async def test_the_choice_of_tools_is_honoured(serve, open_shop):
    fake = await serve(says(ACTION))
    async with client(await open_shop(fake.endpoint())) as ask:

        async def offered(choice) -> list[str]:
            await ask.chat.completions.create(
                model="tiny", messages=ASKED, tools=[READ, LIST], tool_choice=choice
            )
            form = fake.asked[-1].fields.get("response_format")
            actions = form["json_schema"]["schema"]["anyOf"] if form else []
            one = [action for action in actions if action["type"] == "object"]
            return [action["properties"]["tool"]["const"] for action in one]

        assert await offered("auto") == ["read_file", "list_files", "reply"]
        assert await offered("required") == ["read_file", "list_files"]
        assert await offered({"type": "function", "function": {"name": "read_file"}}) == [
            "read_file"
        ]
        assert await offered("none") == []
        assert "read_file" not in json.dumps(fake.asked[-1].fields["messages"])


async def test_a_tool_that_must_be_called_but_is_not_is_an_error(serve, open_shop):
    fake = await serve(says("I would rather not."))
    async with client(await open_shop(fake.endpoint())) as ask:
        with pytest.raises(openai.InternalServerError, match="called no tool"):
            await ask.chat.completions.create(
                model="tiny", messages=ASKED, tools=[READ], tool_choice="required"
            )


async def test_calls_and_results_of_the_past_are_told_to_the_model(serve, open_shop):
    fake = await serve(says('{"tool": "reply", "arguments": {"text": "Done."}}'))
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "read_file", "arguments": '{"path": "a.py"}'},
    }
    messages = [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Read"}, {"type": "text", "text": "a.py"}],
        },
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "x = 1"},
        {"role": "user", "content": "And?"},
    ]
    async with client(await open_shop(fake.endpoint())) as ask:
        await ask.chat.completions.create(model="tiny", messages=messages, tools=[READ])
    system, *rest = fake.asked[0].fields["messages"]
    assert system["content"].startswith("Be brief.\n\n")
    assert rest == [
        {"role": "user", "content": "Read\na.py"},
        {"role": "assistant", "content": ACTION},
        {"role": "user", "content": "Result of read_file:\nx = 1\n\nAnd?"},
    ]


async def test_a_wanted_form_holds_for_the_reply_beside_tools(serve, open_shop):
    fake = await serve(says('{"tool": "reply", "arguments": {"text": {"age": 3}}}'))
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    async with client(await open_shop(fake.endpoint())) as ask:
        answer = await ask.chat.completions.create(
            model="tiny", messages=ASKED, tools=[LIST], response_format=form
        )
    assert json.loads(answer.choices[0].message.content) == {"age": 3}
    reply = fake.asked[0].fields["response_format"]["json_schema"]["schema"]["anyOf"][-1]
    assert (
        reply["properties"]["arguments"]["properties"]["text"]["properties"] == schema["properties"]
    )


async def test_what_ends_a_text_does_not_end_a_call(serve, open_shop):
    reply = '{"tool": "reply", "arguments": {"text": "one STOP two"}}'
    fake = await serve(says(reply))
    async with client(await open_shop(fake.endpoint())) as ask:
        answer = await ask.chat.completions.create(
            model="tiny", messages=ASKED, tools=[READ], stop=["STOP"]
        )
    assert answer.choices[0].message.content == "one "
    assert "stop" not in fake.asked[0].fields


async def test_an_answer_always_has_a_limit_and_the_sampling_of_the_model(serve, open_shop):
    fake = await serve(says("yes"))
    port = await open_shop(fake.endpoint(), sampling=Sampling(0.7, 0.8, 20))
    async with client(port) as ask:
        await ask.chat.completions.create(model="tiny", messages=ASKED)
        await ask.chat.completions.create(
            model="tiny", messages=ASKED, temperature=0, max_completion_tokens=5
        )
    first, second = (heard.fields for heard in fake.asked)
    assert (first["max_tokens"], first["temperature"], first["top_k"]) == (4096, 0.7, 20)
    assert (second["max_tokens"], second["temperature"]) == (5, 0)
    assert "top_k" not in second


async def test_requests_at_once_each_get_their_own_answer(serve, open_shop):
    both = asyncio.Event()

    async def behave(heard) -> None:
        text = heard.fields["messages"][-1]["content"]
        await heard.send(HEAD + piece(f"{text}, "))
        if len(fake.asked) == 2:
            both.set()
        await both.wait()
        await heard.send(piece(f"still {text}") + ending())

    fake = await serve(behave)
    port = await open_shop(fake.endpoint())

    async def ask(text: str) -> str:
        body = {"model": "tiny", "messages": [{"role": "user", "content": text}]}
        answer = await _post(port, body)
        return answer.json()["choices"][0]["message"]["content"]

    assert await asyncio.gather(ask("one"), ask("two")) == ["one, still one", "two, still two"]


async def test_models_are_listed(serve, open_shop):
    port = await open_shop((await serve(says(""))).endpoint(), names=frozenset({"other"}))
    async with client(port) as ask:
        assert [m.id async for m in ask.models.list()] == ["tiny"]
        assert (await ask.models.retrieve("other")).id == "tiny"
        with pytest.raises(openai.NotFoundError, match="gpt-9"):
            await ask.models.retrieve("gpt-9")


async def test_who_finds_it_on_this_machine_takes_its_whole_context(serve, open_shop, monkeypatch):
    port = await open_shop((await serve(says(""))).endpoint(), context=16_384)
    monkeypatch.setattr("samovar.models.discover._PORTS", ((port, "vllm"),))
    [found] = await discover()
    assert (found.model, (await known(found)).context) == ("tiny", 16_384)


async def test_texts_are_embedded(serve, open_shop):
    async def behave(heard) -> None:
        rows = [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}]
        await heard.answer(
            200, json.dumps({"object": "list", "data": rows, "usage": USAGE}).encode()
        )

    fake = await serve(behave)
    async with client(await open_shop(fake.endpoint())) as ask:
        answer = await ask.embeddings.create(model="tiny", input="a", encoding_format="float")
        assert answer.data[0].embedding == [0.5, 1.0]
        for wrong in ("", [], ["a", ""]):
            with pytest.raises(openai.BadRequestError, match="none of them empty"):
                await ask.embeddings.create(model="tiny", input=wrong)
        with pytest.raises(openai.BadRequestError, match="leave out dimensions"):
            await ask.embeddings.create(model="tiny", input="a", dimensions=3)
    assert [heard.path for heard in fake.asked] == ["/v1/embeddings"]
