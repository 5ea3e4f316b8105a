"""The pieces of which a change is made: each can be taken back alone. Pure."""

import ast
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from samovar.core.task import lines
from samovar.flow.source import parse
from samovar.flow.variant import Places

Piece = tuple[int, int, list[str]]
"""First and last line in the new text (from 0, the last not included), and what stood there."""


def ends(a: Sequence[str], b: Sequence[str]) -> tuple[int, int]:
    """Return how many lines two texts share at their beginning, and how many more at their end."""
    head = 0
    while head < min(len(a), len(b)) and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < min(len(a), len(b)) - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    return head, tail


def pieces(old: str, new: str) -> list[Piece]:
    """Return what a change consists of, the last piece first; nothing where it is all of one.

    A statement that came in is a piece, and a line that changed in place.
    """
    a, b = lines(old), lines(new)
    head, tail = ends(a, b)
    middle = SequenceMatcher(None, a[head : len(a) - tail], b[head : len(b) - tail], False)
    statements = _statements(new)
    found: list[Piece] = []
    for kind, i, j, first, last in middle.get_opcodes():
        if kind != "equal":
            place = (head + first, head + last)
            found += _apart(kind, a[head + i : head + j], *place, statements)
    return found[::-1] if len(found) > 1 else []


def _apart(
    kind: str, before: list[str], first: int, last: int, statements: list[tuple[int, int]]
) -> list[Piece]:
    """Return the pieces of one place."""
    if kind == "replace" and len(before) == last - first:
        return [(first + n, first + n + 1, [row]) for n, row in enumerate(before)]
    outer: list[tuple[int, int]] = []
    for start, end in statements:
        if first <= start and end <= last and (not outer or start >= outer[-1][1]):
            outer.append((start, end))
    if kind == "insert" or (kind == "replace" and len(outer) > 1):
        return [(start, end, []) for start, end in outer or [(first, last)]]
    return [(first, last, before)]


def _statements(text: str) -> list[tuple[int, int]]:
    """Return the lines of all statements, the outer one before those in it."""
    tree = parse(text)
    found = [
        (n.lineno - 1, n.end_lineno or n.lineno)
        for n in (ast.walk(tree) if tree else ())
        if isinstance(n, ast.stmt)
    ]
    return sorted(found, key=lambda s: (s[0], -s[1]))


def parts(old: str, new: str) -> list[str]:
    """Return the new text without one part of a condition, for each part that only came in.

    Nothing where a condition of the old text is gone: then a part may be what became of it.
    """
    try:
        had, has = set(_conditions(parse(old))), set(_conditions(parse(new)))
        return [] if had - has else list(_without(new, had))
    except RecursionError:
        return []


def _conditions(tree: ast.AST | None) -> Iterator[str]:
    """Yield what is tested in a program, whole and in parts."""
    for node in ast.walk(tree) if tree else ():
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                yield ast.unparse(test)
            case ast.BoolOp(values=tests) | ast.comprehension(ifs=tests):
                yield from map(ast.unparse, tests)
            case ast.Return(value=ast.Compare() | ast.BoolOp() as test):
                yield ast.unparse(test)
            case _:
                pass


def _without(text: str, had: set[str]) -> Iterator[str]:
    tree, places = parse(text), Places(text)
    junctions = [n for n in (ast.walk(tree) if tree else ()) if isinstance(n, ast.BoolOp)]
    for node in junctions:
        word = " and " if isinstance(node.op, ast.And) else " or "
        start, end = places.span(node)
        for part in node.values:
            if not set(_leaves(part)) & had:
                kept = [f"({places.text(v)})" for v in node.values if v is not part]
                yield f"{text[:start]}{word.join(kept)}{text[end:]}"


def _leaves(test: ast.expr) -> Iterator[str]:
    """Yield the conditions that a condition is put together from."""
    if isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from _leaves(value)
    else:
        yield ast.unparse(test)
