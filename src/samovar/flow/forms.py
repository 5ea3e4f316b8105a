"""In which form a result is wanted, learned from the values that failing tests expect. Pure.

Models get the substance right and the form wrong: one text where groups of five are wanted, parts
that nobody joined, a number that is to be rounded or padded. What all expected values have in
common says which form it is; whether that is right is for the tests to say.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from samovar.flow.pieces import ends
from samovar.flow.source import Function
from samovar.flow.variant import closed

Forms = Iterator[str]
HERE = "{0}"
"""Where the result stands in a form."""
MARKS = 4
"""Signs between parts of a text that are tried."""
_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}(,\d{3})+(?!\d)")
_ZEROS = re.compile(r"(?<![\d.])0\d+")
_PLACES = re.compile(r"\d\.(\d+)(?!\d)")


def forms(wanted: Sequence[Any]) -> list[str]:
    """Return what may be made of a result, `{0}`, for it to look like these values."""
    kinds: tuple[tuple[type, Callable[[list[Any]], Forms]], ...] = (
        (str, _texts),
        (list, _lists),
        (tuple, _parts),
        (float, _fractions),
        (int, _numbers),
        (dict, lambda _: iter(["dict({0})"])),
    )
    found: list[str] = []
    for kind, made in kinds:
        # True is no number here.
        if values := [v for v in wanted if type(v) is kind]:
            found += made(values)
    return list(dict.fromkeys(found))


def formed(function: Function, wanted: Sequence[Any]) -> Iterator[tuple[float, ast.AST, str]]:
    """Yield (cost, node to replace, new text) for what a function returns, or writes into texts."""
    known = forms(wanted)
    for node in ast.walk(function):
        match node:
            case ast.JoinedStr():
                yield from ((1.8, node, text) for text in formatted(node, wanted))
            case ast.Return(value=ast.expr() as value):
                said = ast.unparse(value)
                for rank, form in enumerate(known):
                    yield 1.7 + 0.1 * rank, node, _returned(said, form)
            case _:
                pass


def _returned(said: str, form: str) -> str:
    """Return the statements for a form of a value, which gets a name where it is used again."""
    if form.count(HERE) == 1 or said.isidentifier():
        return f"return {form.replace(HERE, closed(said))}"
    return f"result = {said}\nreturn {form.replace(HERE, 'result')}"


def formatted(node: ast.JoinedStr, wanted: Sequence[Any]) -> Iterator[str]:
    """Yield an f-string whose values are padded, rounded or grouped as the texts have them."""
    texts = [v for v in wanted if isinstance(v, str)]
    plain = [
        n
        for n, part in enumerate(node.values)
        if isinstance(part, ast.FormattedValue) and part.format_spec is None
    ]
    for spec in _specs(texts):
        for places in dict.fromkeys([tuple(plain), *((n,) for n in plain)]):
            if places:
                yield ast.unparse(_with_spec(node, spec, places))


def _with_spec(node: ast.JoinedStr, spec: str, places: Sequence[int]) -> ast.JoinedStr:
    parts = list(node.values)
    for n in places:
        part = parts[n]
        assert isinstance(part, ast.FormattedValue), "only values have a form"
        said = ast.JoinedStr([ast.Constant(spec)])
        parts[n] = ast.FormattedValue(part.value, part.conversion, said)
    return ast.JoinedStr(parts)


def _specs(texts: Sequence[str]) -> list[str]:
    zeros = [len(z) for t in texts for z in _ZEROS.findall(t)]
    places = {len(p) for t in texts for p in _PLACES.findall(t)}
    found = [f"0{max(set(zeros), key=zeros.count)}d"] if zeros else []
    if len(places) == 1:
        found.append(f".{places.pop()}f")
    if any(map(_THOUSANDS.search, texts)):
        found.append(",")
    return found


def _texts(values: Sequence[str]) -> Forms:
    for mark, size in _groups(values):
        yield f"{mark!r}.join({{0}}[i:i + {size}] for i in range(0, len({{0}}), {size}))"
    yield from (f"format({{0}}, {spec!r})" for spec in _specs(values))
    head, tail = _ends(values)
    if head or tail:
        yield " + ".join(p for p in (head and repr(head), "str({0})", tail and repr(tail)) if p)
    marks = dict.fromkeys(m for v in values for m in re.findall(r"\n|, |[^\w\s]| ", v))
    for mark in ["", *list(marks)[:MARKS]]:
        yield f"{mark!r}.join(map(str, {{0}}))"
    if len(sizes := {len(v) for v in values}) == 1 and any(map(_ZEROS.match, values)):
        yield f"str({{0}}).zfill({sizes.pop()})"
    for change in ("capitalize", "title"):
        if all(v == getattr(v, change)() != v.lower() for v in values):
            yield f"{{0}}.{change}()"
    yield "{0}[::-1]"


def _groups(values: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield sign and size where all that has the sign is cut into groups of one size by it."""
    for mark in dict.fromkeys(c for v in values for c in v if not c.isalnum()):
        cut = [v.split(mark) for v in values if mark in v]
        size = len(cut[0][0])
        whole = [part for parts in cut for part in parts[:-1]]
        last = [parts[-1] for parts in cut]
        fit = size > 1 and {len(p) for p in whole} == {size}
        if fit and len(whole) > 1 and all(0 < len(p) <= size for p in last):
            yield mark, size


def _ends(values: Sequence[str]) -> tuple[str, str]:
    """Return how all of several texts begin and end."""
    if len(set(values)) < 2:
        return "", ""
    head = _begin(values)
    return head, _begin([v[len(head) :][::-1] for v in values])[::-1]


def _begin(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    return first[: ends(first, last)[0]]


def _lists(values: Sequence[list[Any]]) -> Forms:
    yield from _members("[{form} for part in {0}]", values)
    full = [v for v in values if len(v) > 1]
    if full and all(isinstance(m, str) for v in full for m in v):
        yield from ('{0}.split("\\n")', '{0}.split(", ")')
    if not full:
        yield "[{0}]"
    if full and _holds(lambda v: v == sorted(v, reverse=True), full):
        yield "sorted({0}, reverse=True)"
    if full and _holds(lambda v: len(set(v)) == len(v), full):
        yield "list(dict.fromkeys({0}))"
    yield "{0}[::-1]"


def _parts(values: Sequence[tuple[Any, ...]]) -> Forms:
    yield from _members("tuple({form} for part in {0})", values)


def _members(whole: str, values: Sequence[Sequence[Any]]) -> Forms:
    """Yield forms for the members, where all of them are of one kind."""
    kinds = {type(m) for v in values for m in v}
    if len(kinds) == 1:
        kind = kinds.pop()
        made = {str: ("str", '"".join'), int: ("int",), list: ("list",), tuple: ("tuple",)}
        for name in made.get(kind, ()):
            yield whole.replace("{form}", f"{name}(part)")


def _fractions(values: Sequence[float]) -> Forms:
    places = max(len(repr(v).partition(".")[2]) for v in values)
    yield f"round({{0}}, {places})"


def _numbers(_values: Sequence[int]) -> Forms:
    yield from ("round({0})", "-{0}")


def _holds(test: Callable[[Any], bool], values: Sequence[Any]) -> bool:
    try:
        return all(map(test, values))
    except TypeError:
        return False
