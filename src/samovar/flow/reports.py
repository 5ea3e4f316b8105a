"""Reports: whole tests out of what pytest printed, which people paste into tasks.

pytest shows the source of a failed test down to the statement that failed, marked by `>`. That is
a program that can be run again, with the values the test stands on.
"""

import ast
import builtins
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile, islice, takewhile

from samovar.flow.forgotten import forgotten
from samovar.flow.source import parse, spoken, stored
from samovar.flow.undefined import undefined

MOST = 12
"""Programs made of one text."""
ABOVE = 12
"""Rows above a test that are looked at."""
PLACES = 200
"""Quoted tests that are looked at."""
LONGEST = 60
"""Lines from the begin of a test to the statement that failed, at most."""
AFTER = 20
"""Lines of the statement itself, at most."""
_TEST = re.compile(r"^(.{0,8}?[ \t]{4})def test\w*\(")
_GIVEN = re.compile(r"\w+ = .*")
_SELF = re.compile(r"\bself = <[^>]*>(, )?")
_CASE = re.compile(r"assert\w+|fail|subTest")
"""What a test may use of its class."""
_TOOLS = frozenset({"pytest", "unittest"})


def quoted_tests(text: str, homes: Mapping[str, str]) -> tuple[list[str], str]:
    """Return a program for each failed test that a text quotes and that can stand alone, and the
    text without these.

    `homes` says for each name of the project how it is imported. What a test takes from its class,
    its module, from fixtures or from parameters that are not shown as plain values is not in a
    report: such tests are left out. So is a `with` whose body is not shown.
    """
    rows = text.splitlines()
    found: dict[str, None] = {}
    taken: set[int] = set()
    for first, at, indent in islice(_places(rows), PLACES):
        shown = _source(rows, first, at, indent) if len(found) < MOST else None
        above = [row.lstrip(" \t>") for row in reversed(rows[max(0, first - ABOVE) : first])]
        program = _program(*shown, _parameters(above)) if shown and _plain(above) else ""
        if shown and program and (whole := _imported(program, homes)):
            found[whole] = None
            taken.update(range(first, first + len(shown[0].splitlines())))
    return list(found), "\n".join(row for n, row in enumerate(rows) if n not in taken)


def is_quoted(program: str) -> bool:
    """Return whether a program is a test that a task quotes, which a reader of the task knows."""
    return re.search(r"^def test\w*\(", program, re.M) is not None


def _places(rows: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield where each quoted test begins, the first line of its statement that failed, and how
    many characters stand before each of its lines.
    """
    first, before = None, ""
    for at, row in enumerate(rows):
        if mark := _TEST.match(row):
            first, before = at, mark[1]
        elif first is not None and re.match(rf"{re.escape(before[:-4])}>[ \t]{{3}}", row):
            if at - first <= LONGEST:
                yield first, at, len(before)
            first = None


def _source(
    rows: Sequence[str], first: int, at: int, indent: int
) -> tuple[str, ast.FunctionDef] | None:
    """Return the test down to the statement that failed, as text and as a tree."""
    marked = f"{' ' * indent}{rows[at][indent:]}"
    shown = [row[indent:] for row in [*rows[first:at], marked, *rows[at + 1 : at + AFTER]]]
    for end in range(at - first + 1, len(shown) + 1):
        text = "\n".join(shown[:end])
        match parse(text):
            case ast.Module(body=[ast.FunctionDef() as function]):
                return text, function
            case _:
                pass
    return None


def _plain(above: Sequence[str]) -> bool:
    """Return whether no decorator above a test, from below, does more than give parameters."""
    marks = (row for row in takewhile(str.strip, above) if row.startswith("@"))
    return all(row.startswith("@pytest.mark.parametrize(") for row in marks)


def _parameters(above: Sequence[str]) -> dict[str, str]:
    """Return the plain values that pytest names above a test, such as `a = 1, b = 'x'`.

    What it shortened is no value, and what can be changed may have been, when the test failed.
    """
    named = next((row.strip() for row in dropwhile(str.strip, above) if row.strip()), "")
    plain = f"f({re.sub(_SELF, '', named)})"
    match parse(plain) if _GIVEN.match(plain[2:]) else None:
        case ast.Module(body=[ast.Expr(ast.Call(keywords=found))]):
            said = {k.arg: (k.value, ast.get_source_segment(plain, k.value)) for k in found}
        case _:
            return {}
    return {name: text for name, (node, text) in said.items() if name and text and _fixed(node)}


def _fixed(value: ast.expr) -> bool:
    """Return whether a value is written whole, and cannot have been changed."""
    for node in ast.walk(value):
        match node:
            case ast.Name() | ast.Call() | ast.List() | ast.Dict() | ast.Set():
                return False
            case ast.Constant(said) if said is ... or "..." in str(said):
                return False
            case _:
                pass
    return True


def _program(text: str, test: ast.FunctionDef, values: Mapping[str, str]) -> str:
    """Return the test and a call of it; empty where something it stands on is elsewhere."""
    names = [a.arg for a in test.args.args]
    wanted = [name for name in names if name != "self"]
    more = (*test.args.posonlyargs, *test.args.kwonlyargs, test.args.vararg, test.args.kwarg)
    if any(name not in values or name in stored(test) for name in wanted) or any(more):
        return ""
    if _elsewhere(test):
        return ""
    case = ["unittest.TestCase()"] if "self" in names else []
    given = [f"{name}={values[name]}" for name in wanted]
    return f"{text}\n\n{test.name}({', '.join([*case, *given])})\n"


def _elsewhere(test: ast.FunctionDef) -> bool:
    """Return whether a test uses what its class made for it, or the class itself."""
    made: set[str] = set()
    used: set[str] = set()
    names = attributes = 0
    for node in ast.walk(test):
        match node:
            case ast.Attribute(ast.Name("self"), name, context):
                (made if isinstance(context, ast.Store) else used).add(name)
                attributes += 1
            case ast.Name("super"):
                return True
            case ast.Name("self"):
                names += 1
            case _:
                pass
    return names > attributes or not all(map(_CASE.fullmatch, used - made))


def _imported(program: str, homes: Mapping[str, str]) -> str:
    """Return a program with its imports; empty where it needs a name that nobody knows, or none
    of the project's.
    """
    hidden = set(dir(builtins)) & spoken(ast.parse(program))
    lacking = undefined(program).keys() | hidden & homes.keys()
    lines = [f"import {name}" for name in sorted(_TOOLS & lacking)]
    lines += forgotten(program, {*homes, *_TOOLS})
    lines += [homes[name] for name in sorted(homes.keys() & lacking)]
    whole = "\n".join([*lines, "", program])
    return whole if homes.keys() & lacking and not undefined(whole) else ""
