"""The action dialect: an answer is a JSON object or a list, held to a schema by the server.

`{"tool": "read_file", "arguments": {"path": "a.py"}}`, or `{"tool": "reply", ...}` to speak. Small
models that print their native calls as text get this right, since nothing else can be written.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from samovar.core.errors import ToolError
from samovar.core.tool import Call, Said
from samovar.models.dialects import offered, schemas
from samovar.models.dialects.offered import Offered

REPLY = "reply"
_OFFER = """\
You may use tools to do what the user asks. The tools are:
<tools>
{tools}
</tools>

Answer with one JSON object and nothing else. To use a tool:
{{"tool": <name of the tool>, "arguments": <object>}}{several}
To speak to the user, when no tool is needed or all is done:
{{"tool": "reply", "arguments": {{"text": <what you say>}}}}"""
"""No example of a real call: small models copy its path into their own."""
_SEVERAL = (
    "\nTo use up to four tools at once, none of which needs what another one tells: "
    "a list of such objects."
)
_MOST = 4
"""Calls of one answer."""


@dataclass(frozen=True)
class Action:
    """Answers that are one call or a list of some, or the call `reply` whose text is the answer."""

    several: bool = True
    """Whether an answer may be a list of calls."""

    def offer(self, tools: Sequence[Offered], /) -> str:
        """Return the lines of the system prompt; nothing without tools."""
        return offered.offer(_OFFER.replace("{several}", _SEVERAL if self.several else ""), tools)

    def schema(self, tools: Sequence[Offered], reply: bool = True, /) -> dict[str, Any] | None:
        """Return the schema of an action, flat and without references; without `reply`, a call."""
        if not tools:
            return None
        calls = [_action(tool.name, schemas.flat(tool.parameters)) for tool in tools]
        items = {"items": {"anyOf": calls}, "minItems": 2, "maxItems": _MOST}
        actions = [*calls, {"type": "array", **items}] if self.several else calls
        if reply:
            text = {"type": "string"}
            speak = {"type": "object", "properties": {"text": text}, "required": ["text"]}
            actions = [*actions, _action(REPLY, {**speak, "additionalProperties": False})]
        return {"anyOf": actions}

    def read(self, text: str, tools: Sequence[Offered], /) -> Said:
        """Take an answer apart. Raises ToolError with one precise line for the model."""
        if not tools:
            return Said(text.strip())
        try:
            value = json.loads(text, strict=False)
        except (ValueError, RecursionError) as error:
            why = str(error) if isinstance(error, json.JSONDecodeError) else "too deep"
            raise ToolError(
                f"the answer must be one JSON object and nothing else: {why}"
            ) from error
        items = value if isinstance(value, list) else [value]
        said = [_said(item, tools) for item in items]
        words = "\n".join(one.text for one in said if one.text)
        return Said(words, tuple(call for one in said for call in one.calls))

    def show(self, said: Said, /) -> str:
        """Write an answer as an object; several calls as a list of them."""
        spoken = [{"tool": REPLY, "arguments": {"text": said.text}}]
        if not said.calls:
            return offered.encoded(spoken[0])
        calls = [{"tool": call.tool, "arguments": call.arguments} for call in said.calls]
        items = [*(spoken if said.text else []), *calls]
        return offered.encoded(items if len(items) > 1 else items[0])


def _action(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"tool": {"const": name}, "arguments": arguments},
        "required": ["tool", "arguments"],
        "additionalProperties": False,
    }


def _said(value: Any, tools: Sequence[Offered]) -> Said:
    if not isinstance(value, dict) or not isinstance(value.get("tool"), str):
        raise ToolError('the answer must be {"tool": NAME, "arguments": {...}}')
    arguments = value.get("arguments", {})
    if not isinstance(arguments, dict):
        raise ToolError('"arguments" must be an object')
    if value["tool"] == REPLY and not any(tool.name == REPLY for tool in tools):
        said = arguments.get("text", "")
        return Said(said if isinstance(said, str) else offered.encoded(said))
    tool = offered.known(value["tool"], tools)
    wrong = schemas.complaint(arguments, schemas.flat(tool.parameters))
    if wrong:
        raise ToolError(f"{tool.name}: {wrong}")
    return Said("", (Call(tool.name, arguments),))
