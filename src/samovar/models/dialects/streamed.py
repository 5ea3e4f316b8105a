"""What of an answer can be shown while it comes: the words, never the writing of a call. Pure.

`loosely` is for a person, who may see the begin of a strange call; `surely` is for programs, and
holds back whatever `rescue` could still take for a call.
"""

import json
import re
from collections.abc import Callable, Sequence

from samovar.core.text import joined
from samovar.models.dialects.action import REPLY
from samovar.models.dialects.offered import Offered, meant

Words = Callable[[str, int], str]
"""Returns the words of an answer so far; the characters that were shown are given."""

_REPLY = re.compile(
    r'\s*\{\s*"tool"\s*:\s*"reply"\s*,\s*"arguments"\s*:\s*\{\s*"text"\s*:\s*"'
    r'(?P<text>(?:[^"\\]|\\["\\/bfnrt]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}'
    r"|\\u(?![dD][89abAB])[0-9a-fA-F]{4})*)"
)
"""A high surrogate counts together with its other half."""
_CALLS = ("<", "{", "[", "```json", "```tool", "```xml")
_LINE = re.compile(r"(^|\n)[ \t]*(<tool|<function|```(json|tool|xml)|\{\s*\"(tool|name)\")")
_HELD = 12
"""Characters held back from a person, for they may be the begin of a call."""

_OPENS = re.compile(
    r"[{\[✿▁｜]|`{3}|~{3}|<[A-Za-z/|!?]|<$"
    r"|^[ \t]*(?:call|action(?: input)?|tool|observation|thought)[ \t]*(?::|$)",
    re.MULTILINE | re.IGNORECASE,
)
"""Where a call may begin, whatever its tool is called."""
_NAME = re.compile(r"[A-Za-z_][\w-]*(?:[.:/][\w-]+)*")
_PROSE = re.compile(
    r"['’]?[.,;!?]?[ \t]+(?!(?:action|input|arguments|args|parameters|params|with|json|tool"
    r"|constrain|message|sep|call)\b)[A-Za-z]\w*[\s.,;!?]",
    re.IGNORECASE,
)
"""What stands behind the name of a tool where it is no call of it."""


class Stream:
    """One answer while it comes."""

    def __init__(self, words: Words | None = None) -> None:
        self.words = words or loosely
        self.heard = ""
        self.shown = ""

    def feed(self, piece: str) -> str:
        """Take a piece in and return what of the answer can be shown now."""
        self.heard += piece
        words = self.words(self.heard, len(self.shown))
        fresh = words[len(self.shown) :] if words.startswith(self.shown) else ""
        self.shown += fresh
        return fresh

    def rest(self, text: str) -> str:
        """Return what is still to be shown of the finished answer, whose words are `text`."""
        if text.startswith(self.shown):
            return text[len(self.shown) :]
        return "" if text.strip() == self.shown.strip() else f"\n{text}"


def loosely(heard: str, _shown: int = 0) -> str:
    """Return the words of an answer up to what looks like a call."""
    start = heard.lstrip()
    if start.startswith("{"):
        return spoken(start)
    if any(start.startswith(mark) or mark.startswith(start) for mark in _CALLS):
        return ""
    call = _LINE.search(start)
    if call:
        return start[: call.start()].rstrip()
    return start[: max(0, len(start) - _HELD)]


def surely(tools: Sequence[Offered], stop: Sequence[str] = ()) -> Words:
    """Return what finds the words that stay words, however the answer to these tools goes on.

    They are whole words, and end before the first of the marks in `stop`.
    """
    # An action cannot be told from a call of such a tool.
    taken = any(tool.name == REPLY for tool in tools)
    held = max((len(mark) - 1 for mark in stop), default=0)

    def words(heard: str, shown: int) -> str:
        said = heard.lstrip()
        if said.startswith("{"):
            said = "" if taken else spoken(said).lstrip()
        cuts = [place for mark in stop if (place := said.find(mark)) >= 0]
        said = said[: min(cuts)] if cuts else said[: len(said) - held]
        return said[: _certain(said, shown, tools)]

    return words


def spoken(heard: str) -> str:
    """Return the words of an action that speaks, as far as it has come; nothing of a call."""
    found = _REPLY.match(heard)
    return joined(json.loads(f'"{found["text"]}"', strict=False)) if found else ""


def _certain(said: str, at: int, tools: Sequence[Offered]) -> int:
    """Return where the part of a text ends, from `at` on, that cannot become a call."""
    opens = _OPENS.search(said, at)
    end = opens.start() if opens else len(said)
    for name in _NAME.finditer(said, at, end):
        if meant(name[0], tools) and not _PROSE.match(said, name.end()):
            end = name.start()
            break
    # The word at the end is not whole yet, and space at the end of an answer is left out.
    while end > at and not said[end - 1].isspace():
        end -= 1
    return at + len(said[at:end].rstrip())
