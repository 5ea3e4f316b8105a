"""A tiny network with random weights, served by Transformers; runs where the extra is installed."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest
from jinja2 import Environment, TemplateError

from samovar.core.errors import SetupError
from samovar.models.serve import transformers as backend
from samovar.models.serve.fault import Fault
from samovar.models.serve.transformers import drawn, until

ASKED = [{"role": "user", "content": "Hi"}]


async def pieces(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize(
    ("text", "marks", "shown"),
    [
        ("one STOP two", ("STOP",), "one "),
        ("one STO two", ("STOP",), "one STO two"),
        ("a b c", ("c", "b"), "a "),
        ("a b c", (), "a b c"),
        ("", ("x",), ""),
    ],
)
async def test_a_text_ends_before_its_mark_however_it_comes(text, marks, shown, size):
    enough = threading.Event()
    parts = [text[n : n + size] for n in range(0, len(text), size)]
    got = "".join([piece async for piece in until(pieces(*parts), marks, enough)])
    assert got == shown
    assert enough.is_set() == (got != text)


def test_a_request_becomes_what_the_library_knows():
    assert drawn({"temperature": 0, "top_p": 0.5}, 9) == {"max_new_tokens": 9, "do_sample": False}
    made = drawn({"temperature": 0.5, "top_k": -1, "top_p": 0, "repeat_penalty": 1.1}, 9)
    assert (made["do_sample"], made["top_k"], made["repetition_penalty"]) == (True, 0, 1.1)
    assert 0 < made["top_p"] < 0.001


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A model in Hugging Face's format: every byte a token, two small layers."""
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("transformers")
    parts = pytest.importorskip("tokenizers")
    place = tmp_path_factory.mktemp("model") / "tiny-random"
    letters = sorted(parts.pre_tokenizers.ByteLevel.alphabet())
    known = {letter: number for number, letter in enumerate([*letters, "<end>"])}
    plain = parts.Tokenizer(parts.models.BPE(vocab=known, merges=[]))
    plain.pre_tokenizer = parts.pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = parts.decoders.ByteLevel()
    tokenizer = library.PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="<end>")
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    torch.manual_seed(1)
    config = library.LlamaConfig(
        vocab_size=len(known),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        eos_token_id=known["<end>"],
        bos_token_id=None,
    )
    library.LlamaForCausalLM(config).save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def model(folder) -> backend.Transformers:
    return backend.load(str(folder))


async def test_a_model_of_transformers_answers_the_official_client(model, open_shop):
    port = await open_shop(model)
    url = f"http://127.0.0.1:{port}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        chat = client.chat.completions

        async def ask(**more):
            fields = {"model": "tiny", "messages": ASKED, "max_tokens": 12, "temperature": 0}
            return await chat.create(**fields | more)

        one, same = await ask(), await ask()
        assert one.choices[0].message.content == same.choices[0].message.content
        assert one.choices[0].finish_reason == "length"
        assert (one.usage.prompt_tokens, one.usage.completion_tokens) == (9, 12)
        streamed = [c async for c in await ask(stream=True, stream_options={"include_usage": True})]
        words = "".join(c.choices[0].delta.content or "" for c in streamed if c.choices)
        assert words == one.choices[0].message.content
        assert streamed[-1].usage.total_tokens == 21
        drawn = [(await ask(temperature=1, seed=s)).choices[0].message.content for s in (1, 1, 2)]
        assert drawn[0] == drawn[1] != drawn[2]
        for more, said in (
            ({"response_format": {"type": "json_object"}}, "leave out response_format"),
            ({"logprobs": True}, "logprobs with Transformers"),
        ):
            with pytest.raises(openai.InternalServerError, match=said) as caught:
                await ask(**more)
            assert caught.value.status_code == 501
        with pytest.raises(openai.BadRequestError, match="maximum context length is 128") as long:
            await ask(messages=[{"role": "user", "content": "x" * 200}])
        assert long.value.code == "context_length_exceeded"
        with pytest.raises(openai.InternalServerError, match="embeddings with Transformers"):
            await client.embeddings.create(model="tiny", input="a")


async def test_tools_are_offered_in_words_and_calls_are_read_from_what_it_says(
    model, open_shop, monkeypatch
):
    def says(_prompt, manner, *_rest) -> list[int]:
        manner["streamer"].on_finalized_text('```json\n{"name": "look", ', stream_end=False)
        manner["streamer"].on_finalized_text('"arguments": {}}\n```', stream_end=True)
        return [0]

    monkeypatch.setattr(backend.Transformers, "_write", lambda _self, *given: says(*given))
    from samovar.models.dialects.fenced import Fenced
    from samovar.models.dialects.rescue import Rescued

    port = await open_shop(model, Rescued(Fenced()))
    tool = {"type": "function", "function": {"name": "look", "description": "Looks."}}
    monkeypatch.setattr(backend.Transformers, "context", 10_000)
    url = f"http://127.0.0.1:{port}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        got = await client.chat.completions.create(model="tiny", messages=ASKED, tools=[tool])
    assert [c.function.name for c in got.choices[0].message.tool_calls] == ["look"]


async def test_whoever_leaves_sets_the_network_free(model):
    answer = model.chat({"messages": ASKED, "max_tokens": 100, "temperature": 1, "seed": 3})
    await anext(answer)
    async with asyncio.timeout(20):
        await answer.aclose()
        async for _ in model.chat({"messages": ASKED, "max_tokens": 2}):
            pass


async def test_what_the_library_raises_is_told(model, monkeypatch):
    def breaks(*_given, **_named):
        raise RuntimeError("out of\nmemory")

    monkeypatch.setattr(model.network, "generate", breaks)
    with pytest.raises(Fault, match="the model failed: out of memory") as caught:
        [c async for c in model.chat({"messages": ASKED, "max_tokens": 2})]
    assert caught.value.status == 502


class Strict:
    """A tokenizer whose template takes no system message, as Gemma's."""

    chat_template = (
        "{% if messages[0].role == 'system' %}{{ refuse('System role\nno') }}{% endif %}"
    )

    def apply_chat_template(self, messages, **_manner):
        def refuse(text: str) -> None:
            # As raise_exception of Transformers' utils/chat_template_utils.py does.
            raise TemplateError(text)

        Environment().from_string(self.chat_template).render(messages=messages, refuse=refuse)
        raise AssertionError("nothing was refused")


async def test_a_template_that_refuses_is_told_in_its_own_words():
    strict = backend.Transformers("gemma", Strict(), None, None, None)
    with pytest.raises(Fault, match="template refuses: System role no") as caught:
        [c async for c in strict.chat({"messages": [{"role": "system", "content": "x"}]})]
    assert (caught.value.status, caught.value.param) == (400, "messages")


def test_what_cannot_be_loaded_is_one_line(tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SetupError, match="cannot load") as caught:
        backend.load(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_without_the_extra_a_line_says_how_to_get_it(monkeypatch):
    def missing(name: str):
        raise ImportError(name)

    monkeypatch.setattr(backend.importlib, "import_module", missing)
    with pytest.raises(SetupError, match=r"pip install 'samovar\[transformers\]'"):
        backend.load("x")
