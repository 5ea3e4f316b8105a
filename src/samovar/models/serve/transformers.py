"""A model of Transformers in this process, in place of a server behind ours.

Nothing here can hold an answer to a schema: calls of tools are read from plain text, and a
`response_format` is refused. Source: Transformers' documentation, text generation and streamers.
"""

import asyncio
import importlib
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import TemplateError

from samovar.core.errors import SetupError
from samovar.models.serve.fault import Fault, invalid, too_long

Fields = dict[str, Any]
_CONTEXT = 4096
"""Tokens, where the model's configuration does not say."""
_BEYOND = ("logit_bias", "logprobs", "presence_penalty", "frequency_penalty")
"""What may be asked of other servers and not of this one."""


@dataclass(frozen=True)
class Transformers:
    """A tokenizer and a network; they write one answer at a time."""

    model: str
    tokenizer: Any
    network: Any
    transformers: Any
    torch: Any
    forms: bool = False
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def context(self) -> int:
        """Tokens of a prompt and its answer together."""
        return int(getattr(self.network.config, "max_position_embeddings", 0) or _CONTEXT)

    async def chat(self, body: Fields) -> AsyncGenerator[Fields, None]:
        """Yield the chunks of an answer. Raises Fault for what this backend cannot do."""
        for name in _BEYOND:
            if body.get(name):
                raise _beyond(f"{name} with Transformers: leave it out", name)
        async with self._alone:
            prompt = await asyncio.to_thread(self._prompt, body["messages"])
            size = int(prompt["input_ids"].shape[1])
            if size >= self.context:
                raise too_long(size, self.context)
            limit = min(body["max_tokens"], self.context - size)
            async for chunk in self._written(prompt, drawn(body, limit), body):
                yield chunk

    async def embed(self, _body: Fields) -> Fields:
        """Raise Fault: a model that writes is no good judge of meaning."""
        raise _beyond("embeddings with Transformers: name a model server with --upstream")

    async def _written(
        self, prompt: Mapping[str, Any], manner: Fields, body: Fields
    ) -> AsyncGenerator[Fields, None]:
        enough = threading.Event()
        streamer = self.transformers.TextIteratorStreamer(
            self.tokenizer, skip_prompt=True, skip_special_tokens=True
        )

        def write() -> Sequence[int]:
            return self._write(prompt, {**manner, "streamer": streamer}, body, enough)

        work = asyncio.create_task(asyncio.to_thread(write))
        try:
            async for text in until(_pieces(streamer), tuple(body.get("stop", ())), enough):
                if text:
                    yield {"choices": [{"index": 0, "delta": {"content": text}}]}
        finally:
            # Whoever leaves sets the processor free.
            enough.set()
            await asyncio.wait({work})
        yield self._end(work, prompt, manner["max_new_tokens"])

    def _end(self, work: "asyncio.Task[Sequence[int]]", prompt: Any, limit: int) -> Fields:
        try:
            tokens = work.result()
        except (RuntimeError, ValueError) as error:
            said = " ".join(str(error).split())[:300]
            raise Fault(502, f"the model failed: {said}", code="upstream_error") from error
        read = int(prompt["input_ids"].shape[1])
        usage = {"prompt_tokens": read, "completion_tokens": len(tokens)}
        ended = len(tokens) < limit or tokens[-1] in _ends(self.network)
        choice = {"index": 0, "delta": {}, "finish_reason": "stop" if ended else "length"}
        return {"choices": [choice], "usage": {**usage, "total_tokens": read + len(tokens)}}

    def _prompt(self, messages: Sequence[Fields]) -> Any:
        """Return the tokens of a conversation. Raises Fault where the model's template does."""
        if self.tokenizer.chat_template:
            try:
                made = self.tokenizer.apply_chat_template(
                    messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
                )
            except TemplateError as error:
                said = " ".join(str(error).split())[:300]
                raise invalid(f"the model's chat template refuses: {said}", "messages") from error
        else:
            text = "\n\n".join(f"{m['role']}: {m['content']}" for m in messages)
            made = self.tokenizer(f"{text}\n\nassistant:", return_tensors="pt")
        return made.to(self.network.device)

    def _write(
        self, prompt: Any, manner: Fields, body: Fields, enough: threading.Event
    ) -> Sequence[int]:
        """Write an answer to its end; return its tokens. Runs in a thread."""
        torch = self.torch

        def stopped(ids: Any, _scores: Any, **_more: Any) -> Any:
            return torch.full((ids.shape[0],), enough.is_set(), device=ids.device)

        try:
            if body.get("seed") is not None:
                torch.manual_seed(body["seed"])
            with torch.inference_mode():
                made = self.network.generate(**prompt, **manner, stopping_criteria=[stopped])
        finally:
            manner["streamer"].end()
        found: Sequence[int] = made[0, prompt["input_ids"].shape[1] :].tolist()
        return found


def load(name: str) -> Transformers:
    """Return a model from a folder, or from the cache of Hugging Face. Takes a while.

    Weights that could run code when they are read (pickles) are refused. Raises SetupError.
    """
    try:
        torch, library = map(importlib.import_module, ("torch", "transformers"))
    except ImportError as error:
        text = "this backend needs an extra: pip install 'samovar[transformers]'"
        raise SetupError(text) from error
    library.utils.logging.set_verbosity_error()
    library.utils.logging.disable_progress_bar()
    try:
        tokenizer = library.AutoTokenizer.from_pretrained(name)
        network = library.AutoModelForCausalLM.from_pretrained(
            name, dtype="auto", use_safetensors=True
        )
    except (OSError, ValueError, KeyError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)[:200]
        raise SetupError(f"Transformers cannot load {name!r}: {first}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    network.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    return Transformers(name.rstrip("/").rpartition("/")[2], tokenizer, network, library, torch)


def drawn(body: Fields, limit: int) -> Fields:
    """Return how `generate` draws, for the fields of a request."""
    warmth = body.get("temperature", 1.0)
    manner: Fields = {"max_new_tokens": limit, "do_sample": warmth > 0}
    if "repeat_penalty" in body:
        manner["repetition_penalty"] = float(body["repeat_penalty"])
    if warmth > 0:
        manner |= {"temperature": float(warmth), "top_k": max(0, body.get("top_k", 0))}
        manner["top_p"] = max(1e-6, float(body.get("top_p", 1.0)))
        manner |= {"min_p": float(body["min_p"])} if "min_p" in body else {}
    return manner


async def until(
    pieces: AsyncIterator[str], marks: Sequence[str], enough: threading.Event
) -> AsyncIterator[str]:
    """Yield a text as it comes, up to the first of the marks, which ends it."""
    held, kept = "", max((len(mark) for mark in marks), default=1) - 1
    async for piece in pieces:
        held += piece
        found = [place for mark in marks if (place := held.find(mark)) >= 0]
        if found:
            enough.set()
            yield held[: min(found)]
            return
        ready = max(0, len(held) - kept)
        yield held[:ready]
        held = held[ready:]
    yield held


async def _pieces(streamer: Any) -> AsyncIterator[str]:
    """Yield what a streamer gives; it waits in a thread."""
    rows = iter(streamer)
    while (text := await asyncio.to_thread(next, rows, None)) is not None:
        yield text


def _ends(network: Any) -> Sequence[int]:
    found = network.generation_config.eos_token_id
    return found if isinstance(found, list) else [found]


def _beyond(what: str, param: str | None = None) -> Fault:
    return Fault(501, f"this server cannot do {what}", code="not_supported", param=param)
