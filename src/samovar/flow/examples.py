"""Examples: the task's own words, turned into checks.

An example counts only when it is grounded: its values stand in the task, close together, and the
project fails it now. A test that a small model makes up is wrong as often as right; one that it
copies out of the issue and that is red before the change is evidence.
"""

import ast
import builtins
import re
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from textwrap import dedent

from samovar.core.state import State
from samovar.flow.answer import blocks
from samovar.flow.asserts import (
    Homes,
    Ours,
    binds,
    grounded,
    is_error,
    plain,
    program,
    raises,
    set_up,
    statements,
)
from samovar.flow.grounding import shown
from samovar.flow.kit import Kit
from samovar.flow.localise import packages, quoted, sources
from samovar.flow.reports import quoted_tests
from samovar.flow.source import Symbol, defined, module_of, parse, spoken
from samovar.flow.speak import Aside, aside, cut, drawn, messages, prompt
from samovar.flow.work import SMALLEST, affords

LIMIT = 400
"""Generated tokens of the answer."""
MOST = 12
"""Examples that are tried."""
LONGEST = 9
"""Lines of one assertion, at most."""
NAMES = 8
"""Names of the project of which the model is told where they come from."""
_REFUSE = r"(?:raise|refuse|reject|fail|throw)"
_ASKED = re.compile(
    rf"(?:must|should|shall|has to|have to|expected to)\b[^.!?\n]{{0,80}}?"
    rf"{_REFUSE}[^.!?\n]{{0,40}}?\b([A-Z]\w+)"
    r"|\b([A-Z]\w+(?:Error|Exception))\b[^.!?\n]{0,80}?"
    r"(?:must|should|shall|has to|have to|expected to) be (?:raised|thrown)\b"
    r"|\bexpect(?:ed is)? an? `?([A-Z]\w+(?:Error|Exception))\b"
)
_RAISING = ", and `with raises({}):` with the call below it for every call that should raise it"
_OTHERWISE = re.compile(r"\b(not|never|no longer|instead|rather|where|now)\b")
_CRASH = re.compile(r"\b(raises|raised|throws|crash(es|ed)?|fails with|ends with)\b")
_ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b")
_ASSERTION = re.compile(r"self\.assert\w+\(|assert\b")
_EQUAL = re.compile(
    r"`([^`\n]{1,200} == [^`\n]{1,200})`(?!\s*(?:is|gives|was|returns|fails|raises|evaluates)\b)"
)
"""A comparison that a task states, and does not say of that it is false."""
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)|^( {4,}|\t|[ \t]*>>> )([^#\n]+)", re.M)
"""Code within a sentence, or on a line of its own."""
_EXPECTED = re.compile(
    r"(?:\b[Ee]xpected(?: (?:is|are|was|output|result|value))*"
    r"|(?:^|(?<!of )(?<!in )\b(?:[Ii]t|[Tt]his|[Tt]hat|[Rr]esult|[Oo]utput))"
    r" (?:should|must)(?: be| give| return| render as| print| become| equal))\s*:?\s*"
)
_VALUE = re.compile(
    r"`([^`\n]+)`|(['\"])(?:\\.|(?!\2)[^\n])*\2|[\[({][^\n]*[\])}]|(?:-?\d[\d_]*(?:\.\d+)?|True|False|None)(?!\w)"
)
_OUTPUT = re.compile(r"output|render|print")
_SAID = re.compile(r"^[ \t]+(?:[a-z_][\w.]*\.)?[A-Z]\w*: .*\n?", re.M)
"""A line that a failed call printed: the exception and its message."""
BEHIND = 200
"""Characters behind a call within which the task says what it should give."""
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.) ", re.M)
_CHAIN = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_BEGINS = re.compile(r"^(?:(?:async +)?def +|class +)?([A-Za-z_]\w*)", re.M)
"""What stands at the begin of a line of code that may define it."""


async def find(kit: Kit, state: State, near: list[Symbol]) -> tuple[tuple[str, ...], Aside]:
    """Return checks taken from the task, and what the model was asked to find them."""
    text = state.task.text
    docs = "\n".join(s.text for s in near[:1])
    homes = _homes(kit, near, text + docs)
    tests, rest = quoted_tests(text, homes)
    code = doctests(f"{text}\n{docs}", homes) + tests + asserted(rest, homes)
    plainly = grounded("\n".join(islice(stated(text), MOST)), text, homes, _code(text))
    red = await _red(kit, text, [*code, *plainly, *refused(text, homes)])
    if red or not re.search(r"[`(=']", text) or not affords(state, LIMIT, SMALLEST):
        return red, Aside()
    kit.live("step", "reading the examples in the task")
    said = await aside(kit.model, messages(_question(kit, text, homes)), LIMIT, drawn(0.0, 1))
    script = "\n".join(blocks(said.answer))
    read = grounded(script, text, {**homes, **_homes(kit, near, script)}, _code(text))
    found = await _red(kit, text, read) or await _red(kit, text, crashing(text, homes))
    return found or await _reproduced(kit, text, homes), said


def _question(kit: Kit, text: str, homes: Homes) -> str:
    """Return what the model is asked: for the names that the task shows it is told the imports."""
    inner = packages(kit.tree.paths())
    known = [homes[name] for name in _names(text, inner) if name in homes][:NAMES]
    asked = _asked(text)
    return prompt(
        "examples",
        task=cut(text, 1500),
        imports="\n".join(known or [*homes.values()][:NAMES]),
        raises=_RAISING.format(asked) if asked else "",
    )


async def _red(kit: Kit, task: str, code: Sequence[str]) -> tuple[str, ...]:
    """Return the checks that the project fails now, and not for a reason of their own."""
    found = []
    for snippet in list(dict.fromkeys(code))[:MOST]:
        checked = await kit.checks.snippet("example", snippet, {})
        if checked.exit != 0 and not broken(checked.excerpt, snippet, task):
            found.append(snippet)
    return tuple(found)


async def _reproduced(kit: Kit, text: str, homes: Homes) -> tuple[str, ...]:
    """Return the statements that the task shows and that fail as it says, as checks.

    Where it asks for another exception they have to raise that, else they have to end well.
    """
    asked = _asked(text)
    errors = {*_ERROR.findall(text)} - {asked}
    nodes = ast.Module(statements(_code(text)) if errors else [], [])
    before: list[ast.stmt] = []
    found = []
    for node in Ours(homes, binds(nodes)).visit(nodes).body[:MOST]:
        first, said = [*map(ast.unparse, set_up(before, node))], ast.unparse(node)
        checked = await kit.checks.snippet("example", program("\n".join([*first, said]), homes), {})
        told = re.findall(r"^(?:[\w.]+\.)?([A-Z]\w*)(?::|$)", checked.excerpt, re.M)
        if checked.exit == 0 or not errors.intersection(told[-1:]):
            before.append(node)
            continue
        check = raises(said, asked) if asked else said
        found.append(program("\n".join([*first, check]), homes))
    return tuple(found)


def doctests(text: str, homes: Homes) -> list[str]:
    """Return a check for each `>>>` example that is followed by a result."""
    pairs = re.findall(r"^[ \t]*>>> (.+)\n(?!\s*>>>)[ \t]*(\S.*)$", text, re.M)
    found = []
    for call, result in pairs:
        tree = parse(f"({call}\n)")
        if tree is None or parse(f"({result}\n)") is None:
            continue
        ours = ast.unparse(Ours(homes).visit(tree))
        check = f"got = {ours}\nassert got == ({result}) or repr(got) == {result!r}, got"
        found.append(program(check, homes))
    return found


def asserted(text: str, homes: Homes) -> list[str]:
    """Return a check for each assertion that the task quotes, such as out of a test's output.

    So for a comparison that it states, as in: it must be that `add(1, 2) == 3`.
    """
    given = {*homes, *dir(builtins)}
    found: dict[str, None] = {}
    for node in (*_assertions(text), *_equal(text)):
        used = spoken(node) - {"self"}
        if used & homes.keys() and used <= given and (check := plain(node)):
            found[program(check, homes)] = None
    return list(found)


def _assertions(text: str) -> Iterator[ast.stmt]:
    """Yield the assertions that stand at the begin of a line."""
    rows = [row.lstrip(" \t>") for row in text.splitlines()]
    for at in (n for n, row in enumerate(rows) if _ASSERTION.match(row)):
        pieces = (parse("\n".join(rows[at : at + size])) for size in range(1, LONGEST))
        tree = next((t for t in pieces if t is not None), None)
        yield from tree.body if tree else ()


def _equal(text: str) -> Iterator[ast.stmt]:
    """Yield the comparisons of a call with a plain value that the text states."""
    for said in _EQUAL.findall(text):
        tree = parse(f"assert {said}")
        match tree.body if tree else []:
            case [ast.Assert(ast.Compare(ast.Call(), [ast.Eq()], [value])) as node]:
                if not spoken(value):
                    yield node
            case _:
                pass


def stated(text: str) -> Iterator[str]:
    """Yield a script for each call of which the task says in plain words what it should give.

    That is right behind it, or of `it`, or of what is expected, before anything else is called.
    """
    text = _SAID.sub("", text)
    places = [m for m in _SPAN.finditer(text) if "(" in m[0]]
    for place, then in zip_longest(places, places[1:]):
        *before, last = (place[1] or place[3]).split("; ")
        behind = text[place.end() : then.start() if then else len(text)][:BEHIND]
        values = (_value(behind[m.end() :], m[0]) for m in _EXPECTED.finditer(behind))
        value = next(filter(None, values), "")
        if value and parse(check := f"assert ({last.strip()}) == {value}"):
            margin = place[2] or ""
            rows = [*_above(text, place), *(margin + row for row in [*before, check])]
            yield dedent("\n".join(_PROMPT.sub("", row) for row in rows))


def _above(text: str, place: re.Match[str]) -> list[str]:
    """Return the lines of code above one, without those of which the task tells the result."""
    if place[2] is None:
        return []
    found: list[str] = []
    for row in reversed(text[: place.start()].splitlines()):
        if row.strip() and not row.startswith(place[2]):
            break
        if row.strip() and "#" not in row:
            found.insert(0, row)
    return found


def _value(text: str, told: str) -> str:
    """Return the plain value with which a text begins; empty where none does.

    What is told to be an output may be quoted as it is, without the signs of a Python text.
    """
    said = _VALUE.match(text)
    value = (said[1] or said[0]) if said else ""
    tree = parse(f"({value}\n)") if value else None
    if tree is None and said and said[1] and _OUTPUT.search(told):
        return repr(value)
    return value if tree and spoken(tree) <= {"NotImplemented"} else ""


def refused(text: str, homes: Homes) -> list[str]:
    """Return a check of the only call that the task quotes, if it asks for an exception."""
    asked = _asked(text)
    found = _calls(text, homes) if asked else []
    # Of several calls the task may want only one refused, and not say which.
    return [program(raises(c, asked), homes) for c in found if len(found) == 1]


def _asked(text: str) -> str:
    """Return the exception that a task asks for; empty where it asks for none."""
    said = _ASKED.search(text)
    if said is None or _OTHERWISE.search(said[0]):
        return ""
    name = next(filter(None, said.groups()))
    return name if is_error(name) else ""


def crashing(text: str, homes: Homes) -> list[str]:
    """Return the calls that the task quotes, as checks that they end, if it tells of a crash."""
    if _CRASH.search(text) is None or _ASKED.search(text) is not None:
        return []
    return [program(call, homes) for call in _calls(text, homes)]


def _calls(text: str, homes: Homes) -> list[str]:
    """Return the quoted calls of the project's code with plain values."""
    calls = (_literal(span.strip("`").strip(), homes) for span in quoted(text))
    return [call for call in dict.fromkeys(calls) if call]


def _literal(code: str, homes: Homes) -> str:
    """Return a call of the project's code with plain values, without the name of its module."""
    tree = parse(code)
    match tree.body if tree else []:
        case [ast.Expr(ast.Call() as call)] if call.args:
            bare = Ours(homes).visit(call)
            used = spoken(bare)
            return ast.unparse(bare) if len(used) == 1 and used <= homes.keys() else ""
        case _:
            return ""


def broken(excerpt: str, snippet: str = "", task: str = "") -> bool:
    """Return whether an example fails for a reason of its own: a name or import that is wrong, a
    method it calls that the task does not speak of.
    """
    own = ("ModuleNotFoundError", "ImportError", "NameError", "SyntaxError", "IndentationError")
    if re.search(rf"^({'|'.join(own)}):", excerpt, re.M):
        return True
    lacks = re.search(r"AttributeError: .* has no attribute '(\w+)'", excerpt)
    return lacks is not None and f".{lacks[1]}" in snippet and not shown(lacks[1], task)


def _code(text: str) -> str:
    """Return the code that a task shows on lines of its own."""
    fenced = re.findall(r"```\w*\n(.*?)```", text, re.S)
    rows = [row for row in text.splitlines() if row.startswith(("    ", "\t", ">>>"))]
    code = "\n".join([*fenced, dedent("\n".join(rows))])
    return _PROMPT.sub("", code)


def _names(text: str, inner: set[str]) -> list[str]:
    """Return the names that a task shows in code, without those of modules and attributes."""
    found: dict[str, None] = {}
    for chain in _CHAIN.findall(" ".join(quoted(text))):
        *path, last = chain.split(".")
        found[next((part for part in path if part not in inner), last)] = None
    return list(found)


def _homes(kit: Kit, near: Sequence[Symbol], text: str) -> dict[str, str]:
    """Return how each name of the project is imported that stands in a text.

    Of two files that define it, the one with the likelier function is meant.
    """
    wanted = set(_CHAIN.findall(text.replace(".", " ")))
    files = {p: t for p, t in sources(kit.tree).items() if _importable(p)}
    likely = dict.fromkeys(s.path for s in near if s.path in files)
    found: dict[str, str] = {}
    for path in (*likely, *(p for p in files if p not in likely)):
        if wanted.isdisjoint(_BEGINS.findall(files[path])):
            continue
        for name in sorted(wanted & defined(files[path])):
            found.setdefault(name, f"from {module_of(path)} import {name}")
    return found


def _importable(path: str) -> bool:
    return all(part.isidentifier() for part in module_of(path).split("."))
