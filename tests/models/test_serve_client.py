"""The official `openai` client, as other programs use it: in threads and async, with its own aids.

What its models leave open is read strictly: a field we invent or forget would break a program.
"""

import asyncio
import base64
import json
import struct
from collections.abc import Callable
from typing import Any, TypeVar

import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletion

T = TypeVar("T")
ASKED: list[Any] = [{"role": "user", "content": "How warm is it in Bergen?"}]
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


class Weather(pydantic.BaseModel):
    """Tells the weather of a city."""

    city: str
    days: int = 1


class Answer(pydantic.BaseModel):
    degrees: float
    sky: str


TOOL = openai.pydantic_function_tool(Weather)
CALL = '{"tool": "Weather", "arguments": {"city": "Bergen", "days": 2}}'
REPLY = '{"tool": "reply", "arguments": {"text": "It is 7 degrees."}}'


class Model:
    """A model server that knows what to say next, and the ways of llama.cpp."""

    def __init__(self) -> None:
        self.answers: list[str] = []

    async def behave(self, heard) -> None:
        if heard.path == "/v1/embeddings":
            await heard.answer(200, json.dumps(embedded(heard.fields)).encode())
        else:
            await heard.say(*self.answers.pop(0).split("|"), usage=USAGE)


def embedded(fields: dict) -> dict:
    texts = fields["input"] if isinstance(fields["input"], list) else [fields["input"]]
    rows: list[dict] = []
    for number, text in enumerate(texts):
        vector: Any = [float(len(text)), 0.5]
        if fields["encoding_format"] == "base64":
            vector = base64.b64encode(struct.pack("<2f", *vector)).decode()
        rows.append({"object": "embedding", "index": number, "embedding": vector})
    return {"object": "list", "model": "x", "data": rows, "usage": USAGE}


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
async def shop(serve, open_shop, model) -> str:
    """Return the address of the model server over a scripted model."""
    port = await open_shop((await serve(model.behave)).endpoint())
    return f"http://127.0.0.1:{port}/v1"


@pytest.fixture
async def plainly(shop) -> Callable[..., Any]:
    """Return what uses the client of programs without async, in a thread of its own."""

    async def use(work: Callable[[openai.OpenAI], T]) -> T:
        def whole() -> T:
            with openai.OpenAI(base_url=shop, api_key="none", max_retries=0) as client:
                return work(client)

        return await asyncio.to_thread(whole)

    return use


async def test_a_program_without_async_talks_streams_lists_and_embeds(plainly, model):
    model.answers = ["It is 7 degrees.", "It |is |7."]

    def work(client: openai.OpenAI) -> None:
        answer = client.chat.completions.create(model="tiny", messages=ASKED, temperature=0.2)
        assert answer.choices[0].message.content == "It is 7 degrees."
        strict(answer)
        pieces = []
        for chunk in client.chat.completions.create(model="tiny", messages=ASKED, stream=True):
            pieces += [choice.delta.content or "" for choice in chunk.choices]
        assert "".join(pieces) == "It is 7."
        assert [m.id for m in client.models.list()] == ["tiny"]
        # The client asks for base64 by itself and unpacks it.
        found = client.embeddings.create(model="tiny", input=["a", "bcd"])
        assert [row.embedding for row in found.data] == [[1.0, 0.5], [3.0, 0.5]]
        with pytest.raises(openai.BadRequestError, match="temperature must be") as caught:
            client.chat.completions.create(model="tiny", messages=ASKED, temperature=9)
        assert (caught.value.param, caught.value.type) == ("temperature", "invalid_request_error")

    await plainly(work)


async def test_a_program_without_async_calls_tools_until_it_has_its_answer(plainly, model):
    model.answers = [CALL, REPLY]

    def work(client: openai.OpenAI) -> None:
        said = list(ASKED)
        first = client.chat.completions.create(model="tiny", messages=said, tools=[TOOL])
        strict(first)
        message = first.choices[0].message
        said += [message, result(message.tool_calls[0].id)]
        second = client.chat.completions.create(model="tiny", messages=said, tools=[TOOL])
        assert second.choices[0].message.content == "It is 7 degrees."
        assert second.choices[0].finish_reason == "stop"

    await plainly(work)


async def test_the_aids_of_the_client_parse_calls_and_forms(shop, model):
    async with openai.AsyncOpenAI(base_url=shop, api_key="none", max_retries=0) as client:
        chat = client.chat.completions
        model.answers = [CALL, '{"degrees": 7, |"sky": "grey"}']
        called = await chat.parse(model="tiny", messages=ASKED, tools=[TOOL])
        parsed = called.choices[0].message.tool_calls[0].function.parsed_arguments
        assert parsed == Weather(city="Bergen", days=2)
        formed = await chat.parse(model="tiny", messages=ASKED, response_format=Answer)
        assert formed.choices[0].message.parsed == Answer(degrees=7, sky="grey")


async def test_the_streams_of_the_client_put_an_answer_together(shop, model):
    async with openai.AsyncOpenAI(base_url=shop, api_key="none", max_retries=0) as client:
        model.answers = [CALL, "It |is |7."]
        call = await streamed(client, tools=[TOOL])
        assert call.choices[0].finish_reason == "tool_calls"
        (made,) = call.choices[0].message.tool_calls
        assert made.function.parsed_arguments == Weather(city="Bergen", days=2)
        model.answers = [REPLY.replace("is 7", "|is |7"), *model.answers]
        spoken = await streamed(client, tools=[TOOL])
        assert spoken.choices[0].message.content == "It is 7 degrees."
        assert not spoken.choices[0].message.tool_calls
        words = await streamed(client, stream_options={"include_usage": True})
        assert words.choices[0].message.content == "It is 7."
        assert words.usage.total_tokens == 10


async def test_a_program_may_forbid_several_calls_at_once(shop, model):
    both = f"[{CALL}, {CALL.replace('Bergen', 'Oslo')}]"
    async with openai.AsyncOpenAI(base_url=shop, api_key="none", max_retries=0) as client:
        for allowed, count in ((True, 2), (False, 1)):
            model.answers = [both]
            answer = await client.chat.completions.create(
                model="tiny", messages=ASKED, tools=[TOOL], parallel_tool_calls=allowed
            )
            assert len(answer.choices[0].message.tool_calls) == count


async def streamed(client: openai.AsyncOpenAI, **more: Any) -> Any:
    async with client.chat.completions.stream(model="tiny", messages=ASKED, **more) as stream:
        async for _ in stream:
            pass
        return await stream.get_final_completion()


def result(id: str) -> Any:
    return {"role": "tool", "tool_call_id": id, "content": "7 degrees, grey"}


def strict(answer: ChatCompletion) -> None:
    """Read an answer once more, with nothing converted and nothing unknown."""
    ChatCompletion.model_validate_json(answer.model_dump_json(), strict=True)
    assert not answer.model_extra
    assert not answer.choices[0].model_extra
    assert set(answer.choices[0].message.model_extra or {}) <= {"reasoning_content"}
