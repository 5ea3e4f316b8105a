"""Clones: lines that a change left as they were in a function that the task names as well.

Functions that were copied are mended together: who reports one of two often has tried only that.
"""

import re
from collections.abc import Iterator

from samovar.core.task import lines
from samovar.flow.pieces import ends
from samovar.flow.source import symbols

SHORTEST = 12
"""Characters of what is replaced, below which the same line elsewhere may be chance."""


def mended(path: str, before: str, after: str, task: str) -> str | None:
    """Return a changed file with its change made in other functions that the task names, too.

    None where there is nothing of the kind: the change is of more than some whole lines of one
    place, or no function that is named holds these.
    """
    old, new = lines(before), lines(after)
    head, tail = ends(old, new)
    gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
    if len("".join(gone).strip()) < SHORTEST:
        return None
    found = [n for n in _places(path, after, task) if new[n : n + len(gone)] == gone]
    for place in sorted(set(found), reverse=True):
        new[place : place + len(gone)] = come
    return "".join(new) if found else None


def _places(path: str, text: str, task: str) -> Iterator[int]:
    """Yield the lines, from 0, of the functions that a task names."""
    words = set(re.findall(r"\w+", task))
    for symbol in symbols(path, text):
        if symbol.name.rsplit(".", 1)[-1] in words:
            yield from range(symbol.first - 1, symbol.last)
