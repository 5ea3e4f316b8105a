"""Renaming as a message asks for it: one name of a file becomes another, and no other byte moves.

Nobody needs a model for it, and a small one changes what the function does on the way. Pure.
"""

import ast
import io
import keyword
import re
import tokenize

from samovar.flow.source import defined, imported, parse

_KIND = r"(?:the )?(?:(?:function|class|constant|variable|name)\s+)?"
_NAME = r"[`'\"]?([A-Za-z_]\w*)[`'\"]?"
_ASKED = re.compile(
    rf"(?:^|[.;,:\n]\s*|\bplease\s+|\byou\s+|\band\s+)rename\s+{_KIND}{_NAME}"
    rf"(?:\s+in\s+[^;:\n]*?)?\s+(?:to|into)\s+{_NAME}(?=\s*$|\s*[.,;!\n](?!\w)|\s+(?:in|and|every\w*)\b)",
    re.IGNORECASE,
)
_REST = re.compile(r"\s*((in|every|everywhere)\b[^;\n]*)?[\s.!]*", re.IGNORECASE)
"""What may stand beside a renaming in a message that asks for nothing else."""
_MEANT = frozenset(
    ("it", "this", "that", "them", "file", "function", "class", "constant", "variable", "name")
)
"""Words that stand for a name which the message says elsewhere."""


def renamed(asked: str, path: str, text: str) -> str | None:
    """Return Python with the one name that a message wants renamed; None where none is clear.

    It is one that the file defines at its top, or imports; names behind a dot and words in
    comments and strings stay.
    """
    wanted = _wanted(asked)
    if wanted is None or not path.endswith((".py", ".pyi")):
        return None
    old, new = wanted
    places, tree = _places(text), parse(text)
    bound = defined(text) | {name for name, _ in imported(ast.walk(tree))} if tree else set[str]()
    if old not in bound or new in places or keyword.iskeyword(new):
        return None
    for start, end in reversed(places[old]):
        text = text[:start] + new + text[end:]
    return text


def nothing(asked: str, change: str, text: str) -> str:
    """Return why a change of a text would rename nothing: it does not hold the name; else "".

    Small models then change something else and say that they renamed it.
    """
    wanted = _wanted(asked)
    if wanted is None or not text:
        return ""
    old, new = wanted
    meant = speaks(change, old) or _REST.fullmatch(_ASKED.sub("", asked))
    if speaks(text, old) or not meant or old.lower() in _MEANT:
        return ""
    there = f", and {new} stands there already" if speaks(text, new) else ""
    return f"it holds no {old}{there}: nothing was renamed"


def speaks(text: str, name: str) -> bool:
    """Whether a text holds a name as a whole word."""
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _wanted(asked: str) -> tuple[str, str] | None:
    """Return the old and the new name of the one renaming that a message asks for."""
    found = _ASKED.findall(asked)
    return found[0] if len(found) == 1 else None


def _places(text: str) -> dict[str, list[tuple[int, int]]]:
    """Return where each name stands that no dot comes before; nothing for what cannot be read."""
    starts = [0]
    for row in io.StringIO(text, newline=""):
        starts.append(starts[-1] + len(row))
    found: dict[str, list[tuple[int, int]]] = {}
    before = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
            if token.type == tokenize.NAME and before != ".":
                (first, left), (last, right) = token.start, token.end
                place = (starts[first - 1] + left, starts[last - 1] + right)
                found.setdefault(token.string, []).append(place)
            before = token.string
    except (tokenize.TokenError, SyntaxError):
        return {}
    return found
