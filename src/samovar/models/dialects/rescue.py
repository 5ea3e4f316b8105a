"""Find the calls in whatever a model printed; nothing is executed.

Only calls of tools that were offered count. Source of the shapes: the chat templates of Qwen,
Llama, Mistral, DeepSeek, Gemma, GLM and gpt-oss, and the formats of ReAct, Cline and Anthropic.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from samovar.core.errors import ToolError
from samovar.core.text import joined
from samovar.core.tool import Call, Said
from samovar.models.dialects import lenient, lines, shapes, tagged
from samovar.models.dialects.offered import Offered, Speech, known, meant, properties, required
from samovar.models.dialects.tagged import Span

_LONGEST = 100_000
"""Characters that are looked at; a call never begins later."""
_MOST = 64
"""Places at which a value is looked for."""
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_INVENTED = re.compile(r"\n?\s*(?:<tool_response>|<\|im_start\|>|Observation:)", re.IGNORECASE)
"""Where a model begins to make up what comes back."""
_LEFT = re.compile(
    r"</?(?:tool_calls?|function_calls?|tools?|tool_use)>|\[/?TOOL_CALLS\]"
    r"|<\|?/?(?:python_tag|tool_call|eom_id|eot_id|im_end)\|?>"
    r"|^[ \t]*(?:Action|Action Input|Tool|✿FUNCTION✿)[ \t]*:?[ \t]*$"
    r"|^[ \t]*`{3,}[ \t]*[\w-]*[ \t]*\n\s*`{3,}[ \t]*$",
    re.MULTILINE,
)
_NAMED = re.compile(
    r"(?<![\w/.-])(?P<name>(?:functions?\.|tools?\.)?[A-Za-z_][\w-]{0,60})"
    r"(?:[\s:`*\"'>|<✿=()\[\]▁｜]|\b(?:action|input|arguments|args|parameters|params|with|json|"
    r"tool|constrain|message|sep|call)\b){0,40}?(?P<value>\{)",
    re.IGNORECASE,
)


def rescue(text: str, tools: Sequence[Offered]) -> Said:
    """Return the calls of known tools in a text, and the text around them. Never raises."""
    plain = _THOUGHT.sub("", text).strip()
    if not tools:
        return Said(plain)
    kept: list[Span] = []
    looked = plain[:_LONGEST]
    for find in (tagged.find, _values, _named, _lines):
        for start, end, calls in find(looked, tools):
            if all(end <= s or start >= e for s, e, _ in kept):
                kept.append((start, end, calls))
    if not kept:
        return Said(plain)
    kept.sort(key=lambda span: span[0])
    found = [call for _, _, calls in kept for call in calls]
    return Said(_around(plain, kept), tuple(c for n, c in enumerate(found) if c not in found[:n]))


def _values(text: str, tools: Sequence[Offered]) -> Iterator[Span]:
    """Yield the calls that are JSON or Python values."""
    at = 0
    for _ in range(_MOST):
        opened = re.compile(r"[{\[]").search(text, at)
        if opened is None:
            return
        at = opened.end()
        try:
            value, end = lenient.value(text, opened.start())
        except lenient.Broken:
            continue
        calls = shapes.calls(value, tools)
        if calls:
            yield opened.start(), end, calls
            at = end


def _named(text: str, tools: Sequence[Offered]) -> Iterator[Span]:
    """Yield the calls that are a name and an object behind it, as ReAct writes them."""
    at = 0
    for _ in range(_MOST):
        named = _NAMED.search(text, at)
        if named is None:
            return
        at = named.end("name")
        tool = meant(named["name"], tools)
        if tool is None or named.start("value") - at > _MOST:
            continue
        try:
            value, end = lenient.value(text, named.start("value"))
        except lenient.Broken:
            continue
        if _fits(value, tool):
            yield named.start(), end, [shapes.made(tool, value)]
            at = end


def _lines(text: str, tools: Sequence[Offered]) -> Iterator[Span]:
    """Yield the calls that are lines of Python."""
    for start, end, calls in lines.find(text, tools):
        yield start, end, [shapes.made(known(c.tool, tools), c.arguments) for c in calls]


def _fits(value: Any, tool: Offered) -> bool:
    parts = properties(tool)
    if not isinstance(value, dict) or not all(name in value for name in required(tool)):
        return False
    return bool(value) and all(name in parts for name in value)


def _around(text: str, kept: Sequence[Span]) -> str:
    """Return what the model said beside its calls."""
    at, said = 0, ""
    for start, end, _ in kept:
        said += text[at:start]
        at = end
    rest = text[at:]
    invented = _INVENTED.search(rest)
    said += rest[: invented.start()] if invented else rest
    return _LEFT.sub("", said).strip()


def _whole(said: Said) -> Said:
    """Return what was read without half characters, which JSON can name in a text without any."""
    return Said(joined(said.text), tuple(_plain(call) for call in said.calls))


def _plain(call: Call) -> Call:
    text = json.dumps(call.arguments, ensure_ascii=False)
    return replace(call, arguments=json.loads(joined(text)))


@dataclass(frozen=True)
class Rescued:
    """Reads what its dialect cannot read by looking for calls of any shape."""

    dialect: Speech

    def offer(self, tools: Sequence[Offered], /) -> str:
        """Return what the dialect says."""
        return self.dialect.offer(tools)

    def schema(self, tools: Sequence[Offered], reply: bool = True, /) -> dict[str, Any] | None:
        """Return the dialect's schema."""
        return self.dialect.schema(tools, reply)

    def read(self, text: str, tools: Sequence[Offered], /) -> Said:
        """Take an answer apart. Raises the dialect's ToolError when no call can be found at all."""
        try:
            said = self.dialect.read(text, tools)
        except ToolError:
            found = rescue(text, tools)
            if not found.calls:
                raise
            return _whole(found)
        return _whole(said if said.calls else rescue(said.text, tools))

    def show(self, said: Said, /) -> str:
        """Write an answer as the dialect does."""
        return self.dialect.show(said)
