"""The model server, asked by the official client, over a scripted server behind it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import openai
import pytest

from samovar.core.errors import SetupError
from samovar.core.message import Sampling
from samovar.models.dialects.action import Action
from samovar.models.dialects.hermes import Hermes
from samovar.models.dialects.rescue import Rescued
from samovar.models.discover import discover
from samovar.models.embedded import Child
from samovar.models.endpoint import Endpoint
from samovar.models.profile import known
from samovar.models.serve import run
from samovar.models.serve.app import Shop, application
from samovar.models.serve.keeper import Keeper
from samovar.models.serve.upstream import Upstream

from .conftest import HEAD, event, piece
from .conftest import end as ending

READ = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "Read a file.",
        "parameters": {
            "type": "object",
            "properties": {"path": {"$ref": "#/$defs/Path"}, "first": {"type": "integer"}},
            "required": ["path"],
            "$defs": {"Path": {"type": "string"}},
        },
    },
}
LIST = {"type": "function", "function": {"name": "list_files", "description": "List files."}}
ASKED = [{"role": "user", "content": "Read a.py"}]
ACTION = '{"tool": "read_file", "arguments": {"path": "a.py"}}'
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


@asynccontextmanager
async def client(port: int, key: str = "none") -> AsyncIterator[openai.AsyncOpenAI]:
    url = f"http://127.0.0.1:{port}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as made:
        yield made


def says(*pieces: str, finish: str = "stop"):
    async def behave(heard) -> None:
        await heard.say(*pieces, finish=finish, usage=USAGE)

    return behave


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


async def test_calls_come_as_deltas_when_streamed(serve, open_shop):
    fake = await serve(says(ACTION))
    async with client(await open_shop(fake.endpoint())) as ask:
        stream = await ask.chat.completions.create(
            model="tiny",
            messages=ASKED,
            tools=[READ],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    deltas = [c.choices[0].delta for c in chunks if c.choices]
    calls = [call for delta in deltas for call in delta.tool_calls or ()]
    assert calls[0].function.name == "read_file"
    assert calls[0].id
    assert "".join(call.function.arguments for call in calls) == '{"path": "a.py"}'
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "tool_calls"
    assert chunks[-1].usage.total_tokens == 10
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("form", ['{"tool": "reply", "arguments": {"text": "%s"}}', "%s"])
async def test_words_beside_tools_are_streamed_as_they_come(serve, open_shop, form):
    heard_so_far = asyncio.Event()
    begin, end = (form % "One two |three four.").split("|")

    async def behave(heard) -> None:
        await heard.send(HEAD + piece(begin))
        await asyncio.wait_for(heard_so_far.wait(), 5)
        await heard.send(piece(end) + ending())

    fake = await serve(behave)
    async with client(await open_shop(fake.endpoint())) as ask:
        stream = await ask.chat.completions.create(
            model="tiny", messages=ASKED, tools=[READ], stream=True
        )
        deltas = []
        async for chunk in stream:
            deltas.append(chunk.choices[0].delta)
            heard_so_far.set()
    assert [d.content for d in deltas] == ["One two", " three", " four.", None]
    assert [d.role for d in deltas] == ["assistant", None, None, None]
    assert chunk.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    "printed",
    [
        'I read it now.|\n<tool_call>{"name": "read_file", |"arguments": {"path": "a.py"}}',
        'I read it now.|\nread_file|(path="a.py")',
        '{"tool": "reply", "arguments": {"text": "I read it now.\\n|read_file(|path=\'a.py\')"}}',
    ],
)
async def test_a_call_behind_words_is_a_delta_and_no_part_of_it_is_text(serve, open_shop, printed):
    fake = await serve(says(*printed.split("|")))
    async with client(await open_shop(fake.endpoint())) as ask:
        stream = await ask.chat.completions.create(
            model="tiny", messages=ASKED, tools=[READ], stream=True
        )
        deltas = [chunk.choices[0].delta async for chunk in stream]
    assert "".join(d.content or "" for d in deltas) == "I read it now."
    assert str(deltas[0].content).startswith("I read it")
    calls = [call.function for d in deltas for call in d.tool_calls or ()]
    assert [c.name for c in calls if c.name] == ["read_file"]
    assert "".join(c.arguments for c in calls) == '{"path": "a.py"}'


async def test_what_must_be_a_call_streams_no_words(serve, open_shop):
    fake = await serve(says("I would rather ", "talk a while."))
    async with client(await open_shop(fake.endpoint())) as ask:
        stream = await ask.chat.completions.create(
            model="tiny", messages=ASKED, tools=[READ], tool_choice="required", stream=True
        )
        with pytest.raises(openai.APIError, match="called no tool though it had to"):
            async for chunk in stream:
                assert not chunk.choices[0].delta.content


async def test_text_without_tools_is_streamed_as_it_comes(serve, open_shop):
    go = asyncio.Event()

    async def behave(heard) -> None:
        await heard.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        progress = {"choices": [{"index": 0, "delta": {}}], "prompt_progress": {"total": 9}}
        first = {"choices": [{"index": 0, "delta": {"content": "one"}}], "timings": {}}
        await heard.send(
            b"".join(b"data: " + json.dumps(c).encode() + b"\n\n" for c in (progress, first))
        )
        await go.wait()
        await heard.send(
            b'data: {"choices": [{"index": 0, "delta": {"content": " two"}, '
            b'"finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
        )

    fake = await serve(behave)
    async with client(await open_shop(fake.endpoint())) as ask:
        stream = await ask.chat.completions.create(model="tiny", messages=ASKED, stream=True)
        texts = []
        async for chunk in stream:
            texts.append(chunk.choices[0].delta.content)
            assert not chunk.model_extra
            go.set()
    assert texts == ["one", " two"]


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


class Mistaken:
    """A source with a mistake of ours in it."""

    model, forms = "tiny", True

    async def chat(self, _body):
        raise KeyError("half\n\ud83d")
        yield


@pytest.mark.parametrize("stream", [False, True])
async def test_a_mistake_of_ours_has_openais_shape_and_stands_in_the_log(open_shop, caplog, stream):
    port = await open_shop(Mistaken())
    answer = await _post(port, {"model": "tiny", "messages": ASKED, "stream": stream})
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert "made a mistake: KeyError" in answer.json()["error"]["message"]
    [record] = [r for r in caplog.records if r.name == "samovar.models.serve.app"]
    assert isinstance(record.exc_info[1], KeyError)


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
            return [action["properties"]["tool"]["const"] for action in actions]

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


@pytest.mark.parametrize(
    ("fields", "status", "said", "code"),
    [
        ({"model": "gpt-9"}, 404, "this server has 'tiny'", "model_not_found"),
        ({"messages": []}, 400, "at least one message", None),
        ({"messages": [{"role": "cat", "content": "x"}]}, 400, "role must be one of", None),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            400,
            "no images",
            None,
        ),
        ({"tools": [{"type": "function"}]}, 400, "function.name", None),
        ({"tools": {}}, 400, "must be a list", None),
        ({"tool_choice": "required"}, 400, "tool_choice", None),
        ({"tools": [READ], "tool_choice": {"function": {"name": "x"}}}, 400, "not among", None),
        ({"n": 2}, 400, "one answer", None),
        ({"functions": [1]}, 400, "use tools", None),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong(serve, open_shop, fields, status, said, code):
    fake = await serve(says("unasked"))
    port = await open_shop(fake.endpoint())
    answer = await _post(port, {"model": "tiny", "messages": ASKED, **fields})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert said in error["message"]
    assert set(error) == {"message", "type", "param", "code"}
    assert fake.asked == []


SCHEMAS = [
    {"type": 5, "properties": {"a": 3, "b": {"enum": 1, "type": ["x"]}}, "required": 7},
    {"properties": [], "required": [[], {}]},
    {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
    {"anyOf": [], "allOf": [{"$ref": 3}], "oneOf": "x", "items": [True]},
    {"properties": {"$ref": {"type": "string"}, "title": {"items": False}}},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
async def test_a_strange_schema_breaks_nothing(serve, open_shop, schema):
    fake = await serve(says(ACTION))
    tools = [{"type": "function", "function": {"name": "read_file", "parameters": schema}}]
    port = await open_shop(fake.endpoint())
    body = {"model": "tiny", "messages": ASKED, "tools": tools}
    assert (await _post(port, body)).status_code == 200


async def test_a_schema_that_is_nested_too_deep_is_told(serve, open_shop):
    schema: dict = {}
    for _ in range(400):
        schema = {"type": "object", "properties": {"a": schema}}
    tools = [{"type": "function", "function": {"name": "x", "parameters": schema}}]
    port = await open_shop((await serve(says(ACTION))).endpoint())
    answer = await _post(port, {"model": "tiny", "messages": ASKED, "tools": tools})
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b"\xff", b"[" * 10_000])
async def test_a_body_that_is_no_json_object_is_told(serve, open_shop, body):
    port = await open_shop((await serve(says(""))).endpoint())
    answer = await _post(port, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


LONG = {
    "error": {
        "code": 400,
        "message": "request (900 tokens) exceeds the available context size (512 tokens)",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 900,
        "n_ctx": 512,
    }
}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_context_that_is_too_long_is_told_as_openai_tells_it(serve, open_shop, stream):
    async def behave(heard) -> None:
        await heard.answer(400, json.dumps(LONG).encode())

    fake = await serve(behave)
    async with client(await open_shop(fake.endpoint())) as ask:
        with pytest.raises(openai.BadRequestError) as caught:
            await ask.chat.completions.create(model="tiny", messages=ASKED, stream=stream)
    assert caught.value.code == "context_length_exceeded"
    assert "maximum context length is 512 tokens" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "data", "wanted"),
    [(500, b"oops", 502), (401, b"{}", 502), (503, b"{}", 503), (501, b'{"error": "no"}', 501)],
)
async def test_an_error_behind_us_is_an_error_of_ours(serve, open_shop, status, data, wanted):
    async def behave(heard) -> None:
        await heard.answer(status, data)

    port = await open_shop((await serve(behave)).endpoint())
    answer = await _post(port, {"model": "tiny", "messages": ASKED})
    assert answer.status_code == wanted
    assert answer.json()["error"]["type"] == "server_error"
    if status == 401:
        assert "the model server wants a key" in answer.json()["error"]["message"]


@pytest.mark.parametrize("length", [b"Content-Length: 9999\r\n", b""])
@pytest.mark.parametrize("tools", [None, [READ]])
async def test_an_answer_that_breaks_off_is_an_error_not_an_answer(serve, open_shop, tools, length):
    async def behave(heard) -> None:
        await heard.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + length + b"\r\n"
            b'data: {"choices": [{"index": 0, "delta": {"content": "one"}}]}\n\n'
        )

    port = await open_shop((await serve(behave)).endpoint())
    body = {"model": "tiny", "messages": ASKED, "tools": tools}
    assert (await _post(port, body)).status_code == 503
    async with client(port) as ask:
        stream = await ask.chat.completions.create(**body | {"tools": tools or []}, stream=True)
        with pytest.raises(openai.APIError, match="broke off"):
            async for _ in stream:
                pass


async def test_nobody_behind_us_is_said_at_once(open_shop, closed_port):
    port = await open_shop(Endpoint(url=f"http://127.0.0.1:{closed_port}/v1", model="x"))
    answer = await _post(port, {"model": "tiny", "messages": ASKED})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["error"]["code"] == "model_not_ready"


@pytest.mark.parametrize("more", [{}, {"stream": True}, {"stream": True, "tools": [READ]}], ids=str)
async def test_a_client_that_leaves_sets_the_model_free(serve, open_shop, more):
    gone = asyncio.Event()

    async def behave(heard) -> None:
        try:
            await heard.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            while True:
                await heard.send(
                    b'data: {"choices": [{"index": 0, "delta": {"content": "x"}}]}\n\n'
                )
                await asyncio.sleep(0.02)
        except OSError:
            gone.set()
            raise

    port = await open_shop((await serve(behave)).endpoint())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await _post(port, {"model": "tiny", "messages": ASKED, **more})
    await asyncio.wait_for(gone.wait(), 5)


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


async def test_a_body_that_is_too_large_is_told(serve, open_shop):
    fake = await serve(says("unasked"))
    port = await open_shop(fake.endpoint())
    long = [{"role": "user", "content": "x" * (32 << 20)}]
    answer = await _post(port, {"model": "tiny", "messages": long})
    assert answer.status_code == 413
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert fake.asked == []
    assert (await _post(port, {"model": "tiny", "messages": ASKED})).status_code == 200


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


async def test_a_key_is_asked_for_when_there_is_one(serve, open_shop):
    port = await open_shop((await serve(says("yes"))).endpoint(), key="secret")
    async with client(port, "wrong") as ask:
        with pytest.raises(openai.AuthenticationError, match="--key"):
            await ask.chat.completions.create(model="tiny", messages=ASKED)
    async with client(port, "secret") as ask:
        assert (await ask.chat.completions.create(model="tiny", messages=ASKED)).choices


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:8000"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Origin": "http://localhost:3000"}, 200),
    ],
)
async def test_a_page_of_another_name_gets_nothing(serve, open_shop, headers, status):
    port = await open_shop((await serve(says("yes"))).endpoint())
    body = {"model": "tiny", "messages": ASKED}
    assert (await _post(port, body, headers=headers)).status_code == status


async def test_a_wrong_path_is_told_what_there_is(serve, open_shop):
    port = await open_shop((await serve(says("yes"))).endpoint())
    answer = await _post(port, {}, path="/v1/responses")
    assert answer.status_code == 404
    assert "/v1/chat/completions" in answer.json()["error"]["message"]


async def _post(
    port: int, body, *, seconds=20.0, path="/v1/chat/completions", **more
) -> httpx2.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"http://127.0.0.1:{port}{path}"
    headers = {"Content-Type": "application/json", **more.get("headers", {})}
    async with httpx2.AsyncClient(timeout=seconds, trust_env=False) as ask:
        return await ask.post(url, content=data, headers=headers)


@asynccontextmanager
async def _sleeper(endpoint: Endpoint, made: list[Child]) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec("sleep", "600")
    made.append(Child(endpoint, process))
    try:
        yield made[-1]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_model_server_that_dies_is_started_again(serve, open_shop):
    made: list[Child] = []
    endpoint = (await serve(says("yes"))).endpoint()
    port = await open_shop(Keeper(lambda: _sleeper(endpoint, made)))
    body = {"model": "tiny", "messages": ASKED}
    assert (await _post(port, body)).status_code == 200
    made[0].process.kill()
    async with asyncio.timeout(10):
        while len(made) < 2:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0)
    assert (await _post(port, body)).status_code == 200


async def test_a_model_server_that_keeps_dying_ends_ours_with_one_line(serve):
    made: list[Child] = []
    endpoint = (await serve(says("yes"))).endpoint()
    keeper = Keeper(lambda: _sleeper(endpoint, made))
    shop = Shop(Upstream(keeper), Rescued(Action()), "tiny")

    async def kill() -> None:
        for number in range(3):
            while len(made) <= number:
                await asyncio.sleep(0.01)
            made[number].process.kill()

    killing = asyncio.create_task(kill())
    with pytest.raises(SetupError, match="died 3 times"):
        await _served(application(shop), keeper)
    await killing


async def test_a_model_server_that_does_not_start_ends_ours_with_one_line():
    @asynccontextmanager
    async def broken() -> AsyncIterator[Child]:
        raise SetupError("no weights")
        yield

    keeper = Keeper(broken)
    with pytest.raises(SetupError, match="no weights"):
        await _served(application(Shop(Upstream(keeper), Rescued(Action()), "tiny")), keeper)


async def _served(made, keeper: Keeper) -> None:
    async with asyncio.timeout(15):
        await run.serve(made, run.listen("127.0.0.1", 0), keeper, lambda: None)


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SetupError, match="--port"):
        run.listen("127.0.0.1", taken.getsockname()[1])
