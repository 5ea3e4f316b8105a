"""Find calls written as Python, `read_file(path="a.py")`, that stand on lines of their own."""

import re
from collections.abc import Iterator, Sequence

from samovar.core.tool import Call
from samovar.models.dialects import lenient, offered, shapes
from samovar.models.dialects.offered import Offered, meant, properties, required
from samovar.models.dialects.tagged import Span

_FENCE = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[^\n`]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_LINE = re.compile(
    r"^[ \t]*(?:[-*>]+[ \t]+|\d+[.)][ \t]+)?(?:(?:call|action|tool)[ \t]*:[ \t]*)?`{0,2}"
    r"(?:[\w]+[ \t]*=[ \t]*)?(?P<print>print\()?(?:await[ \t]+)?"
    r"(?P<name>[A-Za-z_][\w.]*)\(",
    re.MULTILINE | re.IGNORECASE,
)
_NAME = re.compile(r"\w+")
_BESIDE = re.compile(r"^[ \t]*(?:#.*|(?:import|from)[ \t].*|print\([\w.]+\)|[\w.]+|)[ \t]*$")
"""Lines of a fence that may stand beside calls without making it a program."""
_MOST = 64


def find(text: str, tools: Sequence[Offered]) -> Iterator[Span]:
    """Yield the calls, in their order.

    Within a fence they count when the fence holds nothing but calls: a program that uses a function
    of the same name is an example, not a wish.
    """
    fences = [(m.start(), m.end(), m.start(2), m.end(2)) for m in _FENCE.finditer(text)]
    for start, end, first, last in fences:
        found = list(_calls(text, tools, first, last))
        if found and _only(text, found, first, last):
            yield start, end, [call for _, _, calls in found for call in calls]
    at = 0
    for start, end, _, _ in [*fences, (len(text), len(text), 0, 0)]:
        yield from _calls(text, tools, at, start)
        at = end


def _calls(text: str, tools: Sequence[Offered], at: int, end: int) -> Iterator[Span]:
    for _ in range(_MOST):
        line = _LINE.search(text, at, end)
        if line is None:
            return
        at = line.end()
        tool = meant(line["name"], tools)
        found = _one(text, line, tool) if tool else None
        if found is not None and found[1] <= end:
            yield found
            at = found[1]


def _one(text: str, line: re.Match[str], tool: Offered) -> Span | None:
    try:
        given, named, end = lenient.arguments(text, line.end())
    except lenient.Broken:
        return None
    rest = re.compile(r"\)?[`;,. \t]*(?:#[^\n]*)?(?=\n|\Z)").match(text, end)
    parts = list(properties(tool))
    if rest is None or len(given) > len(parts):
        return None
    if len(given) == 1 and isinstance(given[0], dict) and not named:
        named, given = given[0], []
    named = dict(zip(parts, given, strict=False)) | named
    # `...` and bare words are how prose and signatures write a call.
    whole = all(name in shapes.made(tool, named).arguments for name in required(tool))
    if not whole and _vague(text, line, end):
        return None
    return line.start(), rest.end(), [Call(tool.name, named)]


def _vague(text: str, line: re.Match[str], end: int) -> bool:
    return "..." in text[line.end() : end] or text[line.end() : end].strip() in ("", ")")


def _only(text: str, found: Sequence[Span], first: int, last: int) -> bool:
    """Whether the lines of a fence are the calls and nothing of weight beside them."""
    at, beside = first, ""
    for start, end, _ in found:
        beside += text[at:start]
        at = end
    beside += text[at:last]
    return all(_BESIDE.match(line) for line in beside.splitlines())


def written(call: Call) -> str:
    """Return a call as a line of Python."""
    # Python has names with signs that no word has, such as a middle dot.
    plain = {n: v for n, v in call.arguments.items() if n.isidentifier() and _NAME.fullmatch(n)}
    parts = [f"{name}={_shown(value)}" for name, value in plain.items()]
    odd = {n: v for n, v in call.arguments.items() if n not in plain}
    return f"{call.tool}({', '.join([*parts, *([f'**{_shown(odd)}'] if odd else [])])})"


def _shown(value: object) -> str:
    match value:
        case str():
            return offered.encoded(value)
        case dict():
            return "{" + ", ".join(f"{_shown(k)}: {_shown(v)}" for k, v in value.items()) + "}"
        case list():
            return f"[{', '.join(_shown(item) for item in value)}]"
        case _:
            return repr(value)
