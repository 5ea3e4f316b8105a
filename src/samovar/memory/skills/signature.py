"""What a function takes and says of itself, read from its source without running any of it."""

import ast
import inspect
import keyword
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from samovar.core.errors import ToolError
from samovar.memory.skills import annotation
from samovar.memory.skills.asserted import asserts

LARGEST = 64 << 10
"""Bytes of a skill's file."""
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_PARAMETERS = 10
_DEFAULT = 200
"""Characters of a default."""
_DOC = (12, 600)
"""Characters of the docstring's first paragraph."""
_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Parameter(Struct, frozen=True):
    """One argument of a function."""

    name: str
    type: Any
    required: bool = True
    default: Any = None


class Signature(Struct, frozen=True):
    """A function as a tool."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    returns: Any
    tests: tuple[str, ...]
    """Names of the test functions that use it."""
    asserted: bool
    """Whether one of them asserts anything about what it returns."""


def signature(source: bytes, name: str) -> Signature:
    """Return the signature of a function of a file.

    Raises ToolError, in one line that says what to change, for everything a tool's schema could
    not tell truthfully.
    """
    tree = _parse(_text(source))
    function = _only(tree, name)
    _refuse_hidden(tree, function)
    tests = _tests(tree, name)
    return Signature(
        name=name,
        description=_description(function),
        parameters=tuple(_parameters(function)),
        returns=_returns(function),
        tests=tuple(t.name for t in tests),
        asserted=any(asserts(t, name) for t in tests),
    )


def fit_name(name: str) -> str:
    """Return a name fit for a tool. Raises ToolError for one that looks like something else."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ToolError(
            f"{ascii(name)[:60]} is no name for a tool: 2 to 40 of a-z, 0-9 and '_', no keyword"
        )
    return name


def _text(source: bytes) -> str:
    if len(source) > LARGEST:
        raise ToolError(f"the file has {len(source):,} bytes; a skill has at most {LARGEST:,}")
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ToolError("the file is not UTF-8 text: save it as such") from error
    for row in text.splitlines()[:2]:
        # Python would read the file by this encoding, and see other code than was read here.
        match = _COOKIE.match(row)
        if match and match[1].lower().replace("_", "-") not in ("utf-8", "utf8"):
            raise ToolError(f"the file declares the encoding {match[1][:20]}: remove that line")
    hidden = next((c for c in text if unicodedata.category(c) in _HIDDEN and c not in "\n\t\r"), "")
    if hidden:
        raise ToolError(f"the file holds the invisible character U+{ord(hidden):04X}: remove it")
    return text


_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _parse(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise ToolError(f"line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ToolError("the file nests too deeply to be read: write simpler code") from error


def _only(tree: ast.Module, name: str) -> Function:
    """Return the one definition of a name at the top of a file."""
    found = [n for n in tree.body if isinstance(n, Function) and n.name == name]
    if not found:
        raise ToolError(f"the file has no function {ascii(name)[:60]} at its top level")
    if len([bound for bound in _bound(tree) if bound == name]) > 1:
        raise ToolError(f"{name} is defined or assigned more than once: keep one definition")
    return found[0]


def _bound(tree: ast.Module) -> Iterator[str]:
    """Yield every name that any statement of the file binds outside of functions' own scopes."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield from _binds(node)
        inner = ast.iter_child_nodes(node)
        if isinstance(node, Function | ast.ClassDef | ast.Lambda):
            inner = (n for n in ast.walk(node) if isinstance(n, ast.Global))
        waiting.extend(inner)


def _binds(node: ast.AST) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.alias(name=name, asname=other):
            return [other or name.split(".")[0]]
        case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
            return [name]
        case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
            return [name]
        case ast.Global(names=names):
            return names
        case _:
            return []


def _refuse_hidden(tree: ast.Module, function: Function) -> None:
    """Refuse what would make the function another one than it looks."""
    if function.decorator_list:
        raise ToolError(f"{function.name} has a decorator, which may change what it takes: drop it")
    stars = [a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names]
    if "*" in stars:
        raise ToolError("the file imports '*', which may replace any name: import by name")
    typing = {
        a.name
        for n in ast.walk(tree)
        if isinstance(n, ast.ImportFrom) and n.module in ("typing", "collections.abc")
        for a in n.names
        if a.asname in (None, a.name)
    }
    taken = sorted((set(_bound(tree)) & annotation.NAMES) - typing)
    if taken:
        raise ToolError(f"the file gives {taken[0]} another meaning: use another name")
    if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in _own(function)):
        raise ToolError(f"{function.name} yields: return a list instead")


def _own(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _description(function: Function) -> str:
    text = inspect.cleandoc(ast.get_docstring(function, clean=False) or "")
    first = " ".join(text.split("\n\n")[0].split())
    least, most = _DOC
    if not least <= len(first) <= most:
        raise ToolError(
            f"{function.name} needs a docstring whose first paragraph says in {least} to {most} "
            f"characters what it does; it has {len(first)}"
        )
    return first


def _parameters(function: Function) -> Iterator[Parameter]:
    given = function.args
    if given.vararg or given.kwarg:
        raise ToolError(f"{function.name} takes *args or **kwargs: name every argument")
    if given.posonlyargs:
        raise ToolError(f"{function.name} takes arguments by position only: remove the '/'")
    named = [*given.args, *given.kwonlyargs]
    if len(named) > _PARAMETERS:
        raise ToolError(f"{function.name} takes {len(named)} arguments; a tool at most 10")
    blank: list[ast.expr | None] = [None] * (len(given.args) - len(given.defaults))
    for argument, default in zip(named, [*blank, *given.defaults, *given.kw_defaults], strict=True):
        yield _parameter(argument, default)


def _parameter(argument: ast.arg, default: ast.expr | None) -> Parameter:
    name = argument.arg
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or name in ("self", "cls"):
        raise ToolError(f"the argument {ascii(name)[:60]} needs a plain name of a-z, 0-9 and '_'")
    if argument.annotation is None:
        raise ToolError(f"the argument {name} needs a type hint: {annotation.KNOWN}")
    kind = annotation.hint(argument.annotation)
    if default is None:
        return Parameter(name, kind)
    return Parameter(name, kind, False, _default(name, kind, default))


def _default(name: str, kind: Any, node: ast.expr) -> Any:
    """Return a default that is a short constant of the type that is promised."""
    width = (node.end_col_offset or 0) - node.col_offset
    if node.end_lineno != node.lineno or width > _DEFAULT:
        raise ToolError(f"the default of {name} is longer than {_DEFAULT} characters")
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise ToolError(f"the default of {name} must be a plain constant, not code") from error
    if isinstance(value, list | dict | set) and value:
        raise ToolError(f"the default of {name} is shared by all calls: use None or an empty one")
    try:
        return msgspec.convert(value, kind, strict=True)
    except (msgspec.ValidationError, OverflowError) as error:
        raise ToolError(f"the default of {name} does not fit its type: {error}") from error


def _returns(function: Function) -> Any:
    if function.returns is None:
        raise ToolError(f"{function.name} needs a type hint for what it returns")
    return annotation.hint(function.returns)


def _tests(tree: ast.Module, name: str) -> list[Function]:
    """Return the tests that name the function and assert something."""
    found: list[Function] = []
    for node in tree.body:
        if isinstance(node, Function) and node.name.startswith("test_") and node.name != name:
            _plain_test(node)
            inner = list(ast.walk(node))
            used = any(isinstance(n, ast.Name) and n.id == name for n in inner)
            if used and any(isinstance(n, ast.Assert) for n in inner):
                found.append(node)
    return found


def _plain_test(node: Function) -> None:
    given = node.args
    if given.args or given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg:
        raise ToolError(f"{node.name} takes arguments: a skill's test takes none")
