"""Read a duration such as 1h30m."""

import re

PART = re.compile(r"(\d+)\s*([a-z])")


class DurationError(ValueError):
    """The text is no duration."""


def unit_seconds(unit: str) -> int:
    """Return the seconds of one unit."""
    seconds = 1
    if unit == "s":
        return seconds
    seconds *= 60
    if unit == "m":
        return seconds
    seconds *= 60
    if unit == "h":
        return seconds
    if unit == "d":
        return seconds
    raise DurationError(f"unknown unit: {unit}")


def parse(text: str) -> int:
    """Return the seconds of a duration."""
    text = text.strip().lower()
    if not text:
        raise DurationError("an empty text is no duration")
    total, end = 0, 0
    for part in PART.finditer(text):
        if text[end : part.start()].strip():
            raise DurationError(f"not a duration: {text}")
        total += int(part.group(1)) * unit_seconds(part.group(2))
        end = part.end()
    if text[end:].strip():
        raise DurationError(f"not a duration: {text}")
    return total
