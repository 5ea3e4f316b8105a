"""JSON Schemas of arguments: made flat for a grammar, and checked."""

from typing import Any

from samovar.models.conform import faults

_PLAIN = ("type", "enum", "const")
_NEEDLESS = ("$defs", "definitions", "$schema", "title", "additionalProperties")
_DEEPEST = 8
_KINDS = {"string", "integer", "number", "boolean", "array", "object", "null"}


def flat(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of the few words every server's grammar knows, without references.

    What is left out (patterns, lengths, formats) is the tool's to check. A type that contains
    itself becomes any value at the second turn.
    """
    known = _known(schema)
    made = _flat(schema, known, ())
    return made if "properties" in made else {"type": "object", **made}


def _flat(node: Any, known: dict[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(node, dict) or len(above) > _DEEPEST:
        return {}
    if isinstance(node.get("$ref"), str):
        name = node["$ref"].rpartition("/")[2]
        return {} if name in above else _flat(known.get(name), known, (*above, name))
    made = {word: node[word] for word in _PLAIN if word in node and _sound(word, node[word])}
    if isinstance(node.get("allOf"), list) and len(node["allOf"]) == 1:
        return made | _flat(node["allOf"][0], known, above)
    for joined in ("anyOf", "oneOf"):
        if isinstance(node.get(joined), list):
            return {"anyOf": [_flat(option, known, above) for option in node[joined]]}
    if "items" in node:
        made["items"] = _flat(node["items"], known, above)
    if isinstance(node.get("properties"), dict):
        made["type"] = "object"
        made["properties"] = {
            name: _flat(each, known, above) for name, each in node["properties"].items()
        }
        must = node.get("required")
        names = must if isinstance(must, list) else []
        made["required"] = [n for n in names if isinstance(n, str) and n in made["properties"]]
        made["additionalProperties"] = False
    return made


def _sound(word: str, value: Any) -> bool:
    """Whether a word has a value a grammar can be made of; clients send all sorts."""
    if word == "type":
        kinds = value if isinstance(value, list) else [value]
        return bool(kinds) and all(isinstance(k, str) and k in _KINDS for k in kinds)
    return word != "enum" or (isinstance(value, list) and bool(value))


def slim(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema for a prompt: without references, and without what tells a model nothing."""
    made = _slim(schema, _known(schema), ())
    return made if isinstance(made, dict) else {}


def _slim(node: Any, known: dict[str, Any], above: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_slim(item, known, above) for item in node]
    if not isinstance(node, dict) or len(above) > _DEEPEST:
        return node if not isinstance(node, dict) else {}
    if isinstance(node.get("$ref"), str):
        name = node["$ref"].rpartition("/")[2]
        return {} if name in above else _slim(known.get(name, {}), known, (*above, name))
    made = {}
    for word, value in node.items():
        if word == "properties" and isinstance(value, dict):
            made[word] = {name: _slim(each, known, above) for name, each in value.items()}
        elif word not in _NEEDLESS:
            made[word] = _slim(value, known, above)
    return made


def _known(schema: dict[str, Any]) -> dict[str, Any]:
    return {**_part(schema, "definitions"), **_part(schema, "$defs")}


def _part(schema: dict[str, Any], name: str) -> dict[str, Any]:
    part = schema.get(name)
    return part if isinstance(part, dict) else {}


def complaint(value: Any, schema: dict[str, Any], where: str = "arguments") -> str:
    """Return what of a value does not fit a flat schema, in one line; empty when all does."""
    return next(faults(value, schema, where), "")
