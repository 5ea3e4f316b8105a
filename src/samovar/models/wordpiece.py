"""Cut text into the word pieces a BERT model knows.

Source: Devlin et al. 2019, and the reference tokenizer of google-research/bert.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

_LONGEST = 100
"""Characters of a word; a longer one is unknown."""
_IDEOGRAPHS = re.compile(
    "([\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ceaf"
    "\U0002f800-\U0002fa1f])"
)


def pieces(text: str, known: Mapping[str, int], limit: int) -> list[int]:
    """Return the numbers of a text's pieces with the marks around them, at most `limit`."""
    found = [known["[CLS]"]]
    for word in _words(text):
        found += _cut(word, known)
        if len(found) >= limit - 1:
            break
    return [*found[: limit - 1], known["[SEP]"]]


def _words(text: str) -> Iterator[str]:
    spaced = _IDEOGRAPHS.sub(r" \1 ", "".join(map(_clean, text)))
    plain = unicodedata.normalize("NFD", spaced.lower())
    for word in "".join(c for c in plain if unicodedata.category(c) != "Mn").split():
        yield from _apart(word)


def _apart(word: str) -> Iterator[str]:
    """Yield a word with every mark standing alone."""
    start = 0
    for place, character in enumerate(word):
        if _is_mark(character):
            if start < place:
                yield word[start:place]
            yield character
            start = place + 1
    if start < len(word):
        yield word[start:]


def _cut(word: str, known: Mapping[str, int]) -> list[int]:
    """Return the longest known pieces from the left, or that the word is unknown."""
    unknown = [known["[UNK]"]]
    if len(word) > _LONGEST:
        return unknown
    found: list[int] = []
    start = 0
    while start < len(word):
        ends = range(len(word), start, -1)
        begin = "##" if start else ""
        end = next((e for e in ends if begin + word[start:e] in known), 0)
        if not end:
            return unknown
        found.append(known[begin + word[start:end]])
        start = end
    return found


def _clean(character: str) -> str:
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    hidden = character in "\0\ufffd" or unicodedata.category(character)[0] == "C"
    return "" if hidden else character


def _is_mark(character: str) -> bool:
    if character.isascii():
        return not character.isalnum() and character.isprintable() and character != " "
    return unicodedata.category(character)[0] == "P"
