"""Asserts: single checks out of a script that a model wrote about a task. Pure.

A small model copies examples well and the rest badly: it imports from the wrong place, forgets a
class that the task shows, wraps all in a test, goes on making up values until it is cut off. What
can be told apart is: each check becomes a program of its own, with the set-up that it stands on.
"""

import ast
import builtins
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from samovar.flow.forgotten import forgotten
from samovar.flow.grounding import CLOSE, FOREIGN, quotes, stands
from samovar.flow.source import Definition, Function, imported, parse, sides, spoken, stored
from samovar.flow.undefined import undefined

Homes = Mapping[str, str]
"""How each name of the project is imported."""
Check = tuple[list[ast.stmt], ast.stmt]
"""The statements before an assertion, and the assertion or the `with raises(...)`."""
_OUTPUT = re.compile(r"^(E   |FAILED |ERROR ).*\n?", re.M)
"""What pytest says of a failure: its values are no example of what should be."""
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}")
_RAISES = frozenset({"raises", "assertRaises"})


def grounded(block: str, task: str, homes: Homes, lent: str = "") -> list[str]:
    """Return one program for each check of a script that stands in the task with every value.

    `lent` is code that the task shows: what the script takes from there comes along.
    """
    told = _OUTPUT.sub("", task)
    # Signs of other alphabets are told by their numbers, and no program keeps them so.
    told += "\n" * CLOSE + decoded if (decoded := _ESCAPE.sub(_decoded, told)) != told else ""
    tree = ast.Module(statements(block), [])
    bound = binds(tree)
    given = [n for n in statements(lent) if binds(n) and bound.isdisjoint(binds(n))]
    ours = Ours(homes, bound, stored(tree))
    tree, given = ours.visit(tree), ours.visit(ast.Module(given, [])).body
    found: dict[str, tuple[str, bool]] = {}
    first = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    rest = [n for n in tree.body if n not in first]
    for before, node in _checks(rest, [*first, *given]):
        used = [ast.unparse(n) for n in set_up(before, node)]
        about = _subject(node)
        if (check := _stated(node, used, told)) and "\n".join([*used, about]) not in found:
            made = program("\n".join([*used, check]), homes)
            found["\n".join([*used, about])] = made, quotes(about, told)
    # A call that the task shows is no invention; where it shows one, others may be.
    shown = any(copied for _, copied in found.values())
    return [made for made, copied in found.values() if copied or not shown]


def statements(block: str) -> list[ast.stmt]:
    """Return the statements of a text, without those that are no Python or were cut off."""
    if (whole := parse(block)) is not None:
        return whole.body
    rows = block.splitlines()
    begins = [n for n, row in enumerate(rows) if row[:1].isalpha() or row[:1] in ("@", "_")]
    pieces = ["\n".join(rows[a:b]) for a, b in zip(begins, [*begins[1:], len(rows)], strict=True)]
    return [node for piece in pieces if (tree := parse(piece)) for node in tree.body]


def program(code: str, homes: Homes) -> str:
    """Return a program with the imports that it lacks, of the project and of Python."""
    lacking = undefined(code).keys()
    ours = [line for name, line in homes.items() if name in lacking]
    return "\n".join([*forgotten(code, homes), *ours, code]) + "\n"


def raises(call: str, error: str) -> str:
    """Return a check that a statement raises an exception."""
    said = f"{call} raises no {error}"
    return f"try:\n    {call}\nexcept {error}:\n    pass\nelse:\n    assert False, {said!r}"


def _decoded(sign: re.Match[str]) -> str:
    return chr(int(sign[0][2:], 16))


def plain(node: ast.stmt) -> str:
    """Return an assertion of any kind as a plain one, empty for what compares no two values."""
    if isinstance(node, ast.Assert):
        return ast.unparse(node)
    pair = sides(node.value) if isinstance(node, ast.Expr) else ()
    if len(pair) != 2:
        return ""
    return ast.unparse(ast.Assert(ast.Compare(pair[0], [ast.Eq()], [pair[1]])))


def is_error(name: str) -> bool:
    """Return whether a name is that of an exception of Python's own."""
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and issubclass(kind, Exception)


def _checks(nodes: Sequence[ast.stmt], before: list[ast.stmt]) -> Iterator[Check]:
    """Yield each check with all statements before it, those of test functions too."""
    for node in nodes:
        match node:
            case ast.Assert() | ast.With(items=[ast.withitem(ast.Call())]):
                yield [*before], node
            case ast.Expr() if plain(node):
                yield [*before], node
            case ast.FunctionDef(body=body) | ast.ClassDef(body=body) if _tests(node):
                yield from _checks(body, [*before])
            case _:
                before.append(node)


def _tests(node: Definition) -> bool:
    """Return whether a function or class holds checks instead of being used by them."""
    inner = [n for n in ast.walk(node) if isinstance(n, Function) and n.name.startswith("test")]
    return bool(inner)


def _stated(node: ast.stmt, used: Sequence[str], task: str) -> str:
    """Return a check that the task gives, as a program without its set-up; else nothing."""
    match node:
        case ast.With(items=[ast.withitem(ast.Call(func, [error]))], body=[inner]):
            named = func.attr if isinstance(func, ast.Attribute) else ast.unparse(func)
            call, kind = ast.unparse(inner), ast.unparse(error)
            asked = named in _RAISES and kind in task and quotes(call, task)
            return raises(call, kind) if asked and is_error(kind) else ""
        case ast.With():
            return ""
    [made] = ast.parse(plain(node)).body
    if not isinstance(made, ast.Assert) or not stands([*map(ast.parse, used), made.test], task):
        return ""
    return _raising(made.test, task) or _loosely(made.test) or ast.unparse(made)


class Ours(ast.NodeTransformer):
    """Takes the project's names from where they are, and writes the constants of JSON as Python's.

    Models import them from elsewhere, or not at all; tasks quote `null`, and a model copies it.
    """

    def __init__(
        self, homes: Homes, bound: Collection[str] = (), stored: Collection[str] = ()
    ) -> None:
        self.homes, self.bound, self.stored = homes, bound, stored
        self.modules = {part for line in homes.values() for part in line.split()[1].split(".")}
        self.tops = {line.split()[1].split(".")[0] for line in homes.values()}

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Turn `null` into None where nobody gave that name a value."""
        foreign = node.id in FOREIGN and node.id not in self.bound and node.id not in self.homes
        return ast.Constant(FOREIGN[node.id]) if foreign else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Turn `shop.cart.add` into `add`."""
        self.generic_visit(node)
        chain = ast.unparse(node.value).split(".")
        if node.attr not in self.homes or chain[0] in self.stored:
            return node
        ours = self.modules.issuperset(chain) or self._short(node.value)
        return ast.Name(node.attr, ast.Load()) if ours else node

    def _short(self, node: ast.expr) -> bool:
        """Return whether a name that nobody gave a value is short for a package, as `np` is."""
        if not isinstance(node, ast.Name) or node.id in {*self.bound, *dir(builtins)}:
            return False
        letters = re.compile(".*".join(map(re.escape, node.id)))
        return any(top[0] == node.id[0] and letters.match(top) for top in self.tops)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        """Import each name of the project from its place."""
        parts = ((self.homes.get(name, line), name) for name, line in imported([node]))
        return [made for line, _ in parts for made in ast.parse(line).body]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt | None:
        """Leave out what the project has."""
        return None if node.name in self.homes else self.generic_visit(node)  # type: ignore[return-value]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt | None:
        """Leave out what the project has."""
        return None if node.name in self.homes else self.generic_visit(node)  # type: ignore[return-value]


def _subject(node: ast.stmt) -> str:
    """Return the call that a check is about, as code: what is compared, without `list` and such."""
    pair = sides(node.value) if isinstance(node, ast.Expr) else sides(node)
    match node:
        case ast.With(body=[first, *_]):
            return ast.unparse(first)
        case ast.Assert(test=ast.Compare(left)):
            about: ast.AST = left
        case _:
            about = pair[0] if pair else node
    match about:
        case ast.Call(ast.Name(name), [ast.Call() as inner]) if hasattr(builtins, name):
            return ast.unparse(inner)
        case _:
            return ast.unparse(about)


def set_up(before: Sequence[ast.stmt], check: ast.stmt) -> list[ast.stmt]:
    """Return the statements that a check stands on: those that make or change what it uses."""
    made = {name for node in before for name in binds(node)}
    used = spoken(check.body[0] if isinstance(check, ast.With) else check)
    kept = []
    for node in reversed(before):
        if binds(node) & used or spoken(node) & made & used:
            used |= spoken(node)
            kept.append(node)
    return kept[::-1]


def binds(node: ast.AST) -> set[str]:
    """Return the names that a statement binds."""
    names = {name for name, _ in imported(ast.walk(node))}
    names |= {n.name for n in ast.walk(node) if isinstance(n, Definition)}
    return names | set(stored(node))


def _raising(test: ast.expr, task: str) -> str:
    """Return the check that a call raises, where a model wrote `call == ValueError`."""
    match test:
        case ast.Compare(
            ast.Call() as call, [ast.Eq() | ast.Is()], [ast.Name(name) | ast.Call(ast.Name(name))]
        ):
            return raises(ast.unparse(call), name) if is_error(name) and name in task else ""
        case _:
            return ""


def _loosely(test: ast.expr) -> str:
    """Return the check of a call that may give an iterator, where a model wrote a list.

    So where it wrote a block of lines as they stand in the task: with what is around them or not.
    """
    match test:
        case ast.Compare(ast.Call() as call, [ast.Eq()], [ast.List() as wanted]):
            said = ast.unparse(wanted)
            other = f"list(got) == {said}"
        case ast.Compare(ast.Call() as call, [ast.Eq()], [ast.Constant(str(block))]) if (
            block.startswith("\n")
        ):
            said, bare = repr(block), block.strip("\n")
            other = f"got.strip('\\n') == {bare!r}"
        case _:
            return ""
    return f"got = {ast.unparse(call)}\nassert got == {said} or {other}, got"
