"""How numbers, times and states are written for people."""

from datetime import UTC, datetime
from typing import Any

from samovar.core.text import count, one_line

MILLION = 1_000_000
STATES = {
    "done": ("good", "check"),
    "ok": ("good", "check"),
    "not ok": ("bad", "warning"),
    "running": ("busy", "play"),
    "working": ("busy", "play"),
    "ready": ("dim", "dot"),
    "queued": ("dim", "dot"),
    "idle": ("dim", "dot"),
    "waiting": ("warn", "hand"),
    "asked": ("warn", "hand"),
    "stopped": ("dim", "pause"),
    "undone": ("dim", "cross"),
    "cancelled": ("dim", "cross"),
    "failed": ("bad", "cross"),
    "dead": ("bad", "skull"),
    "broken": ("bad", "warning"),
    "damaged": ("bad", "warning"),
}
"""Tone and icon of every state a page shows; the word itself always stands beside."""


def tone(state: str) -> str:
    """Return the tone of a state."""
    return STATES.get(state, ("dim", "dot"))[0]


def icon(state: str) -> str:
    """Return the icon of a state."""
    return STATES.get(state, ("dim", "dot"))[1]


def short(number: float) -> str:
    """Return a number in at most four characters: 950, 1.2k, 34k, 5.6M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            shown = number / size
            return f"{shown:.0f}{letter}" if abs(shown) >= 10 else f"{shown:.1f}{letter}"
    return f"{number:.0f}"


def duration(seconds: float) -> str:
    """Return a time span as people write it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} days"


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago something was."""
    if at is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - zoned(at)).total_seconds()
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if abs(seconds) >= size:
            said = count(int(abs(seconds) // size), word)
            return f"{said} ago" if seconds > 0 else f"in {said}"
    return "just now" if seconds >= 0 else "in a moment"


def exact(at: datetime | None) -> str:
    """Return the exact time, in UTC."""
    return zoned(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at else ""


def machine(at: datetime | None) -> str:
    """Return a time for the `datetime` attribute."""
    return zoned(at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def clock(seconds: float) -> str:
    """Return a time in seconds since 1970, to the minute, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def credits(micro: int | None) -> str:
    """Return micro-credits as credits."""
    if micro is None:
        return "not yet"
    whole = micro / MILLION
    if abs(whole) >= 1000:
        return f"{whole:,.0f}"
    return f"{whole:.2f}" if abs(whole) >= 0.01 or micro == 0 else f"{whole:.6f}"


def cut(text: Any, length: int = 120) -> str:
    """Return a text as one line of at most so many characters."""
    return one_line(str(text), length)


def zoned(at: datetime) -> datetime:
    """Return a time with its zone: UTC, where it names none."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
