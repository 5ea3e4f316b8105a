"""Edits that draw on more than the function itself: the failing tests and the other candidates.

What a model leaves out is often small and said elsewhere: the text of an error stands in the test,
a guard or a better condition in another answer, and the input wants to be stripped first. The
ideas are those of `variants`, whose edits these are tried along with.
"""

import ast
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, product
from typing import Any

from samovar.flow import letters
from samovar.flow.filters import filters, operands, skipped
from samovar.flow.forms import formed
from samovar.flow.guards import RAISES, Call, calls, compared, raising, returning
from samovar.flow.source import Function, parse, spoken, written
from samovar.flow.variant import Places, Variant, closed, unseen

NORMAL = (
    "{0}.strip()",
    "{0}.lower()",
    "{0}.upper()",
    '{0}.replace(" ", "")',
    "list({0})",
    "str({0})",
    "sorted({0})",
)
"""What is done to an argument before anything else."""
WRAPPED = (
    "str({0})",
    "int({0})",
    "list({0})",
    "tuple({0})",
    "sorted({0})",
    "set({0})",
    "len({0})",
    "abs({0})",
    "sum({0})",
    '"".join({0})',
    '" ".join({0})',
    "{0}.strip()",
    "{0}.lower()",
    "{0}.upper()",
    "{0}.split()",
)
EMPTY = ("[]", '""', "0", "None", "False", "True")
EDGES = ("not {0}", "{0} < 0", "{0} <= 0", "{0} < 1", "{0} == 0", "{0} == 1", "len({0}) == 1")
TEXTS = 16
"""Texts of the tests that are tried in one place, the likest first."""
CASES = 8
"""Conditions that are tried in pairs, for a case nobody thought of."""
LONGEST = 400
"""Characters: longer statements of other candidates are not copied."""
GIVEN = frozenset({"len", "any", "all", "set", "self"})
"""Names a condition may use before the first statement, beside the arguments."""


@dataclass(frozen=True)
class Donors:
    """What the edits draw on."""

    texts: tuple[str, ...] = ()
    """The text constants of the failing tests."""
    errors: tuple[str, ...] = ()
    """The exceptions the failing tests expect."""
    calls: Sequence[Call] = ()
    """What the tests call, and of which calls they expect an exception."""
    values: tuple[Any, ...] = ()
    """The literals that results are compared with in the failing tests."""
    others: tuple[str, ...] = ()
    """The same file, as other candidates have it."""
    names: frozenset[str] = frozenset()
    """What the task speaks of."""

    def __add__(self, other: "Donors") -> "Donors":
        return Donors(
            tuple(dict.fromkeys(self.texts + other.texts)),
            tuple(dict.fromkeys(self.errors + other.errors)),
            (*self.calls, *other.calls),
            self.values + other.values,
            self.others + other.others,
            self.names | other.names,
        )


def expected(tests: str, names: Sequence[str]) -> Donors:
    """Return what the named test functions of a file speak of."""
    tree = parse(tests)
    functions = [n for n in ast.walk(tree) if isinstance(n, Function)] if tree else []
    return _spoken_of(functions, names)


def shown(example: str) -> Donors:
    """Return what an example of the task speaks of: a program, as good as the body of a test."""
    tree, test = parse(example), ast.parse("def test_example(): pass").body[0]
    if tree is None or not isinstance(test, ast.FunctionDef):
        return Donors()
    test.body = tree.body
    return _spoken_of([test], [test.name])


def _spoken_of(functions: Sequence[Function], names: Sequence[str]) -> Donors:
    wanted = [f for f in functions if f.name in names]
    texts: dict[str, None] = {}
    errors: dict[str, None] = {}
    values = [v for w in wanted for v in compared(w)]
    for node in (n for w in wanted for n in ast.walk(w)):
        match node:
            case ast.Constant(value=str(text)) if text:
                texts[text] = None
            case ast.Call(func=ast.Attribute(attr=name), args=[kind, *_]) if name in RAISES:
                errors[ast.unparse(kind)] = None
            case _:
                pass
    return Donors(tuple(texts), tuple(errors), calls(functions, names), tuple(values))


def grafts(
    source: str, first: int, last: int | None, donors: Donors, reached: Mapping[int, int] = {}
) -> Iterator[Variant]:
    """Yield the valid edits of the functions in some lines, the likeliest first, no two alike.

    `reached` counts how often the failing check ran each line; others are tried last.
    """
    found: dict[tuple[int, int, str], tuple[Variant, ast.AST]] = {}
    tree = parse(source)
    places = Places(source, donors.names)
    others = [t for text in donors.others if (t := parse(text)) is not None]
    made = _constructors(tree) if tree else {}
    for node in written(tree, first, last or 10**9) if tree else ():
        theirs = [o for other in others for o in ast.walk(other) if _same(node, o)]
        called = [c for c in donors.calls if c.name == made.get(node, node.name)]
        graft = _Graft(places, node, replace(donors, calls=called), theirs, reached)
        for variant in graft.all():
            key = (variant.start, variant.end, variant.text)
            if key not in found or found[key][0].cost > variant.cost:
                found[key] = variant, node
    # Whether an edit is Python is only asked of those that are wanted.
    for variant, function in sorted(found.values(), key=lambda f: f[0].cost):
        if places.fits(function, variant):
            yield variant


def _constructors(tree: ast.Module) -> dict[Function, str]:
    """Return the classes that are made by functions: whoever calls one names the class."""
    return {
        f: node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for f in node.body
        if isinstance(f, Function) and f.name == "__init__"
    }


def _same(mine: Function, other: ast.AST) -> bool:
    return isinstance(other, Function) and other.name == mine.name


class _Graft:
    """The edits of one function."""

    def __init__(
        self,
        places: Places,
        node: Function,
        donors: Donors,
        theirs: Sequence[ast.AST],
        reached: Mapping[int, int],
    ) -> None:
        self.node = node
        self.reached = reached
        self.donors = donors
        self.places, self.text, self.span = places, places.text, places.span
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.names = [a.arg for a in arguments if a.arg not in ("self", "cls")]
        own = set(_statements([node]))
        self.statements = [t for t in _statements(theirs) if t not in own]
        self.tests = _conditions([node, *theirs])
        self.marks = letters.marks(donors.texts)
        ours = [ast.literal_eval(c.value) for c in donors.calls if c.red and c.value]
        self.wanted = ours or donors.values

    def all(self) -> Iterator[Variant]:
        """Yield every edit."""
        yield from self.opening()
        for node in ast.walk(self.node):
            match node:
                case ast.Constant(value=str(text)):
                    yield from self.other_text(node)
                    for other in letters.others(text, self.marks):
                        yield self.edit(node, repr(other), 2.2)
                case ast.Raise(exc=ast.Call() as call):
                    yield from self.error(call)
                case ast.If():
                    yield from self.branch(node)
                case ast.Assign(value=ast.Call() | ast.Attribute() | ast.Subscript() as value):
                    yield from self._freed(value)
                case _:
                    pass
            if isinstance(node, ast.If | ast.While | ast.IfExp):
                yield from self.condition(node.test)
            if isinstance(node, ast.stmt) and node is not self.node:
                yield from self.statement(node)
            yield from self.wrapped(node)
        values = operands(self.node, self.text)
        learned = formed(self.node, self.wanted)
        for cost, node, text in chain(filters(self.node, values, self.text), learned):
            yield self.edit(node, text, cost)
        for first, text in skipped(self.node, values):
            yield self.before(first, text, 3.3)

    def opening(self) -> Iterator[Variant]:
        """Statements before all others: a normal form of an argument, a guard, a case left out."""
        body = self.node.body
        doc = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        at = body[1] if doc and len(body) > 1 else body[0]
        for name in self.names:
            for form in (*NORMAL, *letters.ONLY):
                yield self.before(at, f"{name} = {form.format(name)}", 1.8)
            for form in letters.normal(self.marks):
                yield self.before(at, f"{name} = {form.format(name)}", 2.3)
        edges = [e.format(n) for n in self.names for e in EDGES]
        early = [t for t in self.tests if self.early(t)]
        errors = self.errors()
        for test, error in product(raising(self.donors.calls, self.names), errors):
            yield self.before(at, f"if {test}:\n    raise {error}", 1.4)
        for test, value in returning(self.donors.calls, self.names):
            yield self.before(at, f"if {test}:\n    return {value}", 1.7)
        for test in dict.fromkeys([*edges, *early]):
            for value in EMPTY:
                yield self.before(at, f"if {test}:\n    return {value}", 3.2)
            for error in errors:
                yield self.before(at, f"if {test}:\n    raise {error}", 2.2)
        for one, other in combinations(early[:CASES], 2):
            for text in self.donors.texts[:TEXTS]:
                yield self.before(at, f"if {one} and {other}:\n    return {text!r}", 3.1)
        for text in self.statements:
            yield self.before(at, text, 3.0)

    def errors(self) -> list[str]:
        """Return the exceptions the tests expect, with each text that may be theirs."""
        said = [t for t in self.donors.texts if " " in t][:6]
        made = [f"{kind}({text!r})" for kind in self.donors.errors for text in said]
        return made or [f"{kind}()" for kind in self.donors.errors]

    def early(self, test: str) -> bool:
        """Return whether a condition needs nothing but the arguments."""
        tree = ast.parse(test, mode="eval")
        used = spoken(tree)
        return bool(used & set(self.names)) and used <= GIVEN.union(self.names)

    def other_text(self, node: ast.Constant) -> Iterator[Variant]:
        """Another text of the tests, the likest first."""
        ranked = sorted((-_alike(t, str(node.value)), n) for n, t in enumerate(self.donors.texts))
        for rank, (unlike, n) in enumerate(ranked[:TEXTS]):
            text = self.donors.texts[n]
            cost = 1.2 if unlike < -0.5 else 2.5
            yield self.edit(node, repr(text), cost + 0.05 * rank)

    def error(self, call: ast.Call) -> Iterator[Variant]:
        """The exception the tests expect, with its text."""
        for error in self.errors():
            yield self.edit(call, error, 1.3)

    def branch(self, node: ast.If) -> Iterator[Variant]:
        """Two branches of one chain in the other order, or a guard left out."""
        below = node.orelse[0] if len(node.orelse) == 1 else None
        while isinstance(below, ast.If):
            mine = self.text(node.test, node.body[-1])
            theirs = self.text(below.test, below.body[-1])
            start, end = self.span(node.test)[0], self.span(below.body[-1])[1]
            between = self.text(node.test, below.body[-1])[len(mine) : -len(theirs)]
            yield Variant(start, end, f"{theirs}{between}{mine}", 1.6)
            below = below.orelse[0] if len(below.orelse) == 1 else None
        if not node.orelse:
            yield self.edit(node, "pass", 2.6)

    def condition(self, test: ast.expr) -> Iterator[Variant]:
        """Another condition, alone or with this one."""
        text = ast.unparse(test)
        for other in self.tests:
            if other == text:
                continue
            yield self.edit(test, other, 2.4)
            yield self.edit(test, f"({text}) and ({other})", 2.6)
            yield self.edit(test, f"({text}) or ({other})", 2.8)
            yield self.edit(test, f"({text}) and not ({other})", 2.8)

    def statement(self, node: ast.stmt) -> Iterator[Variant]:
        """A statement of another candidate, in place of this one or before it."""
        text = ast.unparse(node)
        for other in self.statements:
            cost = 3.6 - 1.8 * _alike(text, other)
            yield self.edit(node, other, cost)
            yield self.before(node, other, cost + 0.8)

    def wrapped(self, node: ast.AST) -> Iterator[Variant]:
        """A value in another form: what is returned, looped over or compared."""
        places: list[ast.expr | None] = []
        match node:
            case ast.Return(value=value):
                places = [value]
            case ast.For(iter=value) | ast.comprehension(iter=value):
                places = [value]
            case ast.Compare(left=left, comparators=[right]):
                places = [left, right]
            case ast.Call(args=[value]):
                places = [value]
            case _:
                pass
        for place in places:
            if place is None or isinstance(place, ast.Constant):
                continue
            text = ast.unparse(place)
            for form in WRAPPED:
                inner = closed(text) if form.startswith("{") else text
                yield self.edit(place, form.format(inner), 3.3)
            for form in letters.stripped(self.marks):
                yield self.edit(place, form.format(text), 3.4)
            yield from self._freed(place)
            if isinstance(place, ast.Call) and len(place.args) == 1:
                yield self.edit(place, ast.unparse(place.args[0]), 2.9)

    def _freed(self, node: ast.expr) -> Iterator[Variant]:
        """A text without a sign of the tests."""
        for form in letters.freed(self.marks):
            yield self.edit(node, form.format(closed(ast.unparse(node))), 3.3)

    def edit(self, node: ast.AST, text: str, cost: float) -> Variant:
        """Return the edit that puts a text in the place of a node."""
        return Variant(*self.span(node), self.indented(node, text), cost + self._more(node, text))

    def before(self, node: ast.stmt, text: str, cost: float) -> Variant:
        """Return the edit that puts a statement before another."""
        start, _ = self.span(node)
        margin = " " * node.col_offset
        cost += self._more(node, text)
        return Variant(start, start, f"{self.indented(node, text)}\n{margin}", cost)

    def _more(self, node: ast.AST, text: str) -> float:
        """Return what an edit costs more for where it is, and for what it brings from afar."""
        return unseen(node, self.reached) + self.places.away(self.node, node, text)

    def indented(self, node: ast.AST, text: str) -> str:
        """Return a text whose further lines stand where the node stands."""
        margin = " " * getattr(node, "col_offset", 0)
        return text.replace("\n", f"\n{margin}") if isinstance(node, ast.stmt) else text


def _statements(functions: Sequence[ast.AST]) -> list[str]:
    found = (n for f in functions for n in ast.walk(f) if isinstance(n, ast.stmt) and n is not f)
    said = dict.fromkeys(ast.unparse(n) for n in found)
    return [t for t in said if len(t) <= LONGEST and '"""' not in t]


def _conditions(nodes: Sequence[ast.AST]) -> list[str]:
    found = [
        n.test
        for node in nodes
        for n in ast.walk(node)
        if isinstance(n, ast.If | ast.While | ast.IfExp)
    ]
    parts = [v for f in found if isinstance(f, ast.BoolOp) for v in f.values]
    return list(dict.fromkeys(t for n in [*found, *parts] if len(t := ast.unparse(n)) <= 80))


def _alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()
