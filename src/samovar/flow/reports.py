"""Reports: whole tests out of what pytest printed, which people paste into tasks.

pytest shows the source of a failed test down to the statement that failed, marked by `>`. That is
a program that can be run again, with the values the test stands on.
"""

import ast
import re
import unittest
from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile

from samovar.flow.forgotten import forgotten
from samovar.flow.source import parse, spoken
from samovar.flow.undefined import undefined

LONGEST = 60
"""Lines from the begin of a test to the statement that failed, at most."""
AFTER = 20
"""Lines of the statement itself, at most."""
_TEST = re.compile(r"^(.{0,8}?[ \t]{4})def test\w*\(")
_FAILED = re.compile(r"^.{0,8}?>[ \t]{3}")
_GIVEN = re.compile(r"\w+ = .*")
_CASE = frozenset(dir(unittest.TestCase))
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
    for first, at in _places(rows):
        shown = _source(rows, first, at)
        program = _program(*shown, _parameters(rows[:first])) if shown else ""
        if shown and program and (whole := _imported(program, homes)):
            found[whole] = None
            taken.update(range(first, first + len(shown[0].splitlines())))
    return list(found), "\n".join(row for n, row in enumerate(rows) if n not in taken)


def is_test(program: str) -> bool:
    """Return whether a program is a test that a task quotes, which a reader of the task knows."""
    return re.search(r"^def test\w*\(", program, re.M) is not None


def _places(rows: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where each quoted test begins, and the first line of its statement that failed."""
    first = None
    for at, row in enumerate(rows):
        if _TEST.match(row):
            first = at
        elif first is not None and _FAILED.match(row):
            if at - first <= LONGEST:
                yield first, at
            first = None


def _source(rows: Sequence[str], first: int, at: int) -> tuple[str, ast.FunctionDef] | None:
    """Return the test down to the statement that failed, as text and as a tree."""
    mark = _TEST.match(rows[first])
    indent = len(mark[1]) if mark else 0
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


def _parameters(before: Sequence[str]) -> dict[str, ast.expr]:
    """Return the plain values that pytest names above a test, such as `a = 1, b = 'x'`."""
    above = dropwhile(str.strip, (row.lstrip(" \t>") for row in reversed(before)))  # decorators
    named = next((row.strip() for row in above if row.strip()), "")
    plain = re.sub(r"\bself = <[^>]*>(, )?", "", named)
    match parse(f"f({plain})") if _GIVEN.match(plain) else None:
        case ast.Module(body=[ast.Expr(ast.Call(keywords=found))]):
            return {k.arg: k.value for k in found if k.arg and not spoken(k.value)}
        case _:
            return {}


def _program(text: str, test: ast.FunctionDef, values: Mapping[str, ast.expr]) -> str:
    """Return the test and a call of it; empty where something it stands on is elsewhere."""
    names = [a.arg for a in test.args.args]
    wanted = [name for name in names if name != "self"]
    if any(name not in values for name in wanted) or _elsewhere(test):
        return ""
    case = ["unittest.TestCase()"] if "self" in names else []
    given = [f"{name}={ast.unparse(values[name])}" for name in wanted]
    return f"{text}\n\n{test.name}({', '.join([*case, *given])})\n"


def _elsewhere(test: ast.FunctionDef) -> bool:
    """Return whether a test uses what its class made for it."""
    made: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(test):
        match node:
            case ast.Attribute(ast.Name("self"), name, ast.Store()):
                made.add(name)
            case ast.Attribute(ast.Name("self"), name):
                used.add(name)
            case _:
                pass
    return not used <= made | _CASE


def _imported(program: str, homes: Mapping[str, str]) -> str:
    """Return a program with its imports; empty where it needs a name that nobody knows, or none
    of the project's.
    """
    lacking = undefined(program).keys()
    lines = [f"import {name}" for name in sorted(_TOOLS & lacking)]
    lines += forgotten(program, {*homes, *_TOOLS})
    lines += [homes[name] for name in sorted(homes.keys() & lacking)]
    whole = "\n".join([*lines, "", program])
    return whole if homes.keys() & lacking and not undefined(whole) else ""
