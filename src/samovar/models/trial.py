"""Put one question to a server and see how it fares; for measuring, not for work."""

import time
from typing import Any

from msgspec import Struct

from samovar.models.endpoint import Endpoint
from samovar.models.wire import ask


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


async def attempt(
    endpoint: Endpoint, text: str, *, limit: int, seconds: float, **fields: Any
) -> Trial | None:
    """Return what came of it; None when nothing did within the time."""
    body = {
        "model": endpoint.model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": limit,
        "temperature": 0,
        **fields,
    }
    began = time.monotonic()
    url = f"{endpoint.url.rstrip('/')}/chat/completions"
    answer = await ask(url, body, key=endpoint.key, seconds=seconds)
    took = time.monotonic() - began
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = _fields(choice).get("message")
    if not isinstance(message, dict):
        return None
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
