"""Small edits about what a value may be: absent, computed and never used, or a pattern.

The templates of PAR (Kim et al. 2013) and TBar (Liu et al. 2019) that turn on values: a check for
None in place of one for truth, a guarded expression, another quantifier in a regular expression.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from samovar.flow.source import Function, spoken

Found = Iterator[tuple[float, ast.AST, str]]
Text = Callable[[ast.AST], str]
_QUANTIFIER = re.compile(r"(?<=[)\].\w])(\*|\+|\{\d+\})(?![*+{])")
TABLE = 40
"""Lines of a table above a function whose entries are edited, at most."""
QUANTIFIERS = 6
"""Of one pattern that are tried with another in their place."""


def absent(node: ast.expr, text: Text) -> Found:
    """Yield checks for None in place of checks for truth."""
    said = text(node)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        yield 1.0, node, f"{said} is not None"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Name | ast.Attribute):
        yield 1.0, node, f"{text(node.operand)} is None"


def default(node: ast.BoolOp, text: Text) -> Found:
    """Yield `a if a is not None else b` for `a or b`."""
    if isinstance(node.op, ast.Or) and len(node.values) == 2:
        first, other = map(text, node.values)
        yield 1.5, node, f"{first} if {first} is not None else {other}"


def guarded(node: ast.Assign, names: Sequence[str], text: Text) -> Found:
    """Yield the value where a name is true, and a plain one elsewhere."""
    if isinstance(node.value, ast.Constant | ast.Name):
        return
    used = spoken(node.value)
    for name in (n for n in names if n in used):
        for plain in ("0", name, "None"):
            yield 3.0, node.value, f"{text(node.value)} if {name} else {plain}"


def least(node: ast.BinOp, text: Text) -> Found:
    """Yield a product whose factor is one where it was nothing."""
    for one in (node.left, node.right):
        if isinstance(node.op, ast.Mult) and isinstance(one, ast.Name):
            yield 2.5, one, f"({text(one)} or 1)"


def bounded(node: ast.expr, sizes: Sequence[str], text: Text) -> Found:
    """Yield a value that is at most the size of something, or at least nothing."""
    if isinstance(node, ast.Name | ast.Attribute):
        said = text(node)
        yield from (
            (3.0, node, f"min({said}, {size})") for size in sizes if f"({said})" not in size
        )
        yield 3.2, node, f"max({said}, 0)"


def own_class(node: ast.expr, names: Sequence[str], text: Text) -> Found:
    """Yield the class of the object at hand in place of a class by its name."""
    if isinstance(node, ast.Name) and text(node)[:1].isupper():
        if "self" in names:
            yield 2.0, node, "type(self)"
        if "cls" in names:
            yield 2.0, node, "cls"


def worded(node: ast.Call, text: Text) -> Found:
    """Yield the text of a number only where it says something."""
    match node:
        case ast.Call(func=ast.Name("str"), args=[ast.Name(name)]):
            yield 2.5, node, f'({text(node)} if {name} > 1 else "")'
            yield 2.7, node, f'({text(node)} if {name} else "")'
        case _:
            pass


def unused(function: Function, text: Text) -> Found:
    """Yield a local that nothing uses in place of what was computed like it."""
    loaded = {
        n.id
        for n in ast.walk(function)
        if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)
    }
    calls = [n for n in ast.walk(function) if isinstance(n, ast.Call)]
    for name, made in _assigned(function):
        if name not in loaded:
            alike = (c for c in calls if c is not made and text(c.func) == text(made.func))
            yield from ((0.5, other, name) for other in alike)


def _assigned(function: Function) -> Iterator[tuple[str, ast.Call]]:
    """Yield the locals that are what a call returns."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=ast.Call() as call):
                yield name, call
            case _:
                pass


def pattern(node: ast.Constant, text: Text) -> Found:
    """Yield a regular expression with another quantifier."""
    said = text(node)
    for place in list(_QUANTIFIER.finditer(said))[:QUANTIFIERS]:
        sign = place[0]
        other = {"*": ["+"], "+": ["*"]}.get(sign, [f"{{1,{sign[1:-1]}}}", "+"])
        for new in other:
            yield 2.0, node, said[: place.start()] + new + said[place.end() :]


def settings(tree: ast.Module, function: Function) -> list[ast.stmt]:
    """Return the shorter assignments at the top of a file whose values a function uses."""
    used = spoken(function)
    return [
        node
        for node in tree.body
        if isinstance(node, ast.Assign)
        and (node.end_lineno or 0) - node.lineno < TABLE
        and {t.id for t in node.targets if isinstance(t, ast.Name)} & used
    ]
