"""Skills as tools: what a model is told is read from the source, what it calls runs confined."""

from collections.abc import Collection, Iterator
from typing import Any, get_args, get_origin

import msgspec

from samovar.core.errors import ToolError
from samovar.core.text import visible
from samovar.core.tool import Tool
from samovar.memory.skills.shelf import Kept, Shelf, understood
from samovar.memory.skills.signature import Parameter
from samovar.memory.skills.workshop import Workshop

_LONGEST = 4_000
"""Characters of an answer."""


def offered(shelf: Shelf, workshop: Workshop, permitted: Collection[str] | None) -> list[Tool]:
    """Return the skills in use as tools; `permitted` are the names allowed, None allows all.

    What is edited by hand and not tested since, damaged or unreadable is left out.
    """
    return list(_offered(shelf, workshop, permitted))


def _offered(shelf: Shelf, workshop: Workshop, permitted: Collection[str] | None) -> Iterator[Tool]:
    for kept in shelf.all():
        wanted = permitted is None or kept.skill.name in permitted
        if kept.enabled and not kept.fault and wanted:
            try:
                yield as_tool(kept, workshop)
            except ToolError:
                continue


def as_tool(kept: Kept, workshop: Workshop) -> Tool:
    """Return a skill as a tool. Raises ToolError when its source cannot be offered."""
    found = understood(kept)
    name = kept.skill.name
    fields: list[Any] = [
        (p.name, p.type) if p.required else (p.name, p.type, p.default) for p in found.parameters
    ]
    shape = msgspec.defstruct(name, fields, frozen=True, forbid_unknown_fields=True, kw_only=True)

    async def run(**arguments: Any) -> str:
        value = await workshop.call(kept.source, kept.skill.function, arguments)
        return answer(name, value, found.returns)

    example = {p.name: _sample(p) for p in found.parameters if p.required}
    return Tool(name, found.description, "run", shape, example, run)


def answer(name: str, value: Any, promised: Any) -> str:
    """Return a skill's value as text. Raises ToolError when it is not what its hint promised."""
    try:
        msgspec.convert(value, promised, strict=True)
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        raise ToolError(f"{name} returned something else than it promises: {error}") from error
    text = visible(value if isinstance(value, str) else msgspec.json.encode(value).decode())
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}\n[cut: {len(text):,} characters in all; ask {name} for less]"


def _sample(parameter: Parameter) -> Any:
    return _value(parameter.type, parameter.name)


def _value(kind: Any, name: str) -> Any:
    """Return some value of a type, for the example of a correct call."""
    plain = {str: name, int: 1, float: 1.5, bool: True, None: None, Any: name}
    if kind in plain:
        return plain[kind]
    parts = get_args(kind)
    origin = get_origin(kind)
    if origin is list:
        return [_value(parts[0], name)]
    if origin is dict:
        return {"key": _value(parts[1], name)}
    first = parts[0]
    return (
        first
        if isinstance(first, str | int) and not isinstance(first, type)
        else _value(first, name)
    )
