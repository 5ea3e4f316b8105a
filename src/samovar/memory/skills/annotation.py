"""Type hints as types, read from the syntax tree; nothing of what is read is ever evaluated."""

import ast
from typing import Any, Literal, Optional, Union

import msgspec

from samovar.core.errors import ToolError

_PLAIN: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": bool}
_DEEP = 4
"""Levels a type may nest."""
NAMES = frozenset({*_PLAIN, "list", "List", "dict", "Dict", "Literal", "Optional", "Union"})
"""What a hint may name; a file that gives one of these names another meaning is refused."""
KNOWN = "str, int, float, bool, None, list[...], dict[str, ...], Literal[...], and A | B of these"


def hint(node: ast.expr) -> Any:
    """Return the type a hint names, one that values can be checked against.

    Raises ToolError for anything but plain data.
    """
    found = _read(node, 0)
    try:
        msgspec.json.Decoder(found)
    except (TypeError, RecursionError) as error:
        raise ToolError("the type hint mixes kinds of data JSON cannot tell apart") from error
    return found


def _read(node: ast.expr, deep: int = 0) -> Any:
    if deep > _DEEP:
        raise ToolError(f"a type nests deeper than {_DEEP} levels: use a simpler one")
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str() as text):
            return _read(_quoted(text), deep + 1)
        case ast.Name(id=name) if name in _PLAIN:
            return _PLAIN[name]
        case ast.Name(id="list" | "List"):
            return list[Any]
        case ast.Name(id="dict" | "Dict"):
            return dict[str, Any]
        case ast.Attribute(value=ast.Name(id="typing" | "t"), attr=name):
            return _read(ast.copy_location(ast.Name(name), node), deep)
        case ast.BinOp(op=ast.BitOr()):
            return _either(_sides(node), deep)
        case ast.Subscript(value=value, slice=inner):
            return _of(_name(value), inner, deep)
        case _:
            raise _unknown(node)


def _of(name: str, inner: ast.expr, deep: int) -> Any:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    match name, parts:
        case ("list" | "List", [one]):
            return list[_read(one, deep + 1)]  # type: ignore[misc]
        case ("dict" | "Dict", [ast.Name(id="str"), value]):
            return dict[str, _read(value, deep + 1)]  # type: ignore[misc]
        case ("Literal", _):
            return Literal[_choices(parts)]
        case ("Optional", [one]):
            return Optional[_read(one, deep + 1)]  # noqa: UP045 - made at run time
        case ("Union", [_, _, *_]):
            return _either(parts, deep)
        case _:
            raise _unknown(inner)


def _either(parts: list[ast.expr], deep: int) -> Any:
    found = tuple(_read(part, deep + 1) for part in parts)
    return Union[found]  # noqa: UP007 - made at run time


def _sides(node: ast.expr) -> list[ast.expr]:
    sides: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and len(sides) < 9:
        sides.append(node.right)
        node = node.left
    return [node, *reversed(sides)]


def _choices(parts: list[ast.expr]) -> tuple[str | int, ...]:
    values = [p.value for p in parts if isinstance(p, ast.Constant)]
    fit = [v for v in values if isinstance(v, str | int) and not isinstance(v, bool)]
    kinds = {type(v) for v in fit}
    if len(fit) != len(parts) or len(kinds) != 1 or len(fit) > 50:
        raise ToolError("Literal takes 1 to 50 texts, or as many whole numbers, and nothing else")
    return tuple(fit)


def _quoted(text: str) -> ast.expr:
    try:
        return ast.parse(text[:200], mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ToolError(f"the type hint {text[:40]!r} cannot be read") from error


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="typing" | "t"), attr=name):
            return name
        case _:
            raise _unknown(node)


def _unknown(node: ast.AST) -> ToolError:
    name = getattr(node, "id", "") or getattr(node, "attr", "") or type(node).__name__
    return ToolError(f"a tool's types are plain data ({KNOWN}), not {name[:40]}")
