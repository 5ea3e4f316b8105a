"""Read calls that stand between two marks in free text, strictly."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from samovar.core.errors import ToolError
from samovar.core.tool import Call, Said
from samovar.models.dialects.offered import Offered, known

Make = Callable[[re.Match[str], Any, Sequence[Offered]], Call]
_decoder = json.JSONDecoder(strict=False)


def read(
    text: str, tools: Sequence[Offered], opening: re.Pattern[str], closing: str, make: Make
) -> Said:
    """Return the calls between the marks and the text around them.

    The last closing mark may be missing. Raises ToolError for what is no JSON or no call.
    """
    if not tools:
        return Said(text.strip())
    around, calls, at = "", [], 0
    while found := opening.search(text, at):
        around += text[at : found.start()]
        start = _blank(text, found.end())
        try:
            value, end = _decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long"
            raise ToolError(f"what follows {found[0].strip()} is not JSON: {why}") from error
        calls.append(make(found, value, tools))
        at = _blank(text, end)
        if text.startswith(closing, at):
            at += len(closing)
        elif at < len(text):
            raise ToolError(f"{closing} must follow the JSON of a call")
    return Said((around + text[at:]).strip(), tuple(calls))


def named(_found: re.Match[str], value: Any, tools: Sequence[Offered]) -> Call:
    """Return the call of an object with `name` and `arguments`."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise ToolError('a call must be {"name": NAME, "arguments": {...}}')
    return call(value["name"], value.get("arguments", {}), tools)


def call(name: str, arguments: Any, tools: Sequence[Offered]) -> Call:
    """Return a call of a known tool. Raises ToolError when it is none."""
    tool = known(name, tools)
    if not isinstance(arguments, dict):
        raise ToolError(f"{name}: the arguments must be a JSON object")
    return Call(tool.name, arguments)


def _blank(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at
