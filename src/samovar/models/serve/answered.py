"""The answer of the server behind ours, turned into what the chat completions protocol has."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from samovar.core.errors import ToolError
from samovar.core.text import joined
from samovar.core.tool import Call, Said
from samovar.models.dialects.offered import Speech
from samovar.models.dialects.rescue import rescue
from samovar.models.dialects.streamed import Stream, spoken, surely
from samovar.models.serve.asked import Asked
from samovar.models.serve.fault import Fault

Fields = dict[str, Any]
_STRAY = ("timings", "prompt_progress", "__verbose")
"""Fields of llama.cpp's chunks that the protocol does not have."""


@dataclass
class Heard:
    """An answer as far as it has come."""

    text: str = ""
    thought: str = ""
    finish: str = ""
    usage: Fields | None = None
    logprobs: list[Any] = field(default_factory=list)

    def add(self, chunk: Fields) -> None:
        """Take a chunk in."""
        if isinstance(chunk.get("usage"), dict):
            self.usage = chunk["usage"]
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta") or choice.get("message") or {}
            self.text += delta.get("content") or ""
            self.thought += delta.get("reasoning_content") or ""
            self.finish = choice.get("finish_reason") or self.finish
            self.logprobs += (choice.get("logprobs") or {}).get("content") or ()


@dataclass(frozen=True)
class Head:
    """What every object of one answer begins with."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def fields(self, kind: str, choices: list[Fields]) -> Fields:
        """Return an object of a kind."""
        made = {"id": self.id, "object": kind, "created": self.created, "model": self.model}
        return {**made, "choices": choices}


def message(heard: Heard, asked: Asked, speech: Speech) -> tuple[Fields, str]:
    """Return the assistant's message and why it ended.

    Raises Fault when a tool had to be called and the model managed none.
    """
    said = _said(heard, asked, speech)
    cut = min((place for mark in asked.stop if (place := said.text.find(mark)) >= 0), default=None)
    content: str | None = said.text[:cut]
    made: Fields = {"role": "assistant", "content": content}
    if heard.thought:
        made["reasoning_content"] = heard.thought
    if not said.calls:
        if asked.must and heard.finish != "length":
            raise Fault(502, "the model called no tool though it had to: ask again", code="no_call")
        return made, heard.finish or "stop"
    calls = [_call(call) for call in said.calls[: 1 if asked.single else None]]
    return {**made, "content": content or None, "tool_calls": calls}, "tool_calls"


def _said(heard: Heard, asked: Asked, speech: Speech) -> Said:
    if not asked.tools:
        return Said(heard.text)
    try:
        return speech.read(heard.text, asked.tools)
    except ToolError:
        if heard.finish == "length":
            # Of an action that was cut, the begin of a reply can be kept, but no call.
            return Said(spoken(heard.text))
        return rescue(heard.text, asked.tools)


def _call(call: Call) -> Fields:
    function = {"name": call.tool, "arguments": json.dumps(call.arguments, ensure_ascii=False)}
    return {"id": f"call_{secrets.token_hex(12)}", "type": "function", "function": function}


async def completion(
    chunks: AsyncIterator[Fields], asked: Asked, speech: Speech, head: Head
) -> Fields:
    """Return the one object of an answer that is not streamed."""
    heard = Heard()
    async for chunk in chunks:
        heard.add(chunk)
    said, finish = message(heard, asked, speech)
    choice: Fields = {"index": 0, "message": said, "finish_reason": finish}
    choice["logprobs"] = {"content": heard.logprobs} if heard.logprobs else None
    return {**head.fields("chat.completion", [choice]), "usage": heard.usage}


async def passed(chunks: AsyncIterator[Fields], asked: Asked, head: Head) -> AsyncIterator[bytes]:
    """Yield the events of an answer without tools, as they come."""
    usage = None
    async for chunk in chunks:
        usage = chunk.get("usage") or usage
        choices = chunk.get("choices") or []
        if choices and not chunk.get("prompt_progress"):
            rest = {n: v for n, v in chunk.items() if n not in (*_STRAY, "usage")}
            yield event({**rest, **head.fields("chat.completion.chunk", choices)})
        else:
            yield b": reading\n\n"
    for last in _end(asked, head, usage):
        yield last


async def called(
    chunks: AsyncIterator[Fields], asked: Asked, speech: Speech, head: Head
) -> AsyncIterator[bytes]:
    """Yield the events of an answer that may hold calls: words as they come, calls at the end.

    Words that may still become a call wait, and so do those of an answer that must be a call.
    While nothing can be told, a comment every five seconds keeps the connection alive.
    """
    heard, told = Heard(), time.monotonic()
    stream = Stream(surely(asked.tools, asked.stop))
    async for chunk in chunks:
        before = len(heard.text)
        heard.add(chunk)
        first = not stream.shown
        fresh = "" if asked.must else stream.feed(heard.text[before:])
        if fresh or time.monotonic() - told > 5:
            told = time.monotonic()
            yield _words(fresh, first, head) if fresh else b": working\n\n"
    said, finish = message(heard, asked, speech)
    for delta in _deltas(said, stream.shown):
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        yield event(head.fields("chat.completion.chunk", [choice]))
    choice = {"index": 0, "delta": {}, "finish_reason": finish}
    yield event(head.fields("chat.completion.chunk", [choice]))
    for last in _end(asked, head, heard.usage):
        yield last


def _words(fresh: str, first: bool, head: Head) -> bytes:
    delta = {"role": "assistant", "content": fresh} if first else {"content": fresh}
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return event(head.fields("chat.completion.chunk", [choice]))


def _deltas(said: Fields, shown: str) -> Iterator[Fields]:
    """Yield what is left of a message of whose words some were told."""
    words = (said["content"] or "").lstrip()
    if not shown:
        yield {"role": "assistant", "content": said["content"]}
    elif words.startswith(shown) and words != shown:
        yield {"content": words[len(shown) :]}
    for index, call in enumerate(said.get("tool_calls", ())):
        function = call["function"]
        yield {"tool_calls": [{"index": index, **call, "function": {**function, "arguments": ""}}]}
        yield {"tool_calls": [{"index": index, "function": {"arguments": function["arguments"]}}]}


def _end(asked: Asked, head: Head, usage: Fields | None) -> Iterator[bytes]:
    if asked.usage:
        yield event({**head.fields("chat.completion.chunk", []), "usage": usage})
    yield b"data: [DONE]\n\n"


def event(fields: Fields) -> bytes:
    """Return an event of a stream."""
    return b"data: " + encoded(fields) + b"\n\n"


def encoded(fields: Fields) -> bytes:
    """Return an object as JSON; half a character, which no UTF-8 can hold, becomes U+FFFD."""
    return joined(json.dumps(fields, ensure_ascii=False)).encode()
