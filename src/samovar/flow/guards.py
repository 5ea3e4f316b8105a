"""Guards: what tells the calls that ought to raise, or to return a plain value, from the others.

A condition stands for a case the code forgets when it holds for a call of the failing tests and
for no call of which something else is expected. Conditions are forms that people write, with
bounds and characters learned from the calls (likely invariants, Daikon: Ernst et al. 2001). Pure.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import permutations
from typing import Any

from msgspec import Struct

from samovar.flow.source import Function, sides

PLAIN = frozenset({"False", "True", "None", "0", "1", "-1", "''", "[]", "()", "{}"})
"""Values that stand for a case; any other is a result to be worked out."""
RAISES = ("assertRaises", "assertRaisesRegex", "raises")
"""What unittest and pytest call the expectation of an exception."""
WIDEST = 60
"""Characters of an alphabet; a longer one tells nothing."""
Condition = tuple[str, Callable[..., Any]]
ONE: tuple[Condition, ...] = (
    ("not {0}", lambda v: not v),
    ("not {0}.strip()", lambda v: not v.strip()),
    ("not {0}.isdigit()", lambda v: not v.isdigit()),
    ("not {0}.isalpha()", lambda v: not v.isalpha()),
    ("not {0}.isalnum()", lambda v: not v.isalnum()),
    ("len(set(map(len, {0}))) > 1", lambda v: len(set(map(len, v))) > 1),
    ("len(set({0})) < len({0})", lambda v: len(set(v)) < len(v)),
    ("list({0}) != sorted({0})", lambda v: list(v) != sorted(v)),
    ("any(v < 0 for v in {0})", lambda v: any(x < 0 for x in v)),
    ("any(v <= 0 for v in {0})", lambda v: any(x <= 0 for x in v)),
)
"""Conditions of one argument."""
TWO: tuple[Condition, ...] = (
    ("len({0}) != len({1})", lambda v, w: len(v) != len(w)),
    ("sorted({0}) != sorted({1})", lambda v, w: sorted(v) != sorted(w)),
    ("{0} == {1}", lambda v, w: v == w),
    ("{0} > {1}", lambda v, w: v > w),
    ("{0} >= {1}", lambda v, w: v >= w),
    ("{0} > len({1})", lambda v, w: v > len(w)),
    ("{0} not in {1}", lambda v, w: v not in w),
    ("any(v >= {0} for v in {1})", lambda v, w: any(x >= v for x in w)),
)
"""Conditions of two arguments, tried in both orders."""


class Call(Struct, frozen=True):
    """A call in a test, all of its arguments literals."""

    name: str
    args: tuple[Any, ...]
    named: Mapping[str, Any]
    raises: bool
    """Whether an exception is expected of it."""
    red: bool
    """Whether its test fails."""
    value: str = ""
    """The literal it is expected to return, if that is known."""

    def given(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the arguments by the names of the parameters."""
        return {**dict(zip(names, self.args, strict=False)), **self.named}


def calls(functions: Sequence[Function], failing: Sequence[str]) -> tuple[Call, ...]:
    """Return the calls with literals in those of the functions that are tests."""
    tests = (f for f in functions if f.name.startswith("test"))
    return tuple(call for f in tests for call in _made(f, f.name in failing))


def _made(test: Function, red: bool) -> Iterator[Call]:
    expected = {id(n) for r in _raising(test) for n in ast.walk(r)}
    known, values = _assigned(test), dict(_values(test))
    for name, call, function in _called(test):
        with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            args = tuple(_value(a, known) for a in call.args)
            named = {k.arg: _value(k.value, known) for k in call.keywords if k.arg}
            value = values.get(id(function), "")
            yield Call(name, args, named, id(function) in expected, red, value)


def compared(test: ast.AST) -> Iterator[Any]:
    """Yield the literals that a test compares with something."""
    return (literal for _, literal in _pairs(test))


def raising(made: Sequence[Call], names: Sequence[str]) -> list[str]:
    """Return the conditions that hold for a failing call which ought to raise, and else never."""
    wrong = [c for c in made if c.raises and c.red]
    return _telling(wrong, [c for c in made if not c.raises], names)


def returning(made: Sequence[Call], names: Sequence[str]) -> list[tuple[str, str]]:
    """Return conditions for plain values that failing calls ought to return, with the values."""
    wanted = dict.fromkeys(c.value for c in made if c.red and c.value in PLAIN)
    return [
        (condition, value)
        for value in wanted
        for condition in _telling(
            [c for c in made if c.red and c.value == value],
            [c for c in made if c.value not in ("", value)],
            names,
        )
    ]


def _telling(bad: Sequence[Call], good: Sequence[Call], names: Sequence[str]) -> list[str]:
    wrong, right = [c.given(names) for c in bad], [c.given(names) for c in good]
    found: dict[str, None] = {}
    for name in names:
        ones = _columns(wrong, [name]), _columns(right, [name])
        learned = _learned(*([v for (v,) in column] for column in ones))
        for form, holds in (*ONE, *learned):
            if _tells(holds, *ones):
                found[form.format(name)] = None
    for pair in permutations(names, 2):
        twos = _columns(wrong, pair), _columns(right, pair)
        for form, holds in TWO:
            if _tells(holds, *twos):
                found[form.format(*pair)] = None
    return list(found)


def _learned(bad: Sequence[Any], good: Sequence[Any]) -> Iterator[Condition]:
    """Yield bounds and alphabets that the calls show."""
    yield from _bounds("{0}", lambda v: v, bad, good)
    yield from _bounds("len({0})", len, bad, good)
    with suppress(TypeError):
        letters = {c for v in good for c in "".join(v)}
        alphabet = "".join(sorted(letters)).replace("{", "{{").replace("}", "}}")
        if 0 < len(letters) <= WIDEST:
            each = "for c in {0}" if isinstance(good[0], str) else "for v in {0} for c in v"
            outside = f"any(c not in {alphabet!r} {each})"
            yield outside, lambda v: bool(set("".join(v)) - letters)


def _bounds(
    form: str, size: Callable[[Any], Any], bad: Sequence[Any], good: Sequence[Any]
) -> Iterator[Condition]:
    """Yield the bounds of whole numbers; tests of errors stand close to them."""
    with suppress(TypeError, ValueError):
        low, high = min(map(size, good)), max(map(size, good))
        wrong = [size(v) for v in bad if isinstance(size(v), int)]
        if low == high and isinstance(low, int):
            yield f"{form} != {low}", lambda v: size(v) != low
        if below := [n for n in wrong if n < low]:
            least = max(below) + 1
            yield f"{form} < {least}", lambda v: size(v) < least
        if above := [n for n in wrong if n > high]:
            most = min(above) - 1
            yield f"{form} > {most}", lambda v: size(v) > most


def _tells(holds: Callable[..., Any], bad: Sequence[Any], good: Sequence[Any]) -> bool:
    """Return whether a condition holds for a bad case and for no good one."""
    try:
        return any(holds(*v) for v in bad) and not any(holds(*v) for v in good)
    except (TypeError, ValueError, AttributeError, RecursionError):
        return False


def _columns(made: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[tuple[Any, ...]]:
    return [tuple(given[n] for n in names) for given in made if given.keys() >= set(names)]


def _values(test: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the function of each call whose value is compared with a literal, and that literal."""
    return ((id(c.func), repr(value)) for c, value in _pairs(test) if isinstance(c, ast.Call))


def _pairs(test: ast.AST) -> Iterator[tuple[ast.expr, Any]]:
    """Yield what is compared with a literal, and that literal."""
    for other, literal in (p for n in ast.walk(test) for p in permutations(sides(n), 2)):
        with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            yield other, ast.literal_eval(literal)


def _raising(test: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements and calls of which a test expects an exception."""
    for node in ast.walk(test):
        if isinstance(node, ast.With | ast.AsyncWith):
            if any(_expects(item.context_expr) for item in node.items):
                yield from node.body
        elif _expects(node):
            yield node


def _expects(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) in RAISES


def _called(test: ast.AST) -> Iterator[tuple[str, ast.Call, ast.AST]]:
    """Yield name, call and function of each call; `assertRaises(E, f, x)` is one of `f`."""
    for node in ast.walk(test):
        if isinstance(node, ast.Call):
            if _expects(node) and len(node.args) > 1:
                node = ast.Call(node.args[1], node.args[2:], node.keywords)
            yield _name(node.func), node, node.func


def _name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _assigned(test: ast.AST) -> dict[str, ast.expr]:
    """Return what a test's own names stand for."""
    return {
        n.targets[0].id: n.value
        for n in ast.walk(test)
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    }


def _value(node: ast.expr, known: Mapping[str, ast.expr]) -> Any:
    """Return the value of a literal, or of a name that stands for one."""
    return ast.literal_eval(known.get(node.id, node) if isinstance(node, ast.Name) else node)
