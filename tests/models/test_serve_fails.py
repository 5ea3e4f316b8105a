"""What goes wrong at the model server: a wrong request, a broken answer, a dead server."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest

from samovar.core.errors import SetupError
from samovar.models.dialects.action import Action
from samovar.models.dialects.rescue import Rescued
from samovar.models.embedded import Child
from samovar.models.endpoint import Endpoint
from samovar.models.serve import run
from samovar.models.serve.app import Shop, application
from samovar.models.serve.keeper import Keeper
from samovar.models.serve.upstream import Upstream

from .asking import ACTION, ASKED, READ, client, says
from .asking import post as _post


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


async def test_a_body_that_is_too_large_is_told(serve, open_shop):
    fake = await serve(says("unasked"))
    port = await open_shop(fake.endpoint())
    long = [{"role": "user", "content": "x" * (32 << 20)}]
    answer = await _post(port, {"model": "tiny", "messages": long})
    assert answer.status_code == 413
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert fake.asked == []
    assert (await _post(port, {"model": "tiny", "messages": ASKED})).status_code == 200


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
