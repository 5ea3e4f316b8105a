"""Which characters count: edits of texts and patterns by the signs in failing tests. Pure.

Models split at the wrong signs, keep some that are to go, and forget an apostrophe in a pattern;
which signs matter stands in the inputs and results of the tests.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

MARKS = 6
"""Signs that are tried, the most frequent first."""
LONGEST = 60
"""Characters of a pattern or a set of characters that is edited."""
ONLY = tuple(
    f'"".join(c for c in {{0}} if c.{kind}())' for kind in ("isalnum", "isalpha", "isdigit")
)
"""A text without all other characters."""
_SET = re.compile(r"\[\^?((?:\\.|[^\]\\])+)\]")
_WORD = re.compile(r"\\w")
_SEVERAL = re.compile(r"(?:\[\^?(?:\\.|[^\]\\])+\]|\\w)\+")


def marks(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the signs of some texts that are neither letters, digits nor spaces."""
    counted = Counter(c for t in texts for c in t if not c.isalnum() and not c.isspace())
    return tuple(sign for sign, _ in counted.most_common(MARKS))


def normal(signs: Sequence[str]) -> list[str]:
    """Return forms of a text in which signs are gone, or are spaces."""
    return [f'{{0}}.replace({_told(sign)}, "{to}")' for sign in signs for to in (" ", "")]


def stripped(signs: Sequence[str]) -> list[str]:
    """Return forms of several texts whose ends are free of a sign."""
    return [f"[part.strip({_told(sign)}) for part in {{0}}]" for sign in signs]


def freed(signs: Sequence[str]) -> list[str]:
    """Return forms of a text that begins, ends or goes on without a sign."""
    forms = ("{{0}}.removeprefix({0})", "{{0}}.removesuffix({0})", '{{0}}.replace({0}, "")')
    return [form.format(_told(sign)) for sign in signs for form in forms]


def _told(sign: str) -> str:
    """Return a sign as a text constant within a form, where braces stand twice."""
    return repr(sign).replace("{", "{{").replace("}", "}}")


def others(text: str, signs: Sequence[str]) -> Iterator[str]:
    """Yield a pattern, or a set of signs, with one sign more or less."""
    if len(text) > LONGEST:
        return
    sets = list(_SET.finditer(text))
    for found in sets:
        yield from _other_set(text, found, signs)
    for word in _WORD.finditer(text):
        start, end = word.span()
        if any(s.start() < start < s.end() for s in sets):
            yield f"{text[:start]}a-zA-Z0-9{text[end:]}"
            continue
        yield f"{text[:start]}[a-zA-Z0-9]{text[end:]}"
        yield f"{text[:start]}[^\\W_]{text[end:]}".replace("\\b", "")
        for sign in signs:
            yield f"{text[:start]}[\\w{re.escape(sign)}]{text[end:]}"
            yield f"{text[:start]}[a-zA-Z0-9{re.escape(sign)}]{text[end:]}"
    for part in _SEVERAL.finditer(text):
        for sign in signs:
            more = f"{part[0]}(?:{re.escape(sign)}{part[0]})*"
            yield f"{text[: part.start()]}{more}{text[part.end() :]}"
    if "\\b" in text:
        yield text.replace("\\b", "")
    if text and not any(c.isalnum() for c in text):
        yield from (text + sign for sign in signs if sign not in text)
        if len(text) > 1:
            yield from (text.replace(sign, "") for sign in dict.fromkeys(text))


def _other_set(text: str, found: re.Match[str], signs: Sequence[str]) -> Iterator[str]:
    inner, start = found[1], found.start(1)
    for sign in signs:
        if sign not in inner:
            yield f"{text[:start]}{re.escape(sign)}{text[start:]}"
    for at, sign in enumerate(inner):
        if not sign.isalnum() and sign not in "\\-" and len(inner) > 1:
            yield text[: start + at] + text[start + at + 1 :]
