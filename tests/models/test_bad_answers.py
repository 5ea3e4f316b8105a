"""Whatever a server does, samovar says in one line what went wrong, and goes on."""

import asyncio
import json
import random
from collections import Counter

import pytest

from samovar.core.errors import ModelError, SamovarError, Unreachable, Unusable
from samovar.core.message import Reply
from samovar.models.endpoint import Endpoint
from samovar.models.failures import Busy, Rejected, TooLarge
from samovar.models.openai import OpenAI

KINDS = (
    "refused",
    "error",
    "busy",
    "html",
    "hang",
    "drip",
    "cut_stream",
    "cut_socket",
    "bad_json",
    "wrong_tool",
    "huge_line",
    "huge_text",
    "nul",
    "not_utf8",
    "loop",
    "empty",
    "over_context",
    "thinking",
    "error_event",
    "half_json",
    "wrong_shape",
    "redirect",
    "bad_chunks",
    "bad_zip",
    "noise",
)
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
MAY_ANSWER = {"loop", "huge_text", "drip"}
"""Where a cut answer is as good as an error."""


class Bad:
    """Misbehaves as the model's name says, in a way drawn by a number."""

    def __init__(self, speech) -> None:
        self.piece, self.end, self.head = speech

    async def __call__(self, heard) -> None:
        kind, _, number = heard.fields["model"].partition("-")
        await getattr(self, kind)(heard, random.Random(int(number)))

    async def error(self, heard, draw):
        body = draw.choice(
            [b"", b"oops\n\nmore", json.dumps({"error": {"message": "a\nb"}}).encode()]
        )
        await heard.answer(draw.choice([400, 401, 403, 404, 413, 418, 500, 502, 504]), body)

    async def busy(self, heard, draw):
        after = draw.choice(["", "Retry-After: 7\r\n", "Retry-After: soon\r\n"])
        await heard.answer(draw.choice([429, 503]), b"{}", more=after)

    async def html(self, heard, draw):
        page = b"<!doctype html>\n<html><body>\n<h1>Login</h1>\n</body></html>" * draw.randint(
            1, 50
        )
        await heard.answer(draw.choice([200, 200, 403, 502]), page, kind="text/html")

    async def hang(self, heard, draw):
        if draw.random() < 0.5:
            await heard.send(self.head + self.piece("He") * draw.randint(0, 2))
        await asyncio.sleep(30)

    async def drip(self, heard, draw):
        await heard.send(self.head)
        while True:
            await heard.send(self.piece(draw.choice(WORDS)))
            await asyncio.sleep(0.05)

    async def cut_stream(self, heard, draw):
        await heard.send(self.head + self.piece("Once upon ") * draw.randint(0, 3))

    async def cut_socket(self, heard, draw):
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + self.piece("Once")
        await heard.send(whole[: draw.randint(0, len(whole))])

    async def bad_json(self, heard, draw):
        junk = draw.choice(
            [b"{", b"[1,2", b"nothing", b"\x00\x01", b'{"choices": [}', b"{}" * 9, b"[" * 9000]
        )
        await heard.send(self.head + b"data: " + junk + b"\n\n")

    async def half_json(self, heard, draw):
        whole = self.piece("Once upon a time")
        await heard.send(self.head + whole[: draw.randint(1, len(whole) - 4)])

    async def wrong_shape(self, heard, draw):
        shapes = [{"choices": 3}, {"choices": [{"delta": "x"}]}, {"choices": []}, [], None, "x", 5]
        await heard.answer(200, json.dumps(draw.choice(shapes)).encode())

    async def wrong_tool(self, heard, draw):
        call = {
            "index": 0,
            "id": "1",
            "function": {"name": "rm", "arguments": draw.choice(["", "{"])},
        }
        chunk = {"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
        await heard.send(self.head + b"data: " + json.dumps(chunk).encode() + b"\n\n")

    async def huge_line(self, heard, draw):
        await heard.send(self.head + draw.choice([b"data: ", b"data: {", b""]))
        for _ in range(10):
            await heard.send(bytes([draw.randrange(65, 90)]) * (1 << 20))

    async def huge_text(self, heard, draw):
        await heard.send(self.head)
        for number in range(10 << 4):
            await heard.send(self.piece(f"{number} " + str(draw.random()) * 3600))

    async def nul(self, heard, draw):
        await heard.say("yes", "\0" * draw.randint(1, 9), "no")

    async def not_utf8(self, heard, draw):
        bad = draw.choice([b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80"])
        await heard.send(self.head + self.piece("XX").replace(b"XX", bad) + self.end())

    async def loop(self, heard, draw):
        block = " ".join(draw.choices(WORDS, k=draw.randint(1, 40))) + draw.choice([" ", "\n"])
        await heard.send(self.head)
        while True:
            await heard.send(self.piece(block))
            await asyncio.sleep(0)

    async def empty(self, heard, draw):
        await heard.say(*draw.choice([(), ("",), (" ", "\n"), ("",) * 9]))

    async def over_context(self, heard, draw):
        said = {"error": {"code": 400, "message": "the request exceeds the available context size"}}
        await heard.answer(draw.choice([400, 413]), json.dumps(said).encode())

    async def thinking(self, heard, draw):
        chunk = {"choices": [{"delta": {"reasoning_content": "hm"}}]}
        thought = b"data: " + json.dumps(chunk).encode() + b"\n\n"
        await heard.send(self.head + thought * draw.randint(1, 9) + self.end("length"))

    async def error_event(self, heard, draw):
        said = draw.choice(
            [{"error": {"message": "out of\nmemory"}}, {"error": "oom"}, {"error": 1}]
        )
        await heard.send(
            self.head + self.piece("a") + b"data: " + json.dumps(said).encode() + b"\n\n"
        )

    async def redirect(self, heard, draw):
        places = ["/v1/chat/completions", "http://127.0.0.1:1/", "::", "http://[", "file:///etc"]
        more = f"Location: {draw.choice(places)}\r\n"
        await heard.answer(draw.choice([301, 302, 307]), b"", more=more)

    async def bad_chunks(self, heard, draw):
        head = self.head.replace(b"Connection", b"Transfer-Encoding: chunked\r\nConnection")
        await heard.send(head + draw.choice([b"zz\r\nx", b"5\r\ndata", b"-1\r\n\r\n"]))

    async def bad_zip(self, heard, draw):
        head = self.head.replace(b"Connection", b"Content-Encoding: gzip\r\nConnection")
        await heard.send(head + draw.randbytes(draw.randint(1, 900)))

    async def noise(self, heard, draw):
        await heard.send(draw.choice([b"", self.head]) + draw.randbytes(draw.randint(1, 2000)))


async def test_500_bad_answers_end_in_one_line_each(serve, speech, fast, ask, closed_port):
    bad = await serve(Bad(speech))
    gate = asyncio.Semaphore(24)
    outcomes: Counter = Counter()

    async def one(number: int) -> None:
        kind = KINDS[number % len(KINDS)]
        endpoint = bad.endpoint(model=f"{kind}-{number}")
        if kind == "refused":
            endpoint = Endpoint(url=f"http://127.0.0.1:{closed_port}/v1", model="m")
        async with gate, asyncio.timeout(20):
            try:
                reply = await OpenAI(endpoint, fast, slack=0.6).reply(ask(limit=200))
            except SamovarError as error:
                text = str(error)
                assert isinstance(error, ModelError), kind
                assert "\n" not in text and text.isprintable() and len(text) < 600, text
                assert endpoint.shown in text, (kind, text)
                outcomes[kind, type(error).__name__] += 1
                return
        assert kind in MAY_ANSWER and isinstance(reply, Reply), (kind, reply)
        assert reply.finish in ("repetition", "length") and len(reply.text) < 100_000
        outcomes[kind, reply.finish] += 1

    # Not gather alone: a stranger among the errors must fail the test with its own traceback.
    async with asyncio.TaskGroup() as group:
        for number in range(500):
            group.create_task(one(number))
    assert sum(outcomes.values()) == 500
    assert {kind for kind, _ in outcomes} == set(KINDS)
    # On a busy machine some of both run into their time limit first.
    assert outcomes["loop", "repetition"] > 3 and outcomes["huge_text", "length"] > 3


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("busy-1", Busy),
        ("over_context-1", Rejected),
        ("empty-1", Unusable),
        ("wrong_tool-1", Unusable),
        ("nul-1", Unusable),
        ("thinking-1", Unusable),
    ],
)
async def test_the_class_of_an_error_says_whether_to_ask_again(
    serve, speech, fast, ask, model, error
):
    bad = await serve(Bad(speech))
    with pytest.raises(error):
        await OpenAI(bad.endpoint(model=model), fast).reply(ask())


async def test_a_server_that_is_away_is_unreachable_and_the_fix_is_named(fast, ask, closed_port):
    endpoint = Endpoint(url=f"http://127.0.0.1:{closed_port}/v1", model="m", kind="ollama")
    with pytest.raises(Unreachable, match="ollama serve"):
        await OpenAI(endpoint, fast).reply(ask())


async def test_busy_carries_the_seconds_the_server_asked_for(serve, fast, ask):
    async def busy(heard):
        await heard.answer(429, b"{}", more="Retry-After: 7\r\n")

    fake = await serve(busy)
    with pytest.raises(Busy) as caught:
        await OpenAI(fake.endpoint(), fast).reply(ask())
    assert caught.value.after == 7.0


async def test_a_key_goes_into_the_header_and_into_no_error(serve, speech, fast, ask):
    bad = await serve(Bad(speech))
    endpoint = bad.endpoint(model="error-3", key="sk-very-secret")
    with pytest.raises(ModelError) as caught:
        await OpenAI(endpoint, fast).reply(ask())
    assert bad.asked[0].headers["authorization"] == "Bearer sk-very-secret"
    assert "very-secret" not in f"{caught.value} {endpoint!r}"


async def test_what_does_not_fit_is_never_sent(serve, speech, fast, ask):
    bad = await serve(Bad(speech))
    with pytest.raises(TooLarge, match="4096"):
        await OpenAI(bad.endpoint(), fast).reply(ask("word " * 9000))
    assert bad.asked == []
