"""Reading Python source: its functions and classes, and what a file defines."""

import ast
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from samovar.core.task import lines
from samovar.core.way import source_root


class Symbol(Struct, frozen=True):
    """A function, method or class, and where it stands."""

    path: str
    name: str
    """Qualified: `Class.method`."""
    first: int
    """First line, decorators included, counted from 1."""
    last: int
    text: str
    body: int = 1
    """First line of what it does: decorators, defaults and annotations run when it is defined."""


_IMPORTED = re.compile(r"^((?:from +([\w.]+) +import\b)|import +([\w.]+)\b.*)", re.M)
_EQUAL = re.compile(r"assert(Is|(MultiLine|Sequence|List|Tuple|Set|Dict)?Equal)")
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
MARK = "\ufeff"
"""The byte order mark with which some editors begin a file; Python passes over one."""


def parse(text: str) -> ast.Module | None:
    """Return the syntax tree, or None when the text is not Python."""
    try:
        with warnings.catch_warnings():
            # Whether a model's code is tidy is not for our screen to say.
            warnings.simplefilter("ignore")
            return ast.parse(text.removeprefix(MARK))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def symbols(path: str, text: str) -> tuple[Symbol, ...]:
    """Return every function and method of a file; a class only when it holds no method."""
    text = text.removeprefix(MARK)
    tree = parse(text)
    if tree is None:
        return ()
    return tuple(_walk(path, tree, lines(text), ""))


def _walk(path: str, node: ast.AST, rows: list[str], prefix: str) -> Iterator[Symbol]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield _symbol(path, child, rows, prefix)
        elif isinstance(child, ast.ClassDef):
            inner = list(_walk(path, child, rows, f"{prefix}{child.name}."))
            yield from inner or [_symbol(path, child, rows, prefix)]
        elif isinstance(child, ast.If | ast.Try | ast.With):
            yield from _walk(path, child, rows, prefix)


def _symbol(path: str, node: Definition, rows: list[str], prefix: str) -> Symbol:
    first = top(node)
    last = node.end_lineno or node.lineno
    text, body = "".join(rows[first - 1 : last]), node.body[0].lineno
    return Symbol(path, prefix + node.name, first, last, text, body)


def top(node: ast.stmt) -> int:
    """Return the line where a statement begins, with its decorators."""
    marks = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(d.lineno for d in marks)])


def defined(text: str) -> frozenset[str]:
    """Return the names a file defines at its top level: functions, classes, constants."""
    tree = parse(text)
    names: set[str] = set()
    for node in tree.body if tree else ():
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {t.id for t in targets if isinstance(t, ast.Name)}
            case _:
                pass
    return frozenset(names)


def written(tree: ast.Module, first: int, last: int) -> Iterator[Function]:
    """Yield the functions that touch the lines `first` to `last` and are no stubs."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            inside = first <= node.lineno <= last or node.lineno <= first <= (node.end_lineno or 0)
            if inside and not stub(node):
                yield node


def sides(node: ast.AST) -> Sequence[ast.expr]:
    """Return the two values that an assertion compares; none for anything else."""
    match node:
        case ast.Call(func=ast.Attribute(attr="assertTrue" | "assertFalse" as name)):
            return [*node.args[:1], ast.Constant(name == "assertTrue")]
        case ast.Call(func=ast.Attribute(attr=name)) if _EQUAL.fullmatch(name):
            return node.args[:2]
        case ast.Assert(test=ast.Compare(left, [ast.Eq() | ast.Is()], [right])):
            return [left, right]
        case ast.Assert(test=ast.UnaryOp(ast.Not(), inner)):
            return [inner, ast.Constant(False)]
        case ast.Assert(test=ast.Call() as inner):
            return [inner, ast.Constant(True)]
        case _:
            return ()


def stub(node: Function) -> bool:
    """Return whether a function is not written yet: only words, `pass` or NotImplementedError."""
    return all(
        isinstance(n, ast.Pass)
        or (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))
        or (isinstance(n, ast.Raise) and "NotImplementedError" in ast.unparse(n))
        for n in node.body
    )


def unwritten(text: str) -> bool:
    """Return whether code has functions that are still to be written."""
    tree = parse(text)
    return tree is not None and any(map(stub, _outermost(tree)))


def bodiless(text: str) -> str:
    """Return the code with `pass` in place of what its functions do; their docstrings stay."""
    tree, rows = parse(text), lines(text)
    for node in reversed(list(_outermost(tree)) if tree else []):
        said = ast.get_docstring(node) is not None
        below = rows[node.body[0].lineno - 1][: node.body[0].col_offset]
        if not stub(node) and not below.strip():
            first = (node.body[0].end_lineno or 0) + 1 if said else top(node.body[0])
            rows[first - 1 : node.end_lineno] = [f"{below}pass\n"]
    return "".join(rows)


def _outermost(node: ast.AST) -> Iterator[Function]:
    """Yield the functions of a file and its classes from top to bottom, none inside another."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield child
        else:
            yield from _outermost(child)


def spoken(node: ast.AST) -> set[str]:
    """Return the names that a piece of code speaks of, without those of attributes."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def stored(node: ast.AST) -> list[str]:
    """Return the names that a piece of code gives values, in its order."""
    names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    return [n.id for n in names if isinstance(n.ctx, ast.Store)]


def imported(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield each name that an import binds, and the import of it alone."""
    for node in nodes:
        match node:
            case ast.Import(names=found):
                for a in found:
                    yield a.asname or a.name.split(".")[0], ast.unparse(ast.Import([a]))
            case ast.ImportFrom(module=module, names=found, level=level):
                for a in found:
                    yield a.asname or a.name, ast.unparse(ast.ImportFrom(module, [a], level))
            case _:
                pass


def module_of(path: str) -> str:
    """Return the dotted name by which a file is imported."""
    inner = path.removesuffix(".py").removesuffix("/__init__")
    root = source_root(inner)
    return (inner[len(root) + 1 :] if root else inner).replace("/", ".")


def own_imports(text: str, path: str) -> list[str]:
    """Return how the imports of a very file begin in a text; no file imports itself.

    The last names of its dotted name count too, unless a module of the standard library is called
    so; `users.models` is not `orders.models`.
    """
    own, found = module_of(path), _IMPORTED.findall(text)
    named = [(said, one or other) for said, one, other in found]
    return [said for said, name in named if name == own or _ends(own, name)]


def _ends(own: str, name: str) -> bool:
    return own.endswith(f".{name}") and name not in sys.stdlib_module_names


def words(text: str) -> list[str]:
    """Return the words of a text or source, with the parts of compound names."""
    found: list[str] = []
    for word in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text):
        found.append(word.lower())
        parts = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", word)
        if len(parts) > 1:
            found += [p.lower() for p in parts]
    return [w for w in found if len(w) > 1]


def shape(text: str) -> str:
    """Return the code without comments and layout, to find answers that only look different."""
    tree = parse(text)
    try:
        return ast.dump(tree) if tree is not None else _bare(text)
    except RecursionError:
        return _bare(text)


def complaint(text: str) -> tuple[int | None, str] | None:
    """Return the line and the reason why a text is not Python, or None when it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text.removeprefix(MARK), "answer", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno, error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return None, str(error) or "it nests too deep"
    return None


def _bare(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
