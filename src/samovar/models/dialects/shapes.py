"""Find the calls in a value a model wrote, whichever of the usual shapes it has."""

import json
from collections.abc import Sequence
from typing import Any

from samovar.core.tool import Call
from samovar.models.dialects import lenient
from samovar.models.dialects.offered import Offered, meant, properties, required

_NAMES = ("tool", "name", "function", "tool_name", "function_name", "action", "recipient_name")
_ARGUMENTS = (
    "arguments",
    "args",
    "parameters",
    "params",
    "input",
    "tool_input",
    "action_input",
    "kwargs",
)
_WRAPPERS = ("tool_calls", "tool_call", "calls", "tool_uses", "function_call", "function_calls")
_DEEPEST = 4


def calls(value: Any, tools: Sequence[Offered], depth: int = 0) -> list[Call]:
    """Return the calls of known tools a value stands for; none when it is something else."""
    if depth > _DEEPEST:
        return []
    if isinstance(value, list):
        return [call for item in value for call in calls(item, tools, depth + 1)]
    if not isinstance(value, dict):
        return []
    for name in _NAMES:
        tool = meant(value.get(name), tools)
        if tool is not None:
            call = _call(tool, value, name)
            return [call] if call else []
    for name in (*_WRAPPERS, *_NAMES):
        inner = value.get(name)
        found = calls(inner, tools, depth + 1) if isinstance(inner, dict | list) else []
        if found:
            return found
    return _keyed(value, tools)


def _call(tool: Offered, value: dict[str, Any], name: str) -> Call | None:
    """Return the call of an object that names its tool."""
    parts = properties(tool)
    key = next((k for k in _ARGUMENTS if k in value and (k not in parts or _whole(value[k]))), "")
    if key:
        given = _read(value[key], tool)
        return None if given is None or _echo(given, parts) else made(tool, given)
    rest = {k: v for k, v in value.items() if k != name and k in parts}
    whole = all(k in rest for k in required(tool))
    return made(tool, rest) if whole and (rest or len(value) == 1) else None


def _whole(value: Any) -> bool:
    return isinstance(value, dict)


def _keyed(value: dict[str, Any], tools: Sequence[Offered]) -> list[Call]:
    """Return the call of `{"read_file": {"path": "a.py"}}`."""
    if len(value) != 1:
        return []
    name, inner = next(iter(value.items()))
    tool = meant(name, tools)
    if tool is None or not isinstance(inner, dict) or _echo(inner, properties(tool)):
        return []
    return [made(tool, inner)] if all(k in inner for k in required(tool)) else []


def _read(given: Any, tool: Offered) -> dict[str, Any] | None:
    """Return arguments that may have come as text, as a list, or as nothing."""
    if given is None:
        return {}
    if isinstance(given, str):
        try:
            read = lenient.whole(given) if given.strip() else {}
        except lenient.Broken:
            read = given
        given = read
    if isinstance(given, list) and len(given) <= len(properties(tool)):
        return dict(zip(properties(tool), given, strict=False))
    if isinstance(given, dict):
        return given
    must = required(tool)
    return {must[0]: given} if len(must) == 1 else None


def _echo(given: dict[str, Any], parts: dict[str, Any]) -> bool:
    """Whether these are no arguments but the schema the model was shown."""
    return "properties" in given and "type" in given and "properties" not in parts


def made(tool: Offered, given: dict[str, Any]) -> Call:
    """Return the call, its arguments brought nearer to what the schema asks for."""
    parts = properties(tool)
    inner = given.get("arguments")
    if "arguments" not in parts and len(given) == 1 and isinstance(inner, dict):
        given = inner
    given = {k: v for k, v in given.items() if k in parts or v is not None}
    missing = [name for name in required(tool) if name not in given]
    strange = [name for name in given if name not in parts]
    if len(missing) == 1 and len(strange) == 1 and parts:
        given = {(missing[0] if k == strange[0] else k): v for k, v in given.items()}
    return Call(tool.name, {name: _near(v, parts.get(name)) for name, v in given.items()})


def _near(value: Any, schema: Any) -> Any:
    """Return a value of the type that is asked for, where it plainly means one."""
    said = schema.get("type") if isinstance(schema, dict) else None
    if said == "string" and value is not None and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict) else None)
    if said == "array" and not isinstance(value, list | str):
        return [value]
    if not isinstance(value, str) or said not in ("integer", "number", "boolean", "array"):
        return value
    try:
        read = lenient.whole(value)
    except lenient.Broken:
        return [value] if said == "array" else value
    fits = {
        "integer": isinstance(read, int) and not isinstance(read, bool),
        "number": isinstance(read, int | float) and not isinstance(read, bool),
        "boolean": isinstance(read, bool),
        "array": isinstance(read, list),
    }
    if said == "array" and not fits["array"]:
        return [value]
    return read if fits[said] else value
