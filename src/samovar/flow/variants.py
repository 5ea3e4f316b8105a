"""Small edits of existing code, one at a time, the likeliest first.

Most bugs are one small edit away from code that works, and a sandboxed trial costs milliseconds
where a model's answer costs seconds. The operators are those of mutation testing and of search-
based program repair (GenProg, Le Goues et al. 2012; PAR, Kim et al. 2013): other comparisons,
bounds one off, swapped arguments, another name of the same scope, and expressions or statements
that stand elsewhere in the function ("plastic surgery", Barr et al. 2014). Whether an edit is right
is for the project's tests to say, never for this module.
"""

import ast
import difflib
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace

from samovar.flow.source import Function, parse, spoken, stored, written
from samovar.flow.twins import counted, twins
from samovar.flow.values import (
    absent,
    bounded,
    default,
    guarded,
    least,
    own_class,
    pattern,
    settings,
    unused,
    worded,
)
from samovar.flow.variant import Places, Variant, closed, unseen

COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
ORDER = ("<", "<=", ">", ">=", "==", "!=")
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Div: "/",
    ast.Mod: "%",
    ast.Pow: "**",
}
ALIKE = (
    *("any all", "min max", "append extend", "add update", "lower upper", "popleft pop"),
    *("startswith endswith", "find rfind index", "floor ceil", "strip lstrip rstrip"),
    *("isalpha isalnum isdigit isspace", "split splitlines"),
)
"""Functions and methods of which one is taken for another."""
DUAL = {a: [b for b in row.split() if b != a] for row in ALIKE for a in row.split()}
BOUNDS = (
    *(ast.Subscript, ast.Slice, ast.Tuple, ast.Call, ast.Return, ast.Assign, ast.BinOp),
    *(ast.Dict, ast.List, ast.keyword, ast.FormattedValue),
)
"""Where a value one off is worth a try."""
ABOVE = 1.0
"""How much less likely it is that a table or a pattern is wrong than the function that uses it."""
LARGEST_DONOR = 40
"""Characters: longer expressions are not copied to other places."""


def variants(
    source: str,
    first: int = 1,
    last: int | None = None,
    reached: Mapping[int, int] = {},
    named: Set[str] = frozenset(),
) -> Iterator[Variant]:
    """Yield the valid edits of the lines `first` to `last`, the likeliest first, no two alike.

    `reached` counts how often the failing check ran each line; others are tried last. What brings
    a name in that the task speaks of, `named`, is tried earlier.
    """
    tree = parse(source)
    if tree is None:
        return
    found: dict[tuple[int, int, str], tuple[Variant, ast.AST]] = {}
    places = Places(source, named)
    functions = list(written(tree, first, last or 10**9))
    above = dict.fromkeys(s for f in functions for s in settings(tree, f))
    scopes: list[ast.AST] = [*functions, *above]
    for node in scopes:
        scope = _Scope(places, node, {} if node in above else reached)
        for made in scope.all():
            variant = replace(made, cost=made.cost + ABOVE * (node in above))
            key = (variant.start, variant.end, variant.text)
            same = source[variant.start : variant.end].strip() == variant.text.strip()
            if not same and (key not in found or found[key][0].cost > variant.cost):
                found[key] = variant, node
    # Whether an edit is Python is only asked of those that are wanted.
    for variant, node in sorted(found.values(), key=lambda f: (f[0].cost, f[0].start)):
        if places.fits(node, variant):
            yield variant


@dataclass
class _Scope:
    """One function, with the names and the pieces of code an edit may draw on."""

    places: Places
    node: ast.AST
    reached: Mapping[int, int]
    names: list[str] = field(default_factory=list)
    donors: list[str] = field(default_factory=list)
    sizes: list[str] = field(default_factory=list)
    sibling: dict[ast.AST, ast.AST] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text, self.span = self.places.text, self.places.span
        arguments = [n.arg for n in ast.walk(self.node) if isinstance(n, ast.arg)]
        inner = [n.name for n in ast.walk(self.node) if isinstance(n, ast.FunctionDef)]
        self.names = list(dict.fromkeys(arguments + stored(self.node) + inner))
        self.donors = list(
            dict.fromkeys(
                text
                for n in ast.walk(self.node)
                if isinstance(n, ast.Subscript | ast.Call | ast.BinOp | ast.Attribute)
                and len(text := self.text(n)) <= LARGEST_DONOR
            )
        )
        self.sizes = [d for d in self.donors if re.fullmatch(r"len\([\w.]+\)", d)]
        self.sibling = {c: p for p in ast.walk(self.node) for c in ast.iter_child_nodes(p)}

    def all(self) -> Iterator[Variant]:
        """Yield every edit of the scope."""
        for node in ast.walk(self.node):
            if not hasattr(node, "lineno"):
                continue
            far = unseen(node, self.reached)
            for cost, at, text in self.edits(node):
                start, end = self.span(at)
                away = self.places.away(self.node, at, text)
                yield Variant(start, end, text, cost + far + away)
        if isinstance(self.node, Function):
            for cost, at, text in unused(self.node, self.text):
                yield Variant(*self.span(at), text, cost)
        yield from self.inserted()

    def edits(self, node: ast.AST) -> Iterator[tuple[float, ast.AST, str]]:
        """Yield (cost, node to replace, new text) for one node."""
        match node:
            case ast.Compare():
                yield from self.comparison(node)
            case ast.BoolOp():
                yield from self.junction(node)
                yield from default(node, self.text)
            case ast.BinOp():
                yield from self.arithmetic(node)
                yield from least(node, self.text)
            case ast.Constant():
                yield from self.constant(node)
            case ast.Call():
                yield from self.call(node)
            case ast.If() | ast.While() | ast.IfExp():
                yield from self.condition(node)
            case ast.Return():
                yield from self.returned(node)
            case ast.UnaryOp(op=ast.Not()):
                yield 1.0, node, self.text(node.operand)
            case ast.Attribute():
                yield from self.attribute(node)
            case _:
                pass
        if isinstance(node, ast.expr):
            yield from twins(node, self.text)
            yield from self.expression(node)
        if isinstance(node, ast.stmt):
            yield from self.statement(node)

    def comparison(self, node: ast.Compare) -> Iterator[tuple[float, ast.AST, str]]:
        """Other operators, and bounds one off."""
        if len(node.ops) != 1:
            return
        left, right = self.text(node.left), self.text(node.comparators[0])
        sign = COMPARISONS[type(node.ops[0])]
        others = ORDER if sign in ORDER else ("in", "not in") if "in" in sign else ("is", "is not")
        for other in others:
            if other != sign:
                yield 1.0, node, f"{left} {other} {right}"
            for delta in ("+ 1", "- 1"):
                yield 2.0, node, f"{left} {other} {_plus(right, delta)}"

    def junction(self, node: ast.BoolOp) -> Iterator[tuple[float, ast.AST, str]]:
        """`and` for `or`, or one part less."""
        parts = [self.text(v) for v in node.values]
        word = " or " if isinstance(node.op, ast.And) else " and "
        yield 1.5, node, word.join(parts)
        for n in range(len(parts)):
            kept = [p for i, p in enumerate(parts) if i != n]
            yield 2.0, node, (" and " if word == " or " else " or ").join(kept)

    def arithmetic(self, node: ast.BinOp) -> Iterator[tuple[float, ast.AST, str]]:
        """Other operators, swapped or missing operands."""
        left, right = self.text(node.left), self.text(node.right)
        sign = ARITHMETIC.get(type(node.op))
        if sign is None:
            for other in ("&", "|", "^", "<<", ">>"):
                yield 1.5, node, f"{left} {other} {right}"
            return
        yield 1.5, node, f"{right} {sign} {left}"
        yield 1.5, node, left
        yield 1.5, node, right
        for other in ARITHMETIC.values():
            if other != sign:
                yield 2.0, node, f"{left} {other} {right}"

    def constant(self, node: ast.Constant) -> Iterator[tuple[float, ast.AST, str]]:
        """Numbers one off, the other truth value, an empty text."""
        value = node.value
        if isinstance(value, bool):
            yield 1.0, node, str(not value)
        elif isinstance(value, int):
            alone = not isinstance(self.sibling.get(node), ast.BinOp | ast.Attribute)
            for other in (value + 1, value - 1, 0, 1, -value, value * 2):
                yield 1.5, node, str(other) if other >= 0 or alone else f"({other})"
        elif isinstance(value, str) and not self.docstring(node):
            for text in ("", " "):
                yield 3.0, node, repr(text)
            yield from pattern(node, self.text)

    def call(self, node: ast.Call) -> Iterator[tuple[float, ast.AST, str]]:
        """Swapped or missing arguments, the dual function."""
        arguments = [self.text(a) for a in node.args]
        head = self.text(node.func)
        tail = [self.text(k) for k in node.keywords]
        for n in range(len(arguments) - 1):
            swapped = [*arguments]
            swapped[n], swapped[n + 1] = swapped[n + 1], swapped[n]
            yield 1.0, node, f"{head}({', '.join(swapped + tail)})"
        if len(arguments) > 1:
            for n in range(len(arguments)):
                kept = arguments[:n] + arguments[n + 1 :]
                yield 3.0, node, f"{head}({', '.join(kept + tail)})"
        name = head.rsplit(".", 1)[-1]
        for other in DUAL.get(name, ()):
            yield 1.0, node.func, head[: len(head) - len(name)] + other
        yield from counted(node, self.text)
        yield from worded(node, self.text)

    def condition(
        self, node: ast.If | ast.While | ast.IfExp
    ) -> Iterator[tuple[float, ast.AST, str]]:
        """The opposite, or a name that may be empty."""
        test = self.text(node.test)
        yield from absent(node.test, self.text)
        yield 1.5, node.test, f"not ({test})"
        for name in self.names:
            cost = 1.0 if test == "True" else 3.5
            yield cost, node.test, name
            yield 3.5, node.test, f"{test} and {name}"
            yield 3.5, node.test, f"{test} or not {name}"
        if isinstance(node, ast.If):
            yield 3.0, node.test, "True"
            yield 3.0, node.test, "False"

    def returned(self, node: ast.Return) -> Iterator[tuple[float, ast.AST, str]]:
        """A part more, or another value."""
        if node.value is None:
            return
        value = self.text(node.value)
        if isinstance(node.value, ast.List) and not node.value.elts:
            for name in self.names:
                yield 1.0, node.value, f"[{name}]"
        for name in self.names:
            yield 2.0, node.value, f"{value} + {name}"
            yield 2.5, node.value, f"{name} + {value}"
            yield 2.5, node.value, name
        yield 2.0, node.value, f"{closed(value)}[::-1]"
        yield 2.0, node.value, f"not {closed(value)}"

    def attribute(self, node: ast.Attribute) -> Iterator[tuple[float, ast.AST, str]]:
        """A name that is spelt nearly the same."""
        known = {m for t in (str, list, dict, set, int, float, bytes, tuple) for m in dir(t)}
        known = {m for m in known if not m.startswith("_")}
        if node.attr in known:
            return
        for near in difflib.get_close_matches(node.attr, known, n=2, cutoff=0.8):
            yield 0.5, node, f"{self.text(node.value)}.{near}"

    def expression(self, node: ast.expr) -> Iterator[tuple[float, ast.AST, str]]:
        """One more or less, another name, a part of it, an expression from elsewhere."""
        parent = self.sibling.get(node)
        yield from own_class(node, self.names, self.text)
        if isinstance(parent, ast.Call) and parent.func is node:
            return
        text = self.text(node)
        stored = isinstance(getattr(node, "ctx", None), ast.Store)
        if stored:
            if isinstance(node, ast.Subscript):
                yield from ((2.0, node, d) for d in self.donors if d.endswith("]") and d != text)
            return
        if isinstance(node, ast.Name):
            yield from ((1.5, node, n) for n in self.names if n != text)
            yield from ((3.0, node, d) for d in self.donors if text in d)
        if not isinstance(node, ast.Name | ast.Call | ast.Subscript | ast.BinOp | ast.Attribute):
            return
        if isinstance(parent, (*BOUNDS, ast.IfExp)):
            yield from bounded(node, self.sizes, self.text)
        if isinstance(parent, BOUNDS):
            yield 1.5, node, f"{text} + 1"
            yield 1.5, node, f"{text} - 1"
            for part in ("[1:]", "[:-1]", "[::-1]"):
                yield 3.0, node, f"{closed(text)}{part}"
        if isinstance(parent, ast.Call):
            for name in self.names:
                yield 3.0, node, f"{text} - {name}"
                yield 3.0, node, f"{text} + {name}"
        if (
            isinstance(node, ast.Subscript | ast.Call | ast.Attribute)
            and len(text) <= LARGEST_DONOR
        ):
            yield from ((3.5, node, n) for n in self.names)
            yield from ((4.0, node, d) for d in self.donors if d != text)

    def statement(self, node: ast.stmt) -> Iterator[tuple[float, ast.AST, str]]:
        """Left out, or stopping a loop."""
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Return):
            return
        simple = isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Break | ast.Continue)
        if simple and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield 3.0, node, "pass"
            if isinstance(node, ast.Break):
                yield 1.5, node, "continue"
            if isinstance(node, ast.Continue):
                yield 1.5, node, "break"
        if isinstance(node, ast.Assign):
            yield from guarded(node, self.names, self.text)
        if isinstance(node, ast.AugAssign):
            text = self.text(node)
            for sign in ("+=", "-=", "*=", "//="):
                left, right = self.text(node.target), self.text(node.value)
                if f"{left} {sign} {right}" != text:
                    yield 1.5, node, f"{left} {sign} {right}"

    def inserted(self) -> Iterator[Variant]:
        """Copies of a simple statement before a later one, also with another name in it."""
        simple = [
            n
            for n in ast.walk(self.node)
            if isinstance(n, ast.Expr | ast.AugAssign | ast.Assign)
            and len(self.text(n)) <= 2 * LARGEST_DONOR
            and not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))
        ]
        ends = [
            n for n in ast.walk(self.node) if isinstance(n, ast.Return | ast.AugAssign | ast.If)
        ]
        for donor in simple[:6]:
            text = self.text(donor)
            used = spoken(donor) & set(self.names)
            texts = [text] + [
                _renamed(text, old, new) for old in used for new in self.names if new != old
            ]
            for end in ends:
                start, _ = self.span(end)
                gap = "\n" + " " * getattr(end, "col_offset", 0)
                for copy in texts:
                    yield Variant(start, start, copy + gap, 4.0)

    def docstring(self, node: ast.AST) -> bool:
        """Return whether a text constant stands alone."""
        return isinstance(self.sibling.get(node), ast.Expr)


def _plus(text: str, delta: str) -> str:
    if text.isdigit():
        return str(int(text) + (1 if delta == "+ 1" else -1))
    return f"{text} {delta}"


def _renamed(text: str, old: str, new: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
    return ast.unparse(tree)
