"""Whether a value fits a JSON Schema: the part of the standard that servers can be held to.

Source: JSON Schema 2020-12, Validation. References, formats and conditions are not checked; a
schema that uses them is refused rather than half obeyed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from samovar.core.errors import SetupError

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
_TOLD = frozenset(["title", "description", "default", "examples", "$schema", "$id", "$comment"])
_SCHEMAS = 500
"""Parts of a schema, at most."""


def accept(schema: Any) -> dict[str, Any]:
    """Return a schema that can be checked whole. Raises SetupError naming what cannot."""
    waiting = [("$", schema)]
    seen = 0
    while waiting:
        at, node = waiting.pop()
        seen += 1
        if not isinstance(node, dict) or seen > _SCHEMAS:
            raise SetupError(f"{at}: a JSON Schema is an object of objects, at most 500 of them")
        for word, said in node.items():
            _examine(word, said, at)
        waiting += _inner(node, at)
    return dict(schema)


def faults(value: Any, schema: Mapping[str, Any], at: str = "$") -> Iterator[str]:
    """Yield what does not fit, each with its place."""
    if "anyOf" in schema and all(any(faults(value, s, at)) for s in schema["anyOf"]):
        yield f"{at} fits none of the {len(schema['anyOf'])} forms allowed"
    if not _is_kind(value, schema.get("type")):
        yield f"{at} must be {schema['type']}, not {type(value).__name__}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} must be one of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{at} must be {schema['const']!r}"
    match value:
        case dict():
            yield from _object(value, schema, at)
        case list():
            yield from _array(value, schema, at)
        case str():
            yield from _text(value, schema, at)
        case int() | float() if not isinstance(value, bool):
            yield from _bounds(value, schema, ("minimum", "maximum"), at)


def _object(value: dict[str, Any], schema: Mapping[str, Any], at: str) -> Iterator[str]:
    known = schema.get("properties", {})
    yield from (f"{at} lacks {name!r}" for name in schema.get("required", ()) if name not in value)
    for name, each in value.items():
        if name in known:
            yield from faults(each, known[name], f"{at}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{at} has {name!r}, which is not allowed"
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from faults(each, schema["additionalProperties"], f"{at}.{name}")


def _array(value: list[Any], schema: Mapping[str, Any], at: str) -> Iterator[str]:
    yield from _bounds(len(value), schema, ("minItems", "maxItems"), at)
    if "items" in schema:
        for place, each in enumerate(value):
            yield from faults(each, schema["items"], f"{at}[{place}]")


def _text(value: str, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    yield from _bounds(len(value), schema, ("minLength", "maxLength"), at)
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at} must match {schema['pattern']}"


def _bounds(
    size: float, schema: Mapping[str, Any], names: tuple[str, str], at: str
) -> Iterator[str]:
    low, high = schema.get(names[0]), schema.get(names[1])
    if low is not None and size < low:
        yield f"{at} breaks {names[0]} {low}"
    if high is not None and size > high:
        yield f"{at} breaks {names[1]} {high}"


def _is_kind(value: Any, kind: Any) -> bool:
    if kind is None:
        return True
    if isinstance(kind, list):
        return any(_is_kind(value, each) for each in kind)
    if isinstance(value, bool):
        return bool(kind == "boolean")
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _KINDS.get(str(kind), ()))


def _inner(node: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    """Yield the schemas within a schema, each with its place."""
    for name, each in node.get("properties", {}).items():
        yield f"{at}.properties.{name}", each
    for number, each in enumerate(node.get("anyOf", ())):
        yield f"{at}.anyOf[{number}]", each
    for word in ("items", "additionalProperties"):
        if word in node and not (word == "additionalProperties" and isinstance(node[word], bool)):
            yield f"{at}.{word}", node[word]


def _examine(word: str, said: Any, at: str) -> None:
    """Raise SetupError for a word that is not checked here, or that says what it cannot."""
    if word in _TOLD:
        return
    if word not in _CHECKED:
        raise SetupError(
            f"{at}: the schema uses {word!r}, which is not checked here: write it without"
        )
    right, wanted = _CHECKED[word]
    if not right(said):
        raise SetupError(f"{at}.{word} must be {wanted}, not {str(said)[:60]!r}")


def _is_any(_said: Any) -> bool:
    return True


def _is_list(said: Any) -> bool:
    return isinstance(said, list) and bool(said)


def _is_type(said: Any) -> bool:
    kinds = said if _is_list(said) else [said]
    return all(isinstance(kind, str) and kind in _KINDS for kind in kinds)


def _are_names(said: Any) -> bool:
    return isinstance(said, list) and all(isinstance(name, str) for name in said)


def _is_count(said: Any) -> bool:
    return _is_kind(said, "integer") and said >= 0


def _is_number(said: Any) -> bool:
    return _is_kind(said, "number")


def _is_pattern(said: Any) -> bool:
    try:
        return isinstance(said, str) and bool(re.compile(said))
    except (re.error, OverflowError, RecursionError):
        return False


_COUNT = (_is_count, "a whole number, 0 or more")
_NUMBER = (_is_number, "a number")
_CHECKED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "type": (_is_type, f"one of {', '.join(_KINDS)}, or a list of them"),
    "enum": (_is_list, "a list of values"),
    "const": (_is_any, ""),
    "anyOf": (_is_list, "a list of schemas"),
    "properties": (lambda said: isinstance(said, dict), "an object of schemas"),
    "required": (_are_names, "a list of names"),
    "additionalProperties": (_is_any, ""),
    "items": (_is_any, ""),
    **dict.fromkeys(("minItems", "maxItems", "minLength", "maxLength"), _COUNT),
    **dict.fromkeys(("minimum", "maximum"), _NUMBER),
    "pattern": (_is_pattern, "a regular expression as Python has them"),
}
"""What each word of a schema may say; schemas within it are looked at by themselves."""
