"""Small edits of what a condition, a loop or a comprehension lets through. Pure.

What models forget is often such a case: a word is no anagram of itself, a sign is no letter. Two
values of the function are compared beside a condition, or decide what a loop leaves out.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from samovar.flow.source import Function, spoken, stored

Found = Iterator[tuple[float, ast.AST, str]]
Text = Callable[[ast.AST], str]
OPERANDS = 8
"""Values of a function that are compared with each other, the shortest first."""
LONGEST = 30
"""Characters of a value that is compared."""
KEPT = ("{0}", "{0}.isalnum()", "{0}.isalpha()", "{0}.isdigit()")
"""What a member may have to be."""


def filters(function: Function, values: Sequence[str], text: Text) -> Found:
    """Yield (cost, node to replace, new text) for the conditions and loops of a function."""
    for node in ast.walk(function):
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                yield from _narrowed(test, values, text)
            case ast.Return(value=ast.Compare() | ast.BoolOp() as test):
                yield from _narrowed(test, values, text)
            case ast.comprehension(target=ast.Name(name)):
                yield from _chosen(name, node, values, text)
            case _:
                pass


def skipped(function: Function, values: Sequence[str]) -> Iterator[tuple[ast.stmt, str]]:
    """Yield (statement, what stands before it then) for members that a loop leaves out."""
    for node in ast.walk(function):
        match node:
            case ast.For(target=ast.Name(name), body=[first, *_]):
                tests = [f"not {kept.format(name)}" for kept in KEPT]
                tests += [f"{one} == {other}" for one, other in _with(name, values)]
                yield from ((first, f"if {test}:\n    continue") for test in tests)
            case _:
                pass


def operands(function: Function, text: Text) -> list[str]:
    """Return the names of a function, and what it computes of them, the shortest first."""
    names = [n.arg for n in ast.walk(function) if isinstance(n, ast.arg)]
    names += stored(function)
    called = {n.func for n in ast.walk(function) if isinstance(n, ast.Call)}
    made = [
        said
        for n in ast.walk(function)
        if isinstance(n, ast.Call | ast.Subscript | ast.Attribute)
        and n not in called
        and isinstance(getattr(n, "ctx", ast.Load()), ast.Load)
        and len(said := text(n)) <= LONGEST
        and "\n" not in said
        and spoken(n) & set(names)
    ]
    found = dict.fromkeys(n for n in [*names, *made] if n not in ("self", "cls"))
    return sorted(found, key=len)[:OPERANDS]


def _narrowed(test: ast.expr, values: Sequence[str], text: Text) -> Found:
    """One more condition: that two values differ, or are the same."""
    said = text(test)
    for one, other in combinations(values, 2):
        yield 2.8, test, f"({said}) and {one} != {other}"
        yield 3.4, test, f"({said}) or {one} == {other}"


def _chosen(name: str, made: ast.comprehension, values: Sequence[str], text: Text) -> Found:
    """A member that a comprehension leaves out, or does not leave out any more."""
    for test in made.ifs:
        yield 1.5, test, f"not ({text(test)})"
        yield 3.0, test, "True"
        yield from _narrowed(test, values, text)
    if not made.ifs:
        said = text(made.iter)
        for kept in KEPT:
            yield 2.6, made.iter, f"{said} if {kept.format(name)}"
        for one, other in _with(name, values):
            yield 2.8, made.iter, f"{said} if {one} != {other}"


def _with(name: str, values: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of values of which one at least speaks of a name."""
    ours = {v for v in values if name in spoken(ast.parse(v, mode="eval"))}
    return [pair for pair in combinations(values, 2) if ours & set(pair)]
