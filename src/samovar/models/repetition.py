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
    # The last line may not be whole yet.
    lines = text.splitlines(keepends=True)[:-1]
    last = [line for line in lines if line.strip()][-_LINES:]
    looped = set(last)
    if len(last) < _LINES or len(looped) > _DISTINCT:
        return None
    start = len(lines)
    while start and (lines[start - 1] in looped or not lines[start - 1].strip()):
        start -= 1
    return sum(len(line) for line in lines[: start + len(looped)])
