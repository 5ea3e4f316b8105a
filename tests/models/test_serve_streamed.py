"""What the model server streams: words as they come, calls as deltas."""

import asyncio
import json

import openai
import pytest

from .asking import ACTION, ASKED, READ, client, says
from .conftest import HEAD, piece
from .conftest import end as ending


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
