"""A conversation in words: its events as rows of name, text and tone for a person."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from samovar.core.context import named
from samovar.core.talk import (
    Began,
    Condensed,
    Continued,
    Heard,
    Looked,
    Offered,
    Replied,
    Started,
    Stopped,
    Talk,
    Told,
    Used,
)
from samovar.core.text import one_line
from samovar.core.tool import Call, Returned

Row = tuple[str, str, Literal["plain", "good", "bad", "dim", "strong"]]
"""What stands in front, the text, and how it is meant."""


def spoken(event: Talk) -> Sequence[Row]:
    """Return what a person wants to read of an event; some say nothing to a person."""
    match event:
        case Began(run=run, model=model, sandbox=sandbox):
            return [
                ("run", run, "strong"),
                ("with", model + (f", sandbox {sandbox}" if sandbox else ""), "dim"),
            ]
        case Heard(text=text, by=by):
            return [(by or "you", text, "strong")]
        case Replied(said=said, complaint=complaint):
            rows: list[Row] = [("answer", said.text, "plain")] if said.text.strip() else []
            return [*rows, ("", f"sent back: {complaint}", "dim")] if complaint else rows
        case Used(result=result):
            return [used(result)]
        case Told(text=text, kind=kind):
            return [("nudge" if kind == "nudge" else "note", text, "dim")]
        case Condensed(places=places):
            return [("", f"shortened {len(places)} old results to make room", "dim")]
        case Continued():
            return [("", "the context was full: goes on in a fresh one with a summary", "dim")]
        case Stopped(end="answered"):
            return []
        case Stopped(end=end, why=why):
            return [("stopped", why or end, "bad")]
        case Looked() | Offered() | Started():
            return []


def whole(call: Call) -> Sequence[str]:
    """Return a call with nothing left out: the tool, then each argument as JSON on its own line."""
    arguments = msgspec.json.format(msgspec.json.encode(call.arguments), indent=4).decode()
    return [call.tool, *arguments.split("\n")[1:-1]]


def used(result: Returned) -> Row:
    """Return a call and the first line of its result."""
    lines = [line.strip() for line in result.text.splitlines() if line.strip()]
    first = one_line(lines[0] if lines else "", 100)
    more = f" (+{len(lines) - 1} lines)" if lines[1:] else ""
    tone: Literal["dim", "bad"] = "dim" if result.ok else "bad"
    return ("*" if result.ok else "!", f"{named(result.call)} -> {first}{more}", tone)
