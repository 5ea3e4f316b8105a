import asyncio

import pytest
from msgspec.structs import replace

from samovar.core.errors import ModelError, SetupError, Unusable
from samovar.core.message import Message, Request, Sampling, Usage
from samovar.models.endpoint import Endpoint
from samovar.models.failures import TooLarge
from samovar.models.openai import OpenAI, body
from samovar.models.profile import UNMEASURED, Profile


async def test_an_answer_comes_with_the_tokens_the_server_counted(serve, speech, fast, ask):
    piece, end, head = speech
    details = {"prompt_tokens_details": {"cached_tokens": 40}}
    usage = {"prompt_tokens": 50, "completion_tokens": 7, **details}

    async def good(heard):
        await heard.send(head + piece("good ") + piece("day") + end(usage=usage))

    fake = await serve(good)
    reply = await OpenAI(fake.endpoint(), fast).reply(ask())
    assert reply.text == "good day"
    assert reply.usage == Usage(50, 40, 7)
    assert (reply.finish, reply.model) == ("stop", "fake")


async def test_timings_of_llama_cpp_count_where_usage_is_missing(serve, speech, fast, ask):
    piece, end, head = speech

    async def good(heard):
        timings = {"cache_n": 30, "prompt_n": 5, "predicted_n": 9}
        await heard.send(head + piece("x") + end("length", timings=timings))

    reply = await OpenAI((await serve(good)).endpoint(), fast).reply(ask())
    assert reply.usage == Usage(35, 30, 9)
    assert reply.finish == "length"


async def test_a_server_that_counts_nothing_is_counted_by_its_pieces(serve, fast, ask):
    async def good(heard):
        await heard.say("a ", "b ", "c")

    usage = (await OpenAI((await serve(good)).endpoint(), fast).reply(ask())).usage
    assert usage.generated == 3
    assert usage.prompt > 0


async def test_tokens_go_to_the_listener_while_they_come(serve, fast, ask):
    async def good(heard):
        await heard.say("a ", "b ")

    heard = []
    live = OpenAI((await serve(good)).endpoint(), fast, lambda *said: heard.append(said))
    await live.reply(ask())
    assert heard == [("token", "a "), ("token", "b ")]


async def test_a_server_that_does_not_stream_is_understood(serve, fast, ask):
    async def whole(heard):
        await heard.answer(
            200, b'{"choices": [{"message": {"content": "all"},\n "finish_reason": "stop"}]}'
        )

    assert (await OpenAI((await serve(whole)).endpoint(), fast).reply(ask())).text == "all"


@pytest.mark.parametrize(
    ("kind", "present", "absent"),
    [
        ("llama.cpp", {"top_k", "repeat_penalty", "cache_prompt"}, set()),
        ("vllm", {"top_k", "repetition_penalty"}, {"repeat_penalty", "cache_prompt"}),
        ("other", {"seed", "top_p"}, {"top_k", "repeat_penalty", "cache_prompt"}),
    ],
)
async def test_only_servers_that_know_a_field_are_sent_it(serve, fast, ask, kind, present, absent):
    async def good(heard):
        await heard.say("ok")

    fake = await serve(good)
    drawn = Sampling(temperature=0.7, top_p=0.8, top_k=20, repeat_penalty=1.05, seed=3)
    request = ask(limit=77, sampling=drawn, schema={"enum": ["a"]})
    await OpenAI(fake.endpoint(kind=kind), fast).reply(request)
    sent = fake.asked[-1].fields
    assert present <= sent.keys()
    assert not absent & sent.keys()
    assert sent["max_tokens"] == 77
    assert sent["stream_options"] == {"include_usage": True}
    assert sent["response_format"]["json_schema"]["schema"] == {"enum": ["a"]}


async def test_a_model_that_repeats_itself_is_cut(serve, speech, fast, ask):
    piece, _, head = speech

    async def loop(heard):
        await heard.send(head + piece("def f():\n"))
        for number in range(20_000):
            await heard.send(piece(f"    x = g(x)  # line {number % 2}\n"))

    reply = await OpenAI((await serve(loop)).endpoint(), fast).reply(ask())
    assert reply.finish == "repetition"
    assert reply.text.startswith("def f():\n")
    assert 1 <= reply.text.count("x = g(x)") <= 4
    assert reply.usage.generated > 4


async def test_llama_cpp_counts_before_a_prompt_is_refused(serve, fast, ask):
    tokens = 3000

    async def counting(heard):
        match heard.path:
            case "/apply-template":
                await heard.answer(200, b'{"prompt": "templated"}')
            case "/tokenize":
                await heard.answer(200, b'{"tokens": [%s]}' % b",".join([b"1"] * tokens))
            case _:
                await heard.say("ok")

    fake = await serve(counting)
    model = OpenAI(fake.endpoint(kind="llama.cpp"), fast)
    assert (await model.reply(ask("word " * 3000))).text == "ok"
    paths = ["/apply-template", "/tokenize", "/v1/chat/completions"]
    assert [heard.path for heard in fake.asked] == paths
    tokens = 4100
    with pytest.raises(TooLarge, match=r"holds 4096 tokens: a prompt of 4\d\d\d and an answer of"):
        await model.reply(ask("word " * 3000))


async def test_pings_do_not_make_a_stalled_answer_live(serve, speech, fast, ask):
    piece, _, head = speech

    async def stalled(heard):
        await heard.send(head + piece("one"))
        while True:
            await heard.send(b": ping\n\n")
            await asyncio.sleep(0.02)

    fake = await serve(stalled)
    async with asyncio.timeout(5):
        with pytest.raises(ModelError, match=r"said nothing|took longer"):
            await OpenAI(fake.endpoint(), fast, slack=0.2).reply(ask())


async def test_a_slow_prompt_is_waited_for_as_long_as_its_size_explains(serve, speech, fast, ask):
    async def slow(heard):
        await asyncio.sleep(0.5)
        await heard.say("ok")

    fake = await serve(slow)
    slow_profile = replace(fast, prefill=300.0)
    assert (await OpenAI(fake.endpoint(), slow_profile, slack=0.1).reply(ask())).text == "ok"
    with pytest.raises(ModelError, match=r"said nothing|took longer"):
        await OpenAI(fake.endpoint(), fast, slack=0.1).reply(ask())


def test_no_key_and_no_password_is_ever_shown():
    endpoint = Endpoint(url="http://me:secret@host:1/v1", model="m", key="sk-secret")
    assert "secret" not in repr(endpoint) + str(endpoint) + endpoint.shown


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://x/v1", "http://", "http://a b/v1"])
def test_an_address_that_is_none_is_told_how_to_write_one(url):
    with pytest.raises(SetupError, match="write it like"):
        Endpoint(url=url, model="m")


async def test_an_answer_may_arrive_byte_by_byte(serve, speech, fast, ask):
    piece, end, head = speech

    async def slowly(heard):
        for byte in head + piece("Füße ✓") + end():
            await heard.send(bytes([byte]))

    fake = await serve(slowly)
    assert (await OpenAI(fake.endpoint(), fast).reply(ask())).text == "Füße ✓"


async def test_a_wait_can_be_cancelled_and_the_server_is_let_go(serve, speech, fast, ask):
    _, _, head = speech
    gone = asyncio.Event()

    async def hang(heard):
        try:
            await heard.send(head)
            while True:
                await heard.send(b": ping\n\n")
                await asyncio.sleep(0.01)
        finally:
            gone.set()

    fake = await serve(hang)
    waiting = asyncio.create_task(OpenAI(fake.endpoint(), fast).reply(ask()))
    while not fake.asked:
        await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(5):
        await gone.wait()


def test_every_request_is_capped_and_broken_text_is_mended():
    endpoint = Endpoint(url="http://127.0.0.1:1/v1", model="m")
    request = Request(messages=(Message("user", "\ud800"),), limit=9, schema={"type": "string"})
    sent = body(endpoint, UNMEASURED, request)
    assert (sent["max_tokens"], sent["messages"][0]["content"]) == (9, "?")
    assert sent["response_format"]["json_schema"]["strict"] is True


def test_a_schema_is_not_sent_where_it_is_not_obeyed():
    endpoint = Endpoint(url="http://127.0.0.1:1/v1", model="m")
    request = Request(messages=(Message("user", "x"),), limit=9, schema={"type": "string"})
    assert "response_format" not in body(endpoint, Profile(json_schema=False), request)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("llama.cpp", ("chat_template_kwargs", {"enable_thinking": False})),
        ("vllm", ("chat_template_kwargs", {"enable_thinking": False})),
        ("ollama", ("reasoning_effort", "none")),
    ],
)
def test_models_that_may_think_are_asked_to_answer_at_once(kind, field):
    endpoint = Endpoint(url="http://127.0.0.1:1/v1", model="qwen3:8b", kind=kind)
    sent = body(endpoint, UNMEASURED, Request(messages=(Message("user", "x"),), limit=9))
    assert field in sent["extra_body"].items()


async def test_a_mark_of_broken_text_that_was_asked_about_is_no_broken_answer(
    serve, speech, fast, ask
):
    piece, end, head = speech

    async def marked(heard):
        await heard.send(head + piece("a = '\ufffd'") + end())

    gateway = OpenAI((await serve(marked)).endpoint(), fast)
    assert (await gateway.reply(ask("mend a = '\ufffd'"))).text == "a = '\ufffd'"
    with pytest.raises(Unusable, match="broken characters"):
        await gateway.reply(ask("mend a"))


async def test_an_answer_ended_at_its_first_words_is_told_apart_and_paid_for(
    serve, speech, fast, ask
):
    _, end, head = speech
    usage = {"prompt_tokens": 90, "completion_tokens": 18}

    async def ended(heard):
        await heard.send(head + end(usage=usage))

    gateway = OpenAI((await serve(ended)).endpoint(), fast)
    with pytest.raises(Unusable, match="began to copy") as caught:
        await gateway.reply(replace(ask("mend a"), stop=("\nfrom a import",)))
    assert caught.value.usage == Usage(90, 0, 18)
    assert caught.value.seconds > 0
