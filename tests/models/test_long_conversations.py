"""A prompt that does not fit is refused here: no server ever gets the chance to cut it."""

import base64
import json
import random
import re

import pytest

from samovar.core.message import Message, Request
from samovar.models.failures import TooLarge
from samovar.models.openai import OpenAI

CONTEXT = 4096
LIMIT = 300
TOKEN = re.compile(rb" ?[A-Za-z]{1,5}|\d|\n+ *|[ \t]+|[!-/:-@[-`{-~]{1,2}|[\x80-\xff]{1,3}")
"""Splits a little finer than the tokenizers of today do."""


def tokens(text: str) -> int:
    return len(TOKEN.findall(text.encode()))


def counted(messages: list[dict]) -> int:
    """What the server counts: the text and five tokens of template a message."""
    return 3 + sum(5 + tokens(m["content"]) for m in messages)


def prose(draw: random.Random) -> str:
    return " ".join(
        draw.choices(["the", "river", "runs", "slowly", "past", "every", "stone"], k=400)
    )


def code(draw: random.Random) -> str:
    line = "    if self.items[{0}] is not None and value_{0} > limit:\n        return {0}\n"
    return "".join(line.format(draw.randrange(40)) for _ in range(16))


def numbers(draw: random.Random) -> str:
    return " ".join(str(draw.randrange(10**6)) for _ in range(60))


def blob(draw: random.Random) -> str:
    return base64.b64encode(draw.randbytes(400)).decode()


def chinese(draw: random.Random) -> str:
    return "".join(draw.choices("我们今天去北京看一个很大的博物馆然后回家吃饭", k=400))


async def echo(heard) -> None:
    if heard.path == "/apply-template":
        shown = "".join(m["content"] + "\n" for m in heard.fields["messages"])
        await heard.answer(200, json.dumps({"prompt": shown}).encode())
    elif heard.path == "/tokenize":
        found = [0] * (tokens(heard.fields["content"]) + 200)
        await heard.answer(200, json.dumps({"tokens": found}).encode())
    else:
        await heard.say("Yes.")


@pytest.mark.parametrize("kind", ["other", "llama.cpp"])
@pytest.mark.parametrize("text", [prose, code, numbers, blob, chinese])
async def test_fifty_long_conversations_never_send_more_than_the_server_holds(
    serve, fast, text, kind
):
    fake = await serve(echo)
    model = OpenAI(fake.endpoint(kind=kind), fast)
    for seed in range(5):
        draw = random.Random(seed)
        talk, refused = [Message("system", "You are careful.")], 0
        for _ in range(16):
            talk.append(Message("user", text(draw)))
            while True:
                try:
                    reply = await model.reply(Request(messages=tuple(talk), limit=LIMIT))
                    break
                except TooLarge:
                    refused += 1
                    del talk[1]
            talk.append(Message("assistant", reply.text))
        assert refused, "a conversation that always fits tests nothing"
    sent = [h.fields for h in fake.asked if h.path == "/v1/chat/completions"]
    sizes = [counted(fields["messages"]) + fields["max_tokens"] for fields in sent]
    assert len(sizes) == 80
    assert CONTEXT // 3 < max(sizes) <= CONTEXT
