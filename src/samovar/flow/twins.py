"""Edits that move several values at once by one: where counting from 0 was taken for from 1. Pure.

A pair of coordinates is wrong in both, or in neither: with one of them mended no test is green yet.
"""

import ast
from collections.abc import Callable, Iterator

Found = Iterator[tuple[float, ast.AST, str]]
Text = Callable[[ast.AST], str]


def twins(node: ast.expr, text: Text) -> Found:
    """Yield a dict, tuple, list or call with all the names in it one more, or one less."""
    match node:
        case ast.Dict(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
            pass
        case ast.Call(args=args, keywords=keywords):
            parts = [*args, *(k.value for k in keywords)]
        case _:
            return
    names = [p for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Load)]
    if len(names) < 2:
        return
    for delta in ("+ 1", "- 1"):
        yield 2.0, node, _moved(node, names, delta, text)


def counted(node: ast.Call, text: Text) -> Found:
    """Yield a count that begins with one."""
    match node:
        case ast.Call(func=ast.Name("enumerate"), args=[of], keywords=[]):
            yield 2.0, node, f"enumerate({text(of)}, 1)"
        case ast.Call(func=ast.Name("range"), args=[end], keywords=[]):
            yield 1.8, node, f"range(1, {text(end)} + 1)"
            yield 2.0, node, f"range(1, {text(end)})"
        case _:
            pass


def _moved(node: ast.expr, names: list[ast.Name], delta: str, text: Text) -> str:
    """Return a node as it is written, with these names of it moved."""
    said, first = text(node), node.col_offset
    rows = said.encode().splitlines(keepends=True)
    for name in reversed(names):
        row = name.lineno - node.lineno
        at = (name.end_col_offset or 0) - (first if row == 0 else 0)
        rows[row] = rows[row][:at] + f" {delta}".encode() + rows[row][at:]
    return b"".join(rows).decode()
