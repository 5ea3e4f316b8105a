"""The JSON Schema of somebody else's tool, made into plain arguments of ours. Pure.

A schema that lies, is too large or refers to itself without end is refused in one line. Patterns,
formats and lengths are left to the server, which has to check them anyway.
Source: MCP 2026-07-28, server/tools; JSON Schema 2020-12.
"""

import keyword
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from samovar.core.errors import ToolError
from samovar.core.text import one_line, visible

LARGEST = 20_000
"""Bytes of a schema; a small model's whole context has less."""
MOST = 40
"""Arguments of a tool."""
_NODES = 400
_DEEPEST = 12
_OPTIONS = 50
_PLAIN: dict[str, Any] = {"string": str, "integer": int, "number": float, "boolean": bool}
_KNOWN = {*_PLAIN, "array", "object", "null"}
_SAMPLES: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.0, "boolean": True}


class Shape(Struct, frozen=True):
    """Arguments of ours for a tool of others."""

    arguments: type[Struct]
    example: dict[str, Any]
    names: dict[str, str]
    """From the names of our fields to the names the server knows."""


def shape(name: str, schema: object) -> Shape:
    """Return the arguments a schema describes. Raises ToolError with what is wrong with it."""
    reader = _Reader(_sized(schema))
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    example: dict[str, Any] = {}
    needed = reader.needed()
    for number, (wire, node) in enumerate(reader.properties().items()):
        field = _field(wire, number)
        hint = reader.hint(node, 0)
        told = reader.told(node)
        meant = Annotated[hint, Meta(description=told)] if told else hint
        names[field] = wire
        if wire in needed:
            fields.append((field, meant))
            example[wire] = reader.sample(node)
        else:
            fields.append((field, Union[meant, UnsetType], UNSET))  # noqa: UP007 - Any | X is no type
    made = msgspec.defstruct(
        name, fields, frozen=True, forbid_unknown_fields=True, kw_only=True, rename=names
    )
    return Shape(made, example, names)


def line(text: object, most: int) -> str:
    """Return what a stranger says as one short line without marks that models or terminals obey."""
    plain = visible(text if isinstance(text, str) else "").translate(_MARKS)
    return one_line(re.sub(r"`{3,}|~{3,}", "'", plain), most)


_MARKS = {ord("<"): "\u2039", ord(">"): "\u203a", ord('"'): "'"}
"""Tags of chat templates and tool calls begin with `<`; a quotation ends with `"`."""


def _sized(schema: object) -> Mapping[str, Any]:
    if not isinstance(schema, dict):
        raise ToolError("its schema is no object")
    try:
        size = len(msgspec.json.encode(schema))
    except (RecursionError, TypeError, ValueError) as error:
        raise ToolError("its schema cannot be read") from error
    if size > LARGEST:
        raise ToolError(f"its schema has {size:,} bytes, more than {LARGEST:,}")
    if schema.get("type", "object") != "object":
        raise ToolError(f"its schema describes no arguments but {_shown(schema.get('type'))}")
    return schema


def _field(wire: str, number: int) -> str:
    plain = wire.isidentifier() and wire.isascii() and not wire.startswith("_")
    return wire if plain and not keyword.iskeyword(wire) else f"argument_{number}"


def _shown(value: object) -> str:
    return line(repr(value), 40)


class _Reader:
    """Reads one schema, counting its steps."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._steps = 0

    def properties(self) -> Mapping[str, Any]:
        """Return the arguments and their schemas."""
        found = self._schema.get("properties", {})
        if not isinstance(found, dict):
            raise ToolError("the properties of its schema are no object")
        if len(found) > MOST:
            raise ToolError(f"it takes {len(found)} arguments, more than {MOST}")
        for name in found:
            if not re.fullmatch(r"[A-Za-z_$][\w.$-]{0,63}", name, re.ASCII):
                raise ToolError(f"{_shown(name)} is no name for an argument")
        return found

    def needed(self) -> set[str]:
        """Return the arguments that must be given."""
        found = self._schema.get("required", [])
        if not isinstance(found, list) or not all(isinstance(n, str) for n in found):
            raise ToolError("its schema requires something that is no list of names")
        unknown = [n for n in found if n not in self.properties()]
        if unknown:
            raise ToolError(f"its schema requires {_shown(unknown[0])} and does not describe it")
        return set(found)

    def hint(self, node: object, depth: int) -> Any:
        """Return the type a schema stands for; Any where it is too involved for a small model."""
        node = self._resolved(node, depth)
        if "const" in node or "enum" in node:
            return self._options(node.get("enum", [node.get("const")]))
        for joined in ("anyOf", "oneOf"):
            if isinstance(node.get(joined), list):
                return self._either([self.hint(each, depth + 1) for each in node[joined]])
        kinds = self._kinds(node)
        return self._either([self._plain(kind, node, depth) for kind in kinds]) if kinds else Any

    def told(self, node: object) -> str:
        """Return what a schema says of itself, with the inside of an object."""
        node = self._resolved(node, 0)
        said = line(node.get("description"), 160)
        inner = node.get("properties")
        if isinstance(inner, dict) and inner:
            keys = ", ".join(line(key, 30) for key in list(inner)[:12])
            said = f"{said} (an object with: {keys})".strip()
        return said

    def sample(self, node: object) -> Any:
        """Return a value that fits."""
        node = self._resolved(node, 0)
        options = node.get("enum", [node["const"]] if "const" in node else None)
        if isinstance(options, list) and options:
            return options[0]
        kinds = self._kinds(node)
        for joined in ("anyOf", "oneOf"):
            if not kinds and isinstance(node.get(joined), list) and node[joined]:
                return self.sample(node[joined][0])
        if "array" in kinds:
            return []
        if "object" in kinds:
            return {}
        return _SAMPLES.get(kinds[0]) if kinds else "text"

    def _resolved(self, node: object, depth: int) -> Mapping[str, Any]:
        for _ in range(_DEEPEST):
            self._steps += 1
            if self._steps > _NODES or depth > _DEEPEST:
                raise ToolError("its schema is too deep, or contains itself")
            if not isinstance(node, dict):
                return {}
            if "$ref" not in node:
                return node
            node = self._referred(node["$ref"])
        raise ToolError("its schema refers to itself")

    def _referred(self, where: object) -> object:
        text = where if isinstance(where, str) else ""
        found = re.fullmatch(r"#/(\$defs|definitions)/([^/]+)", text)
        known = self._schema.get(found[1]) if found else None
        if not found or not isinstance(known, dict) or found[2] not in known:
            raise ToolError(f"its schema refers to {_shown(where)}, which is not in it")
        return known[found[2]]

    def _kinds(self, node: Mapping[str, Any]) -> list[str]:
        said = node.get("type", [])
        kinds = said if isinstance(said, list) else [said]
        for kind in kinds:
            if not isinstance(kind, str) or kind not in _KNOWN:
                raise ToolError(f"its schema speaks of a type {_shown(kind)}, which there is not")
        return kinds

    def _plain(self, kind: str, node: Mapping[str, Any], depth: int) -> Any:
        if kind == "array":
            return list[self.hint(node.get("items"), depth + 1)]  # type: ignore[misc]
        if kind == "object":
            return dict[str, Any]
        return _PLAIN.get(kind)

    def _options(self, found: object) -> Any:
        if not isinstance(found, list) or not found:
            raise ToolError("its schema offers a choice of nothing")
        plain = [o for o in found if isinstance(o, str | int) and not isinstance(o, bool)]
        if any(len(str(o)) > 80 or visible(str(o)) != str(o) for o in plain):
            raise ToolError("its schema offers a choice that is no plain word")
        if len(plain) < len(found) or len(plain) > _OPTIONS:
            return Any
        return Literal[tuple(plain)]

    def _either(self, hints: list[Any]) -> Any:
        """Return a union where msgspec can tell its members apart: something, or nothing."""
        real = [h for h in dict.fromkeys(hints) if h is not None]
        if len(real) == 1:
            return Union[real[0], None] if None in hints else real[0]  # noqa: UP007
        return Any if real else None
