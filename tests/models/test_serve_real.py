"""`samovar model serve` over the embedded model, with the official client of programs."""

import os
import subprocess
import sys
from collections.abc import Iterator

import openai
import pytest

from samovar.models import weights

SHIPPED = weights.CATALOGUE[0]
STOCK = {
    "type": "function",
    "function": {
        "name": "stock",
        "description": "Return how many pieces of an item are in the store.",
        "parameters": {
            "type": "object",
            "properties": {"item": {"type": "string", "description": "what is asked for"}},
            "required": ["item"],
        },
    },
}
ASKED = [{"role": "user", "content": "How many pieces of the item lamp are in the store?"}]
pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    """A program before the server as a person starts it."""
    pytest.importorskip("xllamacpp", reason="needs pip install 'samovar[local]'")
    if not weights.here(SHIPPED):
        pytest.skip(f"needs {SHIPPED.name}: run 'samovar model pull'")
    words = ("from samovar.cli.main import main; main()", "model", "serve", "--port", "0")
    with subprocess.Popen(
        [sys.executable, "-c", *words], stdout=subprocess.PIPE, env={**os.environ}
    ) as server:
        assert server.stdout is not None
        try:
            line = server.stdout.readline().decode()
            assert " answers at http://127.0.0.1:" in line, line
            url = line.split(" answers at ")[1].split()[0].rstrip(";")
            yield openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=300)
        finally:
            server.terminate()


def test_a_tool_is_called_and_its_result_is_used(client):
    model = client.models.list().data[0].id
    first = client.chat.completions.create(model=model, messages=ASKED, tools=[STOCK])
    [call] = first.choices[0].message.tool_calls
    assert (call.function.name, "lamp" in call.function.arguments) == ("stock", True)
    said = [*ASKED, first.choices[0].message, tool(call.id, "17 pieces of lamp")]
    answer = client.chat.completions.create(model=model, messages=said, tools=[STOCK])
    assert answer.choices[0].finish_reason == "stop"
    assert "17" in answer.choices[0].message.content


def tool(call: str, text: str) -> dict:
    return {"role": "tool", "tool_call_id": call, "content": text}


def test_a_stream_says_what_the_whole_answer_says(client):
    messages = [{"role": "user", "content": "Say the word tea and nothing else."}]
    given = {
        "model": client.models.list().data[0].id,
        "messages": messages,
        "temperature": 0,
        "max_tokens": 20,
    }
    whole = client.chat.completions.create(**given).choices[0].message.content
    pieces = [
        chunk.choices[0].delta.content or ""
        for chunk in client.chat.completions.create(**given, stream=True)
        if chunk.choices
    ]
    assert "tea" in whole.lower()
    assert ("".join(pieces), len(pieces) > 1) == (whole, True)


def test_words_that_mean_the_same_are_near_each_other(client):
    words = ["a cup of tea", "a mug of tea", "the stock exchange"]
    found = client.embeddings.create(
        model=client.models.list().data[0].id, input=words, encoding_format="float"
    ).data
    cup, mug, money = (row.embedding for row in found)
    near, far = (sum(a * b for a, b in zip(cup, other, strict=True)) for other in (mug, money))
    assert near > far
