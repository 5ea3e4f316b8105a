"""What of a request can be left out when a server refuses it, going by its refusal. Pure.

Source: answers with HTTP 400 and 422 as OpenAI, Anthropic's compatible address, Mistral and vLLM
publish them.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

_NEEDED = ("model", "messages", "stream", "max_completion_tokens")
_EXTRA = "extra_body"


def unwelcome(asked: Mapping[str, Any], refusal: object) -> str | None:
    """Return the field that a refusal names and an answer does not need; None where there is none.

    Of several the last: who may not send a temperature and a `top_p` keeps the temperature.
    """
    told = refusal if isinstance(refusal, dict) else {}
    fields = [name for name in _names(asked) if name not in _NEEDED]
    if told.get("param") in fields:
        return str(told["param"])
    said = str(refusal)
    spoken = [name for name in fields if re.search(rf"""['"`]{re.escape(name)}['"`]""", said)]
    return spoken[-1] if spoken else None


def without(asked: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Return a request without some fields; the limit of an answer gets its other name."""
    extra = {k: v for k, v in asked.get(_EXTRA, {}).items() if k not in fields}
    kept = {k: v for k, v in asked.items() if k not in fields and k != _EXTRA}
    if "max_tokens" in fields and "max_tokens" in asked:
        kept["max_completion_tokens"] = asked["max_tokens"]
    return kept | ({_EXTRA: extra} if extra else {})


def _names(asked: Mapping[str, Any]) -> list[str]:
    return [*(name for name in asked if name != _EXTRA), *asked.get(_EXTRA, {})]
