"""Put single questions to a server and see how it fares; for measuring, not for work."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from samovar.core.errors import ModelError, Unreachable
from samovar.core.tool import Call
from samovar.models.endpoint import Endpoint, unthought
from samovar.models.failures import refusal
from samovar.models.spare import Refusals
from samovar.models.wire import GOOD, heard

_THOUGHTS = 1000
"""Tokens more for a model that thinks whatever it is told."""
_THINKING = 240.0
"""Seconds more for them."""


class Answer(Struct, frozen=True, kw_only=True):
    """What came of a question, and what it took."""

    text: str
    calls: tuple[Call, ...] = ()
    """The tools that were called, as the server tells them."""
    unsaid: bool = False
    """Whether the limit cut it off within its thoughts, before a word was said."""
    prompt: int = 0
    """Tokens, as the server counted them; 0 when it did not."""
    generated: int = 0
    """Tokens, thoughts included."""
    seconds: float = 0.0
    prefill: float = 0.0
    """Prompt tokens a second, where the server says so."""
    generate: float = 0.0


@dataclass(frozen=True)
class Interview:
    """Puts questions to one model; what it refuses in a request is asked once."""

    endpoint: Endpoint
    refusals: Refusals = field(default_factory=Refusals, init=False, compare=False)

    async def said(self, text: str, *, limit: int, seconds: float, **fields: Any) -> Answer | None:
        """Return what a model says to a question; None when nothing came within the time.

        `limit` is meant for what is said: who thinks first is asked again with room for that.
        """
        answer = await self.attempt(text, limit=limit, seconds=seconds, **fields)
        if answer is None or not answer.unsaid:
            return answer
        limit, seconds = limit + _THOUGHTS, seconds + _THINKING
        return await self.attempt(text, limit=limit, seconds=seconds, **fields)

    async def attempt(self, text: str, **fields: Any) -> Answer | None:
        """Return what came of a question; None when nothing did within the time."""
        try:
            return await self.ask(text, **fields)
        except ModelError:
            return None

    async def ask(self, text: str, **fields: Any) -> Answer:
        """Return what came of a question; limits and errors are those of `put`."""
        return await self.put([{"role": "user", "content": text}], **fields)

    async def put(
        self, messages: Sequence[dict[str, Any]], *, limit: int, seconds: float, **fields: Any
    ) -> Answer:
        """Return what came of messages with an answer of `limit` tokens at most.

        Raises Unreachable, Busy, Rejected or ModelError, one line with the address, when nothing
        did within the time.
        """
        body: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": messages,
            "max_tokens": limit,
            "temperature": 0,
            **unthought(self.endpoint.kind),
            **fields,
        }
        return await self.refusals.heed(body, lambda wanted: self._send(wanted, seconds))

    async def _send(self, wanted: dict[str, Any], seconds: float) -> Answer:
        began = time.monotonic()
        url = f"{self.endpoint.url}/chat/completions"
        status, answer = await heard(url, wanted, key=self.endpoint.key, seconds=seconds)
        took = time.monotonic() - began
        where = f"{self.endpoint.model} at {self.endpoint.shown}"
        if not status:
            raise Unreachable(f"{where} does not answer: start the server, or run 'samovar doctor'")
        if status not in GOOD:
            raise refusal(self.endpoint, status, answer.get("error", answer))
        choices = answer.get("choices")
        choice = _fields(choices[0] if isinstance(choices, list) and choices else None)
        message = choice.get("message")
        if not isinstance(message, dict):
            raise ModelError(f"{where} sent no answer; look into the server's log")
        usage, timings = _fields(answer.get("usage")), _fields(answer.get("timings"))
        text, calls = str(message.get("content") or ""), _calls(message.get("tool_calls"))
        thought = message.get("reasoning_content") or message.get("reasoning")
        cut = choice.get("finish_reason") == "length"
        return Answer(
            text=text,
            calls=calls,
            unsaid=bool(thought and cut and not text.strip() and not calls),
            prompt=int(_number(usage.get("prompt_tokens"))),
            generated=int(_number(usage.get("completion_tokens"))),
            seconds=took,
            prefill=_number(timings.get("prompt_per_second")),
            generate=_number(timings.get("predicted_per_second")),
        )


def _calls(found: object) -> tuple[Call, ...]:
    entries = found if isinstance(found, list) else []
    functions = [_fields(_fields(entry).get("function")) for entry in entries]
    return tuple(Call(str(f.get("name")), _arguments(f.get("arguments"))) for f in functions if f)


def _arguments(text: object) -> dict[str, Any]:
    try:
        return _fields(json.loads(str(text or "{}")))
    except (ValueError, RecursionError):
        return {}


def _fields(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
