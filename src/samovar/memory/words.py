"""The words of notes and questions, for full text in any script: without case or accents.

SQLite cuts a text where no letter stands. But Chinese, Japanese and Thai are written without
spaces, and Korean ties endings to its words: there every sign is a word of its own, and a
question asks for signs that stand side by side.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

_TERMS = 24
"""Words of a question that are looked up."""
_COMMON = frozenset(Path(__file__).with_name("common.txt").read_text().split())
"""Words so common that they say nothing of a question."""
_ACCENTS = re.compile("[\u0300-\u036f]")
_LETTERS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese, Khmer: a sign is a letter with its marks, and two of them say little."""
_SYLLABLES = "\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff"
"""Japanese, Chinese, Korean: a sign is a syllable at least."""
_DENSE = _LETTERS + _SYLLABLES
_SIGN = re.compile(rf"(?=[{_DENSE}])\w(?:(?!\w)[{_DENSE}])*")
_RUN = re.compile(rf"[{_LETTERS}]+|[{_SYLLABLES}]+|(?:(?![{_DENSE}])[\w\u0300-\u1fff])+")
"""What stands together; the marks of many scripts are no letters to `re`."""


def spaced(text: str) -> str:
    """Return a text as it is put into the index."""
    return _SIGN.sub(r" \g<0> ", _plain(text))


def terms(question: str) -> Sequence[str]:
    """Return what of a question is worth looking up: words, and signs side by side."""
    found = (term for run in _RUN.findall(_plain(question)) for term in _of(run))
    words = list(dict.fromkeys(found))
    return ([w for w in words if w not in _COMMON] or words)[:_TERMS]


def _of(run: str) -> Sequence[str]:
    signs = _SIGN.findall(run)
    if not signs:
        return [run]
    wide = 3 if re.match(f"[{_LETTERS}]", run) else 2
    starts = range(max(1, len(signs) - wide + 1))
    return [" ".join(signs[n : n + wide]) for n in starts]


def _plain(text: str) -> str:
    """Return a text without case and accents; the dotless i of Turkish is its capital's, too."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold()).replace("ı", "i")
    return unicodedata.normalize("NFC", bare)
