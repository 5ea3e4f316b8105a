"""Put a step of a case to a model: by the server's own tool calling, or in a dialect of ours."""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from samovar.bench.toolcalls_cases import Case, Step
from samovar.core.errors import ToolError
from samovar.core.tool import Call, Said
from samovar.models.dialects.offered import Outline, Speech
from samovar.models.dialects.rescue import rescue
from samovar.models.dialects.turns import returned
from samovar.models.interview import Interview

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


async def by_server(
    interview: Interview, case: Case, tools: Sequence[Outline], done: int
) -> Answer:
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
    came = await interview.put(messages, limit=_LIMIT, seconds=_SECONDS, tools=listed)
    said = Said(came.text, came.calls)
    rescued = said if said.calls else rescue(came.text, tools)
    return Answer(came.text, said, rescued, came.prompt, came.generated)


async def by_dialect(
    interview: Interview, dialect: Speech, case: Case, tools: Sequence[Outline], done: int
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
    schema = dialect.schema(tools)
    form = {"name": "answer", "strict": True, "schema": schema}
    fields = {"response_format": {"type": "json_schema", "json_schema": form}} if schema else {}
    came = await interview.put(messages, limit=_LIMIT, seconds=_SECONDS, **fields)
    text, spent = came.text, (came.prompt, came.generated)
    try:
        said = dialect.read(text, tools)
    except ToolError:
        found = rescue(text, tools)
        return Answer(text, Said(), found if found.calls else Said(), *spent)
    return Answer(text, said, said if said.calls else rescue(said.text, tools), *spent)


def _called(step: Step, id: str) -> Messages:
    function = {"name": step.expect[0].tool, "arguments": json.dumps(step.call)}
    call = {"id": id, "type": "function", "function": function}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": id, "content": step.result},
    ]
