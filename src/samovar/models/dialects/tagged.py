"""Find calls in tags: `<tool name="x">{...}</tool>`, `<function=x>`, `<invoke>`, `<read_file>`."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from samovar.core.tool import Call
from samovar.models.dialects import lenient, shapes
from samovar.models.dialects.offered import Offered, meant, properties, required

Span = tuple[int, int, list[Call]]
"""Where calls stand in a text, and the calls."""
_OPEN = re.compile(
    r"<(?P<tag>tool|invoke|function|tool_call|function_call|call|tool_use|use_tool)"
    r"(?:\s+(?:name|tool|function)\s*=|\s*=)\s*[\"']?(?P<name>[\w.-]+)[\"']?"
    r"(?P<more>[^<>]*?)(?P<closed>/?)>"
)
_ELEMENT = re.compile(r"<(?P<name>[A-Za-z][\w-]*)(?P<more>(?:\s[^<>]*?)?)(?P<closed>/?)>")
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_PARAMETER = re.compile(
    r"<(?:parameter|param|arg|argument)(?:\s+name)?\s*=\s*[\"']?([\w-]+)[\"']?\s*>"
    r"(.*?)</(?:parameter|param|arg|argument)>",
    re.DOTALL,
)
_CHILD = re.compile(r"<([\w-]+)>(.*?)</\1>", re.DOTALL)
_MOST = 64
_LONGEST = 20_000
"""Characters of a body of tags that are looked at."""


def find(text: str, tools: Sequence[Offered]) -> Iterator[Span]:
    """Yield the calls that stand in tags, in their order."""
    for pattern in (_OPEN, _ELEMENT):
        for count, opened in enumerate(pattern.finditer(text)):
            tool = meant(opened["name"], tools)
            if count >= _MOST:
                break
            # An element must have exactly the name of a tool: HTML has <search> and <data>, too.
            if tool is None or (pattern is _ELEMENT and tool.name != opened["name"]):
                continue
            tag = opened["tag"] if pattern is _OPEN else opened["name"]
            found = _one(text, opened, tool, tag)
            if found is not None:
                yield found


def _one(text: str, opened: re.Match[str], tool: Offered, tag: str) -> Span | None:
    given: dict[str, Any] | None = {
        n: a or b for n, a, b in _ATTRIBUTE.findall(opened["more"]) if n in properties(tool)
    }
    if opened["closed"]:
        return _span(opened.start(), opened.end(), tool, given)
    start = lenient.blank(text, opened.end())
    if text[start : start + 1] == "{":
        try:
            value, end = lenient.value(text, start)
        except lenient.Broken:
            return None
        calls = shapes.calls(value, [tool]) or _of(value, tool)
        return (opened.start(), _closed(text, end, tag), calls) if calls else None
    close = text.find(f"</{tag}>", start)
    if close < 0 and tag == tool.name:
        return None
    end = len(text) if close < 0 else close
    given = _inner(text[opened.end() : end], tool) or given
    return _span(opened.start(), _closed(text, end, tag), tool, given)


def _of(value: Any, tool: Offered) -> list[Call]:
    return [shapes.made(tool, value)] if isinstance(value, dict) else []


def _span(start: int, end: int, tool: Offered, given: dict[str, Any] | None) -> Span | None:
    if given is None or not all(name in given for name in required(tool)):
        return None
    return start, end, [shapes.made(tool, given)]


def _inner(body: str, tool: Offered) -> dict[str, Any] | None:
    """Return the arguments between two tags."""
    body = body[:_LONGEST]
    named = _PARAMETER.findall(body) or [
        (n, v) for n, v in _CHILD.findall(body) if n in properties(tool)
    ]
    if named:
        return {name: _text(value) for name, value in named}
    must, plain = required(tool), body.strip()
    if len(must) == 1 and plain and "<" not in plain:
        return {must[0]: plain}
    return None


def _text(value: str) -> str:
    """Return the text of an element without the line breaks that only lay it out."""
    return (
        value.removeprefix("\n").removesuffix("\n") if "\n" in value.strip("\n") else value.strip()
    )


def _closed(text: str, at: int, tag: str) -> int:
    """Return the place behind the closing tag, where it comes next."""
    start = lenient.blank(text, at)
    close = f"</{tag}>"
    return start + len(close) if text.startswith(close, start) else at
