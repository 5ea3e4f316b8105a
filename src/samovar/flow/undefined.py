"""Names that a Python file reads and defines nowhere: a compiler lets them pass, a run does not."""

import ast
import builtins
import symtable
from collections.abc import Iterator

from samovar.flow.source import parse, spoken

_GIVEN = frozenset(dir(builtins)) | {
    *("__file__", "__path__", "__annotations__", "__builtins__", "__module__", "__qualname__"),
    "__class__",
}
_DYNAMIC = frozenset({"globals", "exec", "eval", "vars"})
"""Who calls one of these may make names that no reader sees."""


def undefined(text: str) -> dict[str, int]:
    """Return each name that is read and defined nowhere, with the first line that reads it.

    Nothing is said of a file that is no Python, imports everything of a module, or makes names as
    it runs.
    """
    tree = parse(text)
    if tree is None or _opaque(tree):
        return {}
    try:
        tables = list(_tables(symtable.symtable(text, "file", "exec")))
    except (SyntaxError, ValueError, RecursionError):
        # It parses and does not compile, such as a name declared global after its use.
        return {}
    made = {s.get_name() for t in tables for s in t.get_symbols() if _made(s, t)}
    known = made | _GIVEN | (_annotated(tree) if _lazy(tree) else set())
    read = [(s.get_name(), t) for t in tables for s in t.get_symbols() if _outer(s, t)]
    scopes = {name: table.get_lineno() for name, table in reversed(read) if name not in known}
    lines = sorted((n.lineno, n.id) for n in ast.walk(tree) if isinstance(n, ast.Name))
    return {
        n: next((li for li, said in lines if said == n and li >= at), at)
        for n, at in scopes.items()
    }


def _opaque(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                return True
            case ast.Call(func=ast.Name(id=name)) if name in _DYNAMIC:
                return True
            case _:
                pass
    return False


def _lazy(tree: ast.Module) -> bool:
    """Whether annotations are not evaluated, so that they may name what they like."""
    asked = [n.names for n in tree.body if isinstance(n, ast.ImportFrom)]
    return any(a.name == "annotations" for names in asked for a in names)


def _annotated(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case (
                ast.arg(annotation=ast.expr() as said)
                | ast.AnnAssign(annotation=said)
                | ast.FunctionDef(returns=ast.expr() as said)
                | ast.AsyncFunctionDef(returns=ast.expr() as said)
            ):
                found |= spoken(said)
            case _:
                pass
    return found


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for inner in table.get_children():
        yield from _tables(inner)


def _made(symbol: symtable.Symbol, table: symtable.SymbolTable) -> bool:
    """Whether this is where a name of the whole file comes from."""
    bound = symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    return bound and (table.get_type() == "module" or symbol.is_declared_global())


def _outer(symbol: symtable.Symbol, table: symtable.SymbolTable) -> bool:
    """Whether a name is read that its scope does not hold."""
    if table.get_type() == "module":
        return symbol.is_referenced()
    # In a function called "top", symtable takes every name for one of the module.
    return symbol.is_referenced() and symbol.is_global() and not symbol.is_local()
