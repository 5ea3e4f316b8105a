"""Read a streamed answer of the chat completions protocol, trusting nothing in it.

Source: the streaming chapter of the OpenAI API reference, and llama.cpp's server README for
`timings` and `prompt_progress`.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE
from samovar.core.message import Usage

_LONGEST = 1 << 20
"""Bytes of one line; an honest chunk has a few hundred."""


class Garbage(Exception):
    """What came is not an answer; the text says what it is."""


class Delta(Struct):
    """A piece of text."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[Any] | None = None


class Choice(Struct):
    """A piece of one answer; `message` is there when the server does not stream."""

    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None


class Details(Struct):
    """What of the prompt was already known to the server."""

    cached_tokens: int | None = None


class Counted(Struct):
    """Tokens, as the protocol counts them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: Details | None = None


class Timings(Struct):
    """Tokens, as llama.cpp counts them."""

    cache_n: int | None = None
    prompt_n: int | None = None
    predicted_n: int | None = None


class Chunk(Struct):
    """One event of the stream."""

    choices: list[Choice] | None = None
    usage: Counted | None = None
    timings: Timings | None = None
    model: str | None = None
    error: Any = None

    @property
    def spent(self) -> Usage | None:
        """The tokens so far, where the server says so."""
        timings, counted = self.timings, self.usage
        if counted and counted.prompt_tokens is not None:
            details = counted.prompt_tokens_details
            cached = details.cached_tokens if details else None
            if cached is None:
                cached = timings.cache_n if timings else 0
            return _usage(counted.prompt_tokens, cached, counted.completion_tokens)
        if timings and timings.prompt_n is not None:
            cached = timings.cache_n or 0
            return _usage(timings.prompt_n + cached, cached, timings.predicted_n)
        return None


def _usage(prompt: int, cached: int | None, generated: int | None) -> Usage:
    return Usage(max(prompt, 0), max(cached or 0, 0), max(generated or 0, 0))


_decoder = msgspec.json.Decoder(Chunk)


async def chunks(data: AsyncIterator[bytes]) -> AsyncGenerator[Chunk, None]:
    """Yield the events of an answer up to its end mark, streamed or in one piece.

    Raises Garbage when it is neither.
    """
    plain = bytearray()
    streamed = False
    async for line in _lines(data):
        field, _, value = line.partition(b":")
        if field == b"data" and not plain:
            streamed = True
            if value.strip() == b"[DONE]":
                return
            yield _decode(value)
        elif plain or (line.strip() and field not in (b"", b"event", b"id", b"retry")):
            if streamed:
                raise Garbage(f"broken stream: {_shown(line)}")
            plain += line
            if len(plain) > _LONGEST:
                raise Garbage(f"more than {_LONGEST} bytes that are no answer")
    if plain:
        yield _decode(bytes(plain))


async def _lines(data: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for block in data:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line.rstrip(b"\r")
        if len(rest) > _LONGEST:
            raise Garbage(f"a line of more than {_LONGEST} bytes")
    if rest:
        yield rest


def _decode(data: bytes) -> Chunk:
    try:
        chunk = _decoder.decode(data)
    except UNREADABLE as error:
        what = "text that is not UTF-8" if isinstance(error, UnicodeDecodeError) else _shown(data)
        raise Garbage(f"not an answer: {what}") from error
    if chunk.error is not None:
        raise Garbage(f"the server says: {_message(chunk.error)}")
    return chunk


def _message(error: object) -> str:
    text = error.get("message", error) if isinstance(error, dict) else error
    return _shown(str(text).encode())


def _shown(data: bytes) -> str:
    """Return the first of it on one line, safe for a terminal."""
    text = " ".join(data[:400].decode(errors="replace").split())
    return "".join(c if c.isprintable() else "?" for c in text)[:120] or "nothing"
