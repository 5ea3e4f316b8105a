"""Noticing that a model goes round in circles. Pure."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from samovar.core.talk import Item, Replied, Used
from samovar.core.tool import Returned

SAME = 3
"""So often the same call with the same result is no accident."""
LONGEST = 5
"""Acts of a round that comes twice."""
ERRORS = 3
"""So often the same error."""
WORDS = 3
"""So many answers in a row without a usable call, or alike."""

Act = tuple[str, str, str]
"""Tool, arguments and result."""


def find(items: Sequence[Item]) -> str:
    """Return what the model is told about its circle; an empty string when it is in none.

    `items` are those of one turn. After OpenHands' and opencode's detectors: the same act, a
    round of a few, the same error from whatever call, answers that do nothing.
    """
    results = [i.result for i in items if isinstance(i, Used)]
    replies = [i for i in items if isinstance(i, Replied)]
    return _same(results) or _round(results) or _error(results) or _monologue(replies)


def _same(results: Sequence[Returned]) -> str:
    last = [_act(r) for r in results[-SAME:]]
    if len(last) < SAME or len(set(last)) > 1:
        return ""
    name = last[-1][0]
    return f"you called {name} {SAME} times with the same arguments and the same result"


def _round(results: Sequence[Returned]) -> str:
    acts = [_act(r) for r in results[-2 * LONGEST :]]
    for length in range(2, LONGEST + 1):
        last = acts[-length:]
        if len(acts) >= 2 * length and acts[-2 * length : -length] == last and len(set(last)) > 1:
            *names, end = (act[0] for act in last)
            return f"you go back and forth between the same calls of {', '.join(names)} and {end}"
    return ""


def _error(results: Sequence[Returned]) -> str:
    last = results[-ERRORS:]
    texts = {_plain(r.text) for r in last}
    if len(last) < ERRORS or any(r.ok for r in last) or len(texts) > 1:
        return ""
    return f"the same error came {ERRORS} times: {_first(last[-1].text)}"


def _monologue(replies: Sequence[Replied]) -> str:
    last = replies[-WORDS:]
    if len(last) < WORDS:
        return ""
    if all(r.complaint and not r.said.calls for r in last):
        return f"your last {WORDS} answers held no usable call and were no end"
    texts = {_plain(r.text) for r in last}
    if len(texts) == 1 and texts != {""} and not last[-1].said.calls:
        return f"your last {WORDS} answers were the same"
    return ""


def _act(result: Returned) -> Act:
    return (result.call.tool, _sorted(result.call.arguments), _plain(result.text))


def _sorted(arguments: dict[str, Any]) -> str:
    return msgspec.json.encode(arguments, order="deterministic").decode()


def _plain(text: str) -> str:
    """Return the text without what differs by itself from one time to the next."""
    without = re.sub(r"0x[0-9a-f]+|\d+(\.\d+)? ?(s|ms|seconds)\b", "#", text.lower())
    return " ".join(without.split())


def _first(text: str) -> str:
    return next((line.strip()[:160] for line in text.splitlines() if line.strip()), "")
