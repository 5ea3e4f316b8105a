"""Examples: the task's own words, turned into checks.

An example counts only when it is grounded: its values stand in the task, close together, and the
project fails it now. A test that a small model makes up is wrong as often as right; one that it
copies out of the issue and that is red before the change is evidence.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Mapping, Sequence

from samovar.core.seams import text_of
from samovar.core.state import State
from samovar.flow.answer import blocks
from samovar.flow.forgotten import forgotten
from samovar.flow.grounding import FOREIGN, shown, stands
from samovar.flow.kit import Kit
from samovar.flow.localise import quoted, sources
from samovar.flow.reports import quoted_tests
from samovar.flow.source import (
    Definition,
    Symbol,
    defined,
    imported,
    module_of,
    parse,
    sides,
    spoken,
    stored,
)
from samovar.flow.speak import Aside, aside, cut, drawn, messages, prompt
from samovar.flow.undefined import undefined
from samovar.flow.work import SMALLEST, affords

LIMIT = 400
"""Generated tokens of the answer."""
MOST = 12
"""Examples that are tried."""
LONGEST = 9
"""Lines of one assertion, at most."""
_ASKED = re.compile(
    r"(?:must|should|shall|has to|have to|expected to)\b[^.!?\n]{0,80}?"
    r"(?:raise|refuse|reject|fail|throw)[^.!?\n]{0,40}?\b([A-Z]\w+)"
)
_OTHERWISE = re.compile(r"\b(not|never|no longer|instead|rather|where|now)\b")
_CRASH = re.compile(r"\b(raises|raised|throws|crash(es|ed)?|fails with|ends with)\b")
_OUTPUT = re.compile(r"^(E   |FAILED |ERROR ).*\n?", re.M)
"""What pytest says of a failure: its values are no example of what should be."""
_ASSERTION = re.compile(r"self\.assert\w+\(|assert\b")


async def find(kit: Kit, state: State, near: list[Symbol]) -> tuple[tuple[str, ...], Aside]:
    """Return checks taken from the task, and what the model was asked to find them."""
    text = state.task.text
    code = doctests(text + "\n" + "\n".join(s.text for s in near[:1]), near)
    tests, rest = quoted_tests(text, _homes(kit, near))
    red = await _red(kit, text, [*code, *tests, *asserted(rest, near), *refused(text, near)])
    if red or not re.search(r"[`(=']", text) or not affords(state, LIMIT, SMALLEST):
        return red, Aside()
    kit.live("step", "reading the examples in the task")
    question = prompt("examples", task=cut(text, 1500), imports=_imports(near))
    said = await aside(kit.model, messages(question), LIMIT, drawn(0.0, 1))
    told = blocks(said.answer)
    read = [c for b in told for c in grounded(b, text, near, _elsewhere(kit, b, near))]
    found = await _red(kit, text, read) or await _red(kit, text, crashing(text, near))
    return found, said


async def _red(kit: Kit, task: str, code: Sequence[str]) -> tuple[str, ...]:
    """Return the checks that the project fails now, and not for a reason of their own."""
    found = []
    for snippet in list(dict.fromkeys(code))[:MOST]:
        checked = await kit.checks.snippet("example", snippet, {})
        if checked.exit != 0 and not broken(checked.excerpt, snippet, task):
            found.append(snippet)
    return tuple(found)


def doctests(text: str, near: list[Symbol]) -> list[str]:
    """Return a check for each `>>>` example that is followed by a result."""
    pairs = re.findall(r"^[ \t]*>>> (.+)\n(?!\s*>>>)[ \t]*(\S.*)$", text, re.M)
    found = []
    for call, result in pairs:
        if parse(f"({call}\n)") is None or parse(f"({result}\n)") is None:
            continue
        check = f"got = ({call})\nassert got == ({result}) or repr(got) == {result!r}, got\n"
        found.append(_imports(near) + "\n" + check)
    return found


def asserted(text: str, near: list[Symbol]) -> list[str]:
    """Return a check for each assertion that the task quotes, such as out of a test's output."""
    rows = [row.lstrip(" \t>") for row in text.splitlines()]
    ours = _ours(near)
    given = ours.union(dir(builtins))
    found: dict[str, None] = {}
    for at in (n for n, row in enumerate(rows) if _ASSERTION.match(row)):
        pieces = (parse("\n".join(rows[at : at + size])) for size in range(1, LONGEST))
        tree = next((t for t in pieces if t is not None), None)
        for node in tree.body if tree else ():
            used = spoken(node) - {"self"}
            if used & ours and used <= given and (check := _check(node)):
                found[f"{_imports(near)}\n{check}\n"] = None
    return list(found)


def _check(node: ast.stmt) -> str:
    """Return an assertion of any kind as a plain one, empty for what compares no two values."""
    if isinstance(node, ast.Assert):
        return ast.unparse(node)
    pair = sides(node.value) if isinstance(node, ast.Expr) else ()
    if len(pair) != 2:
        return ""
    return ast.unparse(ast.Assert(ast.Compare(pair[0], [ast.Eq()], [pair[1]])))


def grounded(block: str, task: str, near: list[Symbol], homes: Mapping[str, str] = {}) -> list[str]:
    """Return one script for each assert whose every value stands in the task.

    The statements before an assert, imports and set-up, come with it. `homes` tells how names of
    other files are imported that the block lacks.
    """
    tree = parse(block)
    if tree is None:
        return []
    known = {*_ours(near), *homes}
    tree = _Native(_bound(tree) | known).visit(tree)
    lacking = forgotten(ast.unparse(tree), known)
    imports = "\n".join([*lacking, *homes.values(), _imports(near)])
    told = _OUTPUT.sub("", task)
    before: list[ast.stmt] = []
    found = []
    for node in tree.body:
        if isinstance(node, Definition) and node.name in _ours(near):
            continue
        if not isinstance(node, ast.Assert):
            before.append(node)
        elif stands([*(used := _set_up(before, node)), node.test], told):
            check = _raising(node.test, task) or _listed(node.test) or ast.unparse(node)
            found.append("\n".join([imports, *map(ast.unparse, used), check]) + "\n")
    return found


class _Native(ast.NodeTransformer):
    """Writes the constants of JSON as Python does: tasks quote them, and a model copies them."""

    def __init__(self, known: set[str]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Turn `null` into None where nobody gave that name a value."""
        foreign = node.id in FOREIGN and node.id not in self.known
        return ast.Constant(FOREIGN[node.id]) if foreign else node


def _set_up(before: Sequence[ast.stmt], check: ast.Assert) -> list[ast.stmt]:
    """Return the statements that a check stands on: those that make or change what it uses."""
    made = {name for node in before for name in _bound(node)}
    used = spoken(check)
    kept = []
    for node in reversed(before):
        if _bound(node) & used or spoken(node) & made & used:
            used |= spoken(node)
            kept.append(node)
    return kept[::-1]


def _bound(node: ast.AST) -> set[str]:
    """Return the names that a statement binds."""
    bound = {name for name, _ in imported(ast.walk(node))}
    bound |= {n.name for n in ast.walk(node) if isinstance(n, Definition)}
    return bound | set(stored(node))


def _raising(test: ast.expr, task: str) -> str:
    """Return the check that a call raises, where a model wrote `call == ValueError`."""
    match test:
        case ast.Compare(
            ast.Call() as call, [ast.Eq() | ast.Is()], [ast.Name(name) | ast.Call(ast.Name(name))]
        ):
            return raises(ast.unparse(call), name) if _is_error(name) and name in task else ""
        case _:
            return ""


def _listed(test: ast.expr) -> str:
    """Return the check of a call that may give an iterator, where a model wrote a list."""
    match test:
        case ast.Compare(ast.Call() as call, [ast.Eq()], [ast.List() as wanted]):
            said = ast.unparse(wanted)
            return f"got = {ast.unparse(call)}\nassert got == {said} or list(got) == {said}, got"
        case _:
            return ""


def raises(call: str, error: str) -> str:
    """Return a check that a call raises an exception."""
    said = f"{call} raises no {error}"
    return f"try:\n    {call}\nexcept {error}:\n    pass\nelse:\n    assert False, {said!r}"


def refused(text: str, near: list[Symbol]) -> list[str]:
    """Return a check of the only call that the task quotes, if it asks for an exception."""
    asked = _ASKED.search(text)
    if asked is None or not _is_error(asked[1]) or _OTHERWISE.search(asked[0]):
        return []
    found = _calls(text, near)
    # Of several calls the task may want only one refused, and not say which.
    return [f"{_imports(near)}\n{raises(c, asked[1])}\n" for c in found if len(found) == 1]


def crashing(text: str, near: list[Symbol]) -> list[str]:
    """Return the calls that the task quotes, as checks that they end, if it tells of a crash."""
    if _CRASH.search(text) is None or _ASKED.search(text) is not None:
        return []
    return [f"{_imports(near)}\n{call}\n" for call in _calls(text, near)]


def _calls(text: str, near: list[Symbol]) -> list[str]:
    """Return the quoted calls of the project's code with plain values."""
    calls = (_literal(span.strip("`").strip(), near) for span in quoted(text))
    return [call for call in dict.fromkeys(calls) if call]


class _Bare(ast.NodeTransformer):
    """Takes the name of the module from before the project's own names."""

    def __init__(self, ours: set[str]) -> None:
        self.ours = ours

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Turn `shop.cart.add` into `add`."""
        self.generic_visit(node)
        dotted = re.fullmatch(r"[\w.]+", ast.unparse(node.value)) is not None
        return ast.Name(node.attr, ast.Load()) if dotted and node.attr in self.ours else node


def _literal(code: str, near: list[Symbol]) -> str:
    """Return a call of the project's code with plain values, without the name of its module."""
    tree = parse(code)
    match tree.body if tree else []:
        case [ast.Expr(ast.Call() as call)] if call.args:
            bare = _Bare(_ours(near)).visit(call)
            used = spoken(bare)
            return ast.unparse(bare) if len(used) == 1 and used <= _ours(near) else ""
        case _:
            return ""


def _ours(near: list[Symbol]) -> set[str]:
    return {s.name.split(".")[0] for s in near}


def _is_error(name: str) -> bool:
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and issubclass(kind, Exception)


def broken(excerpt: str, snippet: str = "", task: str = "") -> bool:
    """Return whether an example fails for a reason of its own: a name or import that is wrong, a
    method it calls that the task does not speak of.
    """
    own = ("ModuleNotFoundError", "ImportError", "NameError", "SyntaxError", "IndentationError")
    if re.search(rf"^({'|'.join(own)}):", excerpt, re.M):
        return True
    lacks = re.search(r"AttributeError: .* has no attribute '(\w+)'", excerpt)
    return lacks is not None and f".{lacks[1]}" in snippet and not shown(lacks[1], task)


def _homes(kit: Kit, near: list[Symbol]) -> dict[str, str]:
    """Return how each name of the files at hand is imported; of two, from the likelier file."""
    paths = dict.fromkeys(s.path for s in near)
    return _lines((name, path) for path in paths for name in defined(text_of(kit.tree, path)))


def _elsewhere(kit: Kit, block: str, near: list[Symbol]) -> dict[str, str]:
    """Return how the names are imported that a block lacks and other files define."""
    missing = undefined(block).keys() - _ours(near)
    files = sources(kit.tree) if missing else {}
    holding = ((p, t) for p, t in files.items() if any(name in t for name in missing))
    return _lines((name, path) for path, text in holding for name in missing & defined(text))


def _imports(near: list[Symbol]) -> str:
    return "\n".join(_lines((s.name.split(".")[0], s.path) for s in near).values())


def _lines(places: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the import of each name; where two files have it, the first is meant."""
    found: dict[str, str] = {}
    for name, path in places:
        found.setdefault(name, f"from {module_of(path)} import {name}")
    return found
