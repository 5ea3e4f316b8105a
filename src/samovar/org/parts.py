"""What a person listed in a task, as tasks of their own. Pure."""

import re

LISTED = 12
"""Items a list may have to be handed out; a longer one is one task."""
_ITEM = re.compile(r"(?:[-*+]|\d{1,2}[.)])\s+(?=\S)")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_TOLD = re.compile(r"\b(steps?|reproduc\w*|expected|actual\w*|examples?|e\.g|such as)\b", re.I)
"""In the line before a list of what happens or holds, not of what is to be done."""


def parts(text: str) -> tuple[str, ...]:
    """Return the items of a task that is a list, with the lines below each; else the whole text.

    A list is two items or more that begin at the left edge, after at most one line. With anything
    around it, it may as well be how to reproduce a mistake.
    """
    lines = text.strip().splitlines()
    head = next((n for n, line in enumerate(lines) if _ITEM.match(line)), len(lines))
    before = [line for line in lines[:head] if line.strip()]
    items = _items(lines[head:])
    listed = 2 <= len(items) <= LISTED and len(before) <= 1
    if not listed or any(map(_TOLD.search, before)):
        return (text.strip(),)
    return tuple(items)


def _items(lines: list[str]) -> list[str]:
    """Return the items of a list that goes to the end; none where something follows it."""
    items: list[list[str]] = []
    fenced = False
    for line in lines:
        inside, fenced = fenced, fenced ^ bool(_FENCE.match(line))
        mark = None if inside else _ITEM.match(line)
        if mark:
            items.append([line[mark.end() :]])
        elif inside or fenced or not line.strip() or line[0].isspace() or items[-1][-1].strip():
            items[-1].append(line)
        else:
            return []
    return ["\n".join(item).strip() for item in items]
