"""Long docstrings stay in the file: a model sees their first sentence and writes none of them."""

import ast
from collections.abc import Iterator
from textwrap import dedent

from samovar.core.task import lines
from samovar.flow.source import Definition, parse

LONG = 3
"""Lines from which a docstring is left out of a prompt."""
WORDS = 200
"""Characters that are shown of it, at most."""


def short(text: str) -> str:
    """Return the code of a function with the first paragraph in place of a long docstring."""
    rows, tree = lines(text), parse(dedent(text))
    for node, doc in reversed(list(_long(tree))):
        first = rows[doc.lineno - 1]
        margin = first[: len(first) - len(first.lstrip())]
        rows[doc.lineno - 1 : doc.end_lineno] = [f'{margin}"""{_first(node)}"""\n']
    return "".join(rows)


def restored(new: str, old: str) -> str:
    """Return rewritten code with the long docstrings that the code had before."""
    before, tree = lines(old), parse(dedent(old))
    kept = {n.name: "".join(before[d.lineno - 1 : d.end_lineno]) for n, d in _long(tree)}
    rows, tree = lines(new), parse(dedent(new))
    found = [n for n in ast.walk(tree) if isinstance(n, Definition)] if tree else []
    for node in sorted(found, key=lambda n: -n.lineno):
        text = kept.get(node.name)
        body = node.body[0]
        if text is None or body.lineno == node.lineno:
            continue
        doc = _doc(node)
        start = rows[body.lineno - 1]
        margin = start[: len(start) - len(start.lstrip())]
        end = doc.end_lineno if doc else body.lineno - 1
        rows[body.lineno - 1 : end] = [margin + text.lstrip()]
    return "".join(rows)


def _long(tree: ast.Module | None) -> Iterator[tuple[Definition, ast.Expr]]:
    """Yield the definitions with a long docstring of its own lines, from top to bottom."""
    found = [n for n in ast.walk(tree) if isinstance(n, Definition)] if tree else []
    for node in sorted(found, key=lambda n: n.lineno):
        doc = _doc(node)
        if doc and (doc.end_lineno or 0) - doc.lineno >= LONG and doc.lineno > node.lineno:
            yield node, doc


def _doc(node: Definition) -> ast.Expr | None:
    match node.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as doc:
            return doc
        case _:
            return None


def _first(node: Definition) -> str:
    text = (ast.get_docstring(node) or "").split("\n\n")[0]
    return " ".join(text.split())[:WORDS].replace("\\", "\\\\").replace('"""', "'''")
