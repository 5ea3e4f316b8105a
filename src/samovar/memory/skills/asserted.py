"""Whether a test asserts anything about what a function returns, read from its source. Pure."""

import ast
from collections.abc import Iterator

_INNER = (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_CALL = "()"


def asserts(test: ast.AST, name: str) -> bool:
    """Whether an assert of a test calls a function, or looks at what a call of it gave.

    One that holds whatever the function returns, such as `assert f(1) or True`, does not count.
    """
    nodes = list(ast.walk(test))
    given = _given(nodes, name)
    checks = (n.test for n in nodes if isinstance(n, ast.Assert))
    return any(_read([check], name) & given and not _holds(check) for check in checks)


def _given(nodes: list[ast.AST], name: str) -> set[str]:
    """Return the names of a test that stand for what a call gave, or for what came of that.

    The call itself stands under a name that no code has.
    """
    leads: dict[str, set[str]] = {}
    for targets, values in (row for node in nodes for row in _bound(node)):
        stored = {named for target in targets for named in _stored(target)}
        for read in _read(values, name):
            leads.setdefault(read, set()).update(stored)
    given, fresh = {_CALL}, [_CALL]
    while fresh:
        more = leads.get(fresh.pop(), set()) - given
        given |= more
        fresh += more
    return given


def _bound(node: ast.AST) -> Iterator[tuple[list[ast.AST], list[ast.AST]]]:
    """Yield the targets a node gives a value to, with the values."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield [*targets], [value]
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield [target], [value]
        case ast.AugAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
            yield [target], [value]
        case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
            yield [target], [value]
        case ast.comprehension(target=target, iter=value):
            yield [target], [value]
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            yield [target], [value]
        case ast.FunctionDef(name=name, body=body) | ast.AsyncFunctionDef(name=name, body=body):
            # A helper within the test: what it calls is called where it is.
            yield [ast.Name(name, ast.Store())], [*body]
        case ast.Try(body=body, handlers=handlers):
            # What it raised is what it gave.
            caught = [ast.Name(h.name, ast.Store()) for h in handlers if h.name]
            yield [*caught], [*body]
        case _:
            return


def _stored(target: ast.AST) -> Iterator[str]:
    """Yield the names a target changes: `found[key] = ...` and `self.x = ...` change theirs."""
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))


def _read(nodes: list[ast.AST], name: str) -> set[str]:
    """Return the names that evaluating some nodes reads, and `_CALL` if it calls the function."""
    found: set[str] = set()
    waiting = [*nodes]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Call(func=ast.Name(id=called)) if called == name:
                found.add(_CALL)
            case ast.Name(id=read):
                found.add(read)
        if not isinstance(node, _INNER):
            waiting += ast.iter_child_nodes(node)
    return found


def _holds(check: ast.expr) -> bool:
    """Whether a condition holds whatever is called in it."""
    match check:
        case ast.Tuple(elts=rows) | ast.List(elts=rows):
            return bool(rows)
        case ast.Constant(value=value):
            return bool(value)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(map(_holds, values))
        case _:
            return False
