"""The pieces of which a change is made: each can be taken back alone. Pure."""

import ast
from difflib import SequenceMatcher

from samovar.core.task import lines
from samovar.flow.source import parse
from samovar.flow.variant import Places

Piece = tuple[int, int, list[str]]
"""First and last line in the new text (from 0, the last not included), and what stood there."""


def pieces(old: str, new: str) -> list[Piece]:
    """Return what a change consists of, the last piece first; nothing where it is all of one.

    A statement that came in is a piece, and a line that changed in place.
    """
    a, b = lines(old), lines(new)
    found: list[Piece] = []
    for kind, i, j, first, last in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        apart = _statements(new, first, last)
        if kind == "replace" and j - i == last - first:
            found += [(first + n, first + n + 1, [a[i + n]]) for n in range(j - i)]
        elif kind == "insert" or (kind == "replace" and len(apart) > 1):
            found += [(start, end, []) for start, end in apart]
        elif kind != "equal":
            found.append((first, last, a[i:j]))
    return found[::-1] if len(found) > 1 else []


def parts(old: str, new: str) -> list[str]:
    """Return the new text without one part of a condition, for each part the old one has not."""
    tree = parse(new)
    places = Places(new)
    before = parse(old)
    known = {
        ast.unparse(n) for n in (ast.walk(before) if before else ()) if isinstance(n, ast.expr)
    }
    found = []
    junctions = [n for n in (ast.walk(tree) if tree else ()) if isinstance(n, ast.BoolOp)]
    for node in junctions:
        for part in node.values:
            if ast.unparse(part) not in known:
                kept = [f"({places.text(v)})" for v in node.values if v is not part]
                word = " and " if isinstance(node.op, ast.And) else " or "
                start, end = places.span(node)
                found.append(f"{new[:start]}{word.join(kept)}{new[end:]}")
    return found


def _statements(text: str, first: int, last: int) -> list[tuple[int, int]]:
    """Return the lines of the outermost statements within some lines, else these as they are."""
    tree = parse(text)
    within = [
        (n.lineno - 1, n.end_lineno or n.lineno)
        for n in (ast.walk(tree) if tree else ())
        if isinstance(n, ast.stmt) and n.lineno > first and (n.end_lineno or n.lineno) <= last
    ]
    outer: list[tuple[int, int]] = []
    for start, end in sorted(within, key=lambda s: (s[0], -s[1])):
        if not outer or start >= outer[-1][1]:
            outer.append((start, end))
    return outer or [(first, last)]
