"""What of a request a server refuses and an answer does not need is left out.

Source: answers with HTTP 400 and 422 as OpenAI, Anthropic's compatible address, Mistral and vLLM
publish them.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from samovar.models.failures import Malformed

T = TypeVar("T")
_NEEDED = ("model", "messages", "stream", "max_completion_tokens")
_EXTRA = "extra_body"
_PLACE = re.compile(r"""['"]loc['"]: [(\[]['"]body['"], ['"](\w+)['"]""")
"""Where rows of a refusal are told as text."""
_QUOTED = re.compile(r"""['"`](\w+)['"`]""")


@dataclass
class Refusals:
    """What one model refused, and is not sent again."""

    fields: frozenset[str] = frozenset()

    async def heed(
        self,
        asked: Mapping[str, Any],
        send: Callable[[dict[str, Any]], Awaitable[T]],
        tell: Callable[[str], None] = lambda _: None,
    ) -> T:
        """Send a request, each time without what was refused by name, until it passes.

        Only then is it known that the refusals meant what they named. `tell` hears each name.
        Raises what `send` raises.
        """
        fields = self.fields
        while True:
            wanted = without(asked, fields)
            try:
                answer = await send(wanted)
            except Malformed as error:
                name = unwelcome(wanted, error.told)
                if name is None:
                    raise
                fields |= {name}
                tell(name)
            else:
                self.fields |= fields
                return answer


def unwelcome(asked: Mapping[str, Any], told: object) -> str | None:
    """Return the field that a refusal names and an answer does not need; None where there is none.

    Of several the last: who may not send a temperature and a `top_p` keeps the temperature.
    """
    fields = [name for name in _names(asked) if name not in _NEEDED]
    if isinstance(told, dict) and told.get("param") in fields:
        return str(told["param"])
    named = _named(told)
    spoken = [name for name in fields if name in named]
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


def _named(told: object) -> set[str]:
    """Return what a refusal names itself: a request that it sends back does not count."""
    match told:
        case str():
            return set(_PLACE.findall(told) or _QUOTED.findall(told.partition("{")[0]))
        case [*rows]:
            return {name for row in rows for name in _place(row)}
        case {"message": said} | {"detail": said}:
            return _named(said)
    return set()


def _place(row: object) -> list[str]:
    """Return the field that a place in a request lies in, such as ["body", "seed"]."""
    match row:
        case {"loc": ["body", str(name), *_]} | {"loc": [str(name), *_]}:
            return [name]
    return []
