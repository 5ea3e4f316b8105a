"""Long docstrings stay in the file: a model sees their first sentence and writes none of them."""

import ast
from textwrap import dedent

from samovar.core.task import lines
from samovar.flow.source import Definition, parse, top

LONG = 4
"""Lines from which a docstring is left out of a prompt."""
CHARACTERS = 200
"""That are shown of it, at most."""


def short(text: str) -> str:
    """Return the code of a function with the first paragraph in place of a long docstring."""
    rows = lines(text)
    for node in reversed(_definitions(text).values()):
        if (doc := _long(node)) is not None:
            said = _first_paragraph(node)
            rows[doc.lineno - 1 : doc.end_lineno] = [f'{_margin(rows, doc)}"""{said}"""\n']
    return "".join(rows)


def restored(new: str, old: str) -> str:
    """Return rewritten code with the long docstrings that the code had before."""
    rows, before = lines(new), lines(old)
    kept = {
        key: "".join(before[doc.lineno - 1 : doc.end_lineno])
        for key, node in _definitions(old).items()
        if (doc := _long(node)) is not None
    }
    for key, node in reversed(_definitions(new).items()):
        if key in kept:
            body, doc = node.body[0], _doc(node)
            first = top(body)
            end = doc.end_lineno if doc else first - 1
            rows[first - 1 : end] = [_margin(rows, body) + kept[key].lstrip()]
    return "".join(rows)


def _definitions(text: str) -> dict[tuple[str, int], Definition]:
    """Return the definitions from top to bottom, by name and how many of it came before.

    Those whose code begins on the line of their `def` have no place for a docstring.
    """
    flat = dedent(text)
    tree, rows = parse(flat), lines(flat)
    found = [n for n in ast.walk(tree) if isinstance(n, Definition)] if tree else []
    named: dict[tuple[str, int], Definition] = {}
    for node in sorted(found, key=lambda n: n.lineno):
        start = node.body[0]
        number = sum(name == node.name for name, _ in named)
        if not rows[start.lineno - 1][: start.col_offset].strip():
            named[node.name, number] = node
    return named


def _long(node: Definition) -> ast.Expr | None:
    doc = _doc(node)
    return doc if doc and (doc.end_lineno or 0) - doc.lineno + 1 >= LONG else None


def _doc(node: Definition) -> ast.Expr | None:
    match node.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as doc:
            return doc
        case _:
            return None


def _margin(rows: list[str], node: ast.stmt) -> str:
    row = rows[node.lineno - 1]
    return row[: len(row) - len(row.lstrip())]


def _first_paragraph(node: Definition) -> str:
    text = (ast.get_docstring(node) or "").split("\n\n")[0]
    return " ".join(text.split())[:CHARACTERS].replace("\\", "\\\\").replace('"', "'")
