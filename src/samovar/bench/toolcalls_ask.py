"""Put a step of a case to a model: by the server's own tool calling, or in a dialect of ours."""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from samovar.bench.toolcalls_cases import Case, Step
from samovar.core.errors import ToolError, Unreachable
from samovar.core.tool import Call, Said
from samovar.models.dialects.offered import Outline, Speech
from samovar.models.dialects.rescue import rescue
from samovar.models.dialects.turns import returned
from samovar.models.wire import ask

_SYSTEM = "You are a coding assistant. You work in a project of the user."
_LIMIT = 220
"""Tokens of an answer."""
_SECONDS = 600.0

Messages = list[dict[str, Any]]


class Answer(Struct, frozen=True):
    """What came, as its own reader takes it, and with rescue."""

    text: str
    said: Said
    rescued: Said
    prompt: int = 0
    generated: int = 0


class Place(Struct, frozen=True):
    """The server that is measured."""

    url: str
    model: str
    key: str = ""


async def by_server(place: Place, case: Case, tools: Sequence[Outline], done: int) -> Answer:
    """Offer the tools in the request and read nothing but the `tool_calls` of the response."""
    listed = [
        {
            "type": "function",
            "function": {
                "name": t.name,
                "description": t.description,
                "parameters": t.parameters,
            },
        }
        for t in tools
    ]
    messages: Messages = [{"role": "system", "content": _SYSTEM}]
    messages += [{"role": "user", "content": case.ask}]
    for number, step in enumerate(case.asked[:done]):
        messages += _called(step, f"call_{number}")
    message, usage = await _ask(place, {"messages": messages, "tools": listed})
    text = str(message.get("content") or "")
    calls = tuple(c for c in map(_call, message.get("tool_calls") or ()) if c)
    said = Said(text, calls)
    return Answer(text, said, said if calls else rescue(text, tools), *usage)


async def by_dialect(
    place: Place, dialect: Speech, case: Case, tools: Sequence[Outline], done: int
) -> Answer:
    """Offer the tools in the system prompt and read the text of the response."""
    messages: Messages = [
        {"role": "system", "content": f"{_SYSTEM}\n\n{dialect.offer(tools)}"},
        {"role": "user", "content": case.ask},
    ]
    for step in case.asked[:done]:
        call = Call(str(step.expect[0].tool), step.call)
        messages.append({"role": "assistant", "content": dialect.show(Said("", (call,)))})
        messages.append({"role": "user", "content": returned(call.tool, step.result)})
    body: dict[str, Any] = {"messages": messages}
    schema = dialect.schema(tools)
    if schema is not None:
        form = {"name": "answer", "strict": True, "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    message, usage = await _ask(place, body)
    text = str(message.get("content") or "")
    try:
        said = dialect.read(text, tools)
    except ToolError:
        found = rescue(text, tools)
        return Answer(text, Said(), found if found.calls else Said(), *usage)
    return Answer(text, said, said if said.calls else rescue(said.text, tools), *usage)


def _called(step: Step, id: str) -> Messages:
    function = {"name": step.expect[0].tool, "arguments": json.dumps(step.call)}
    call = {"id": id, "type": "function", "function": function}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": id, "content": step.result},
    ]


def _call(value: Any) -> Call | None:
    function = value.get("function") if isinstance(value, dict) else None
    if not isinstance(function, dict):
        return None
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except ValueError:
        arguments = {}
    return Call(str(function.get("name")), arguments if isinstance(arguments, dict) else {})


async def _ask(place: Place, body: dict[str, Any]) -> tuple[dict[str, Any], tuple[int, int]]:
    url = f"{place.url.rstrip('/')}/chat/completions"
    whole = {"model": place.model, "temperature": 0, "max_tokens": _LIMIT, **body}
    found = await ask(url, whole, key=place.key, seconds=_SECONDS)
    choices = found.get("choices")
    if not isinstance(choices, list) or not choices:
        raise Unreachable(f"{place.model} at {place.url} gave no answer: look into its log")
    usage = found.get("usage") or {}
    spent = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    return choices[0].get("message") or {}, spent
