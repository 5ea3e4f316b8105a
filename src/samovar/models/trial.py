"""Put single questions to a server and see how it fares; for measuring, not for work."""

import time
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from samovar.core.errors import ModelError, Unreachable
from samovar.models.endpoint import Endpoint
from samovar.models.failures import refusal
from samovar.models.spare import Refusals
from samovar.models.wire import GOOD, heard


class Trial(Struct, frozen=True, kw_only=True):
    """An answer and what it took."""

    text: str
    called: str = ""
    """The tool that was called, if one was."""
    prompt: int = 0
    """Tokens, as the server counted them; 0 when it did not."""
    generated: int = 0
    seconds: float = 0.0
    prefill: float = 0.0
    """Prompt tokens a second, where the server says so."""
    generate: float = 0.0


@dataclass(frozen=True)
class Trials:
    """Puts questions to one model; what it refuses in a request is asked once."""

    endpoint: Endpoint
    refusals: Refusals = field(default_factory=Refusals, init=False, compare=False)

    async def attempt(self, text: str, **fields: Any) -> Trial | None:
        """Return what came of a question; None when nothing did within the time."""
        try:
            return await self.ask(text, **fields)
        except ModelError:
            return None

    async def ask(self, text: str, *, limit: int, seconds: float, **fields: Any) -> Trial:
        """Return what came of a question with an answer of `limit` tokens at most.

        Raises Unreachable, Busy, Rejected or ModelError, one line with the address, when nothing
        did within the time.
        """
        body = {
            "model": self.endpoint.model,
            "messages": [{"role": "user", "content": text}],
            "max_tokens": limit,
            "temperature": 0,
            **fields,
        }
        return await self.refusals.heed(body, lambda wanted: self._put(wanted, seconds))

    async def _put(self, wanted: dict[str, Any], seconds: float) -> Trial:
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
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = _fields(choice).get("message")
        if not isinstance(message, dict):
            raise ModelError(f"{where} sent no answer; look into the server's log")
        usage, timings = _fields(answer.get("usage")), _fields(answer.get("timings"))
        return Trial(
            text=str(message.get("content") or ""),
            called=_called(message.get("tool_calls")),
            prompt=int(_number(usage.get("prompt_tokens"))),
            generated=int(_number(usage.get("completion_tokens"))),
            seconds=took,
            prefill=_number(timings.get("prompt_per_second")),
            generate=_number(timings.get("predicted_per_second")),
        )


def _called(calls: object) -> str:
    first = _fields(calls[0]) if isinstance(calls, list) and calls else {}
    return str(_fields(first.get("function")).get("name") or "")


def _fields(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
