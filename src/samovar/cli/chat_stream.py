"""What of a streamed answer a person is shown: the words, never the writing of a call. Pure."""

import json
import re

_SPEAKS = re.compile(r'"text"\s*:\s*"')
_REPLIES = re.compile(r'"tool"\s*:\s*"reply"')
_CALLS = ("<", "{", "[", "```json", "```tool", "```xml")
_LINE = re.compile(r"(^|\n)[ \t]*(<tool|<function|```(json|tool|xml)|\{\s*\"(tool|name)\")")
_WHOLE = re.compile(r'(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_HELD = 12
"""Characters held back, for they may be the begin of a call."""


class Stream:
    """One answer while it comes."""

    def __init__(self) -> None:
        self.heard = ""
        self.shown = ""

    def feed(self, piece: str) -> str:
        """Take a piece in and return what of the answer can be shown now."""
        self.heard += piece
        words = _words(self.heard)
        fresh = words[len(self.shown) :] if words.startswith(self.shown) else ""
        self.shown += fresh
        return fresh

    def rest(self, text: str) -> str:
        """Return what is still to be shown of the finished answer, whose words are `text`."""
        if text.startswith(self.shown):
            return text[len(self.shown) :]
        return "" if text.strip() == self.shown.strip() else f"\n{text}"


def _words(heard: str) -> str:
    start = heard.lstrip()
    if start.startswith("{"):
        return _spoken(start)
    if any(start.startswith(mark) or mark.startswith(start) for mark in _CALLS):
        return ""
    call = _LINE.search(start)
    if call:
        return start[: call.start()].rstrip()
    return start[: max(0, len(start) - _HELD)]


def _spoken(heard: str) -> str:
    """Return the words of an answer that is one JSON object with a text to the person."""
    if not _REPLIES.search(heard):
        return ""
    begin = _SPEAKS.search(heard)
    if begin is None:
        return ""
    whole = _WHOLE.match(heard, begin.end())
    assert whole is not None, "it fits nothing at all, too"
    try:
        return str(json.loads(f'"{whole[0]}"', strict=False))
    except ValueError:
        return ""
