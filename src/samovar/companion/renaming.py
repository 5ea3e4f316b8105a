"""Renaming as a message asks for it: one name of a file becomes another, and no other byte moves.

Nobody needs a model for it, and a small one changes what the function does on the way. Pure.
"""

import io
import keyword
import re
import tokenize

_ASKED = re.compile(r"\brename\b(.*?)\b(?:to|into|as)\s+[`'\"]?([A-Za-z_]\w*)", re.I | re.S)
_WORD = re.compile(r"[A-Za-z_]\w*")


def renamed(asked: str, path: str, text: str) -> str | None:
    """Return the file with its one name that a message wants renamed; None where none is clear.

    In Python names are tokens, so that words in comments and strings stay; elsewhere whole words.
    """
    found = _ASKED.search(asked)
    if found is None:
        return None
    new, places = found[2], _places(path, text)
    old = {word for word in _WORD.findall(found[1]) if word in places}
    if len(old) != 1 or new in places:
        return None
    for start, end in reversed(places[old.pop()]):
        text = text[:start] + new + text[end:]
    return text


def _places(path: str, text: str) -> dict[str, list[tuple[int, int]]]:
    """Return where each name stands, in order; nothing for Python that cannot be read."""
    spans = _tokens(text) if path.endswith((".py", ".pyi")) else _words(text)
    found: dict[str, list[tuple[int, int]]] = {}
    for start, end in spans:
        if not keyword.iskeyword(text[start:end]):
            found.setdefault(text[start:end], []).append((start, end))
    return found


def _words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _WORD.finditer(text)]


def _tokens(text: str) -> list[tuple[int, int]]:
    starts = [0]
    for row in io.StringIO(text, newline=""):
        starts.append(starts[-1] + len(row))
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline="").readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    names = (t for t in tokens if t.type == tokenize.NAME)
    return [(starts[t.start[0] - 1] + t.start[1], starts[t.end[0] - 1] + t.end[1]) for t in names]
