"""Notice that a model repeats itself."""

_PROBE = 24
"""Characters by which a copy is found."""
_LONG = 200
"""A block of this many characters needs fewer copies to be a loop."""
_COPIES = 6
_LONG_COPIES = 4
_SPAN = 400
"""Copies shorter than this together may be a table or a ruler."""
_LINES = 40
_DISTINCT = 4


def cut(text: str) -> int | None:
    """Return where to cut a text whose end repeats itself, keeping one copy; None if it does not.

    It does when one block comes at least six times in a row (four times when it is long), or when
    the last forty lines are only four different ones.
    """
    return _blocks(text) if (place := _lines(text)) is None else place


def _blocks(text: str) -> int | None:
    if len(text) < _SPAN:
        return None
    period = _period(text)
    if not period:
        return None
    block, copies = text[-period:], 1
    while text.endswith(block, 0, len(text) - copies * period):
        copies += 1
    enough = _LONG_COPIES if period >= _LONG else _COPIES
    if copies < enough or copies * period < _SPAN:
        return None
    return len(text) - (copies - 1) * period


def _period(text: str) -> int:
    """Return how far back the last characters stood before; 0 when they did not."""
    start = len(text) - _PROBE
    earlier = text.rfind(text[start:], 0, len(text) - 1)
    return start - earlier if earlier >= 0 else 0


def _lines(text: str) -> int | None:
    if text.count("\n") < _LINES:
        return None
    lines = [line for line in text[:-1].splitlines(keepends=True) if line.strip()][-_LINES - 1 : -1]
    if len(lines) < _LINES or len(set(lines)) > _DISTINCT:
        return None
    return text.find(lines[0]) + sum(len(line) for line in lines[:_DISTINCT])
