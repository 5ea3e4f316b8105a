"""Text on its way to a model or a person: nothing hidden in it, and short. Pure.

Source: Unicode Technical Report 36 and 55 (bidirectional and invisible characters), ECMA-48
(control sequences), HTML Standard 13.1.6 (comments).
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import cache

LONGEST = 4000
"""Characters of one result; about a thousand tokens, which a small model still takes in."""
_CONTROL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]P^_X]|[\x9d\x90\x9e\x9f\x98])(?P<told>[^\x07\x1b\x9c\n]*)(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-OQ-WYZ`-~]"
)
_COMMENT = re.compile(r"<!--(.*?)(?:--!?>|\Z)", re.DOTALL)
_TAGS = range(0xE0000, 0xE0080)
_SELECTORS = (0xFE0E, 0xFE0F)
_JOINER = "\u200d"
_SEEN = frozenset({*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD})
"""Format characters that are drawn."""
_BLANK = frozenset({0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0})
"""Letters and marks that draw nothing."""
_PLAIN = re.compile(r"[\n\t -~]*")
_ENDS = str.maketrans({end: f"⟨U+{ord(end):04X}⟩" for end in "\n\t"})
_NAME = re.compile(r"[\w./@+=~#%()\[\]{}-]+")
"""Names of files that no sentence needs quotes for."""
_LONG = 200
"""Characters of such a name, at most."""


def visible(text: str) -> str:
    """Return a text in which all that people would not see is written out or gone.

    Invisible characters become `⟨U+200B⟩`, hidden messages `⟨hidden: ...⟩`, comments of HTML
    `⟨comment: ...⟩`; commands to a terminal are removed.
    """
    return _COMMENT.sub(lambda m: f"⟨comment: {m[1].strip()}⟩", letters(text))


def letters(text: str) -> str:
    """Do the same but for comments: for source code, whose comments everybody sees."""
    if _PLAIN.fullmatch(text):
        return text
    return written(_CONTROL.sub(_told, text.replace("\r\n", "\n").replace("\r", "\n")))


def written(text: str) -> str:
    """Return a text with every character that nobody would see written out, controls too."""
    if _PLAIN.fullmatch(text):
        return text
    runs = _runs().split(text)
    return "".join(
        _written(run, runs[n - 1][-1:], runs[n + 1][:1]) if n % 2 else run
        for n, run in enumerate(runs)
    )


def flat(text: str) -> str:
    """Return a text as one row: what nobody would see is written out, ends of lines as well."""
    return _COMMENT.sub(lambda m: f"⟨comment: {m[1].strip()}⟩", written(text).translate(_ENDS))


def file_name(path: str) -> str:
    """Return the name of a file as it may stand in a sentence of ours.

    A program may call a file whatever it likes: what could pass for more than a name is in quotes.
    """
    row = flat(path)
    row = row if len(row) <= _LONG else f"{row[: _LONG - 4]} ..."
    return row if _NAME.fullmatch(row) else json.dumps(row, ensure_ascii=False)


def file_names(paths: Sequence[str], most: int) -> str:
    """Return the first of some files in one row, and how many more there are."""
    return some([*map(file_name, paths[:most]), *paths[most:]], most)


def joined(text: str) -> str:
    """Return a text with the halves of each character joined; a half alone becomes U+FFFD.

    JSON writes a character beyond U+FFFF as two halves, of which models and servers lose some.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def storable(text: str) -> str:
    """Return a text as every file and database takes it: with no half of a character and no NUL."""
    return joined(text).replace("\0", "\ufffd")


def count(number: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def some(names: Sequence[str], most: int) -> str:
    """Return the first of some names on one line, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def whole(text: str, digits: int) -> int | None:
    """Return the whole number a text is, None for anything else and for more digits than that."""
    known = text.isascii() and text.isdigit() and len(text) <= digits
    return int(text) if known else None


def shorten(text: str, more: str, most: int = LONGEST) -> str:
    """Return the beginning of a text, cut at a line, and how to get the rest."""
    if len(text) <= most:
        return text
    end = text.rfind("\n", most // 2, most)
    end = end if end > 0 else most
    return f"{text[:end]}\n[... {len(text) - end} characters left out; {more}]"


def one_line(text: str, most: int) -> str:
    """Return a text as one line of at most so many characters; what is cut ends in three dots."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 4]} ..."


def first_words(text: str) -> str:
    """Return what a text is about, as part of a name."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())[:4])[:30] or "task"


def tail(text: str, more: str, most: int = LONGEST) -> str:
    """Return the end of a text, cut at a line, and how to get what comes before."""
    if len(text) <= most:
        return text
    start = text.find("\n", len(text) - most, len(text) - most // 2) + 1
    start = start or len(text) - most
    return f"[... {start} characters left out; {more}]\n{text[start:]}"


def ends(text: str, more: str, most: int = LONGEST) -> str:
    """Return the beginning and the end of a text, and how to get what stands between."""
    if len(text) <= most:
        return text
    half = most // 2
    left = len(text) - 2 * half
    return f"{text[:half]}\n[... {left} characters left out; {more}]\n{text[-half:]}"


def _told(found: re.Match[str]) -> str:
    return f"⟨escape: {found['told']}⟩" if found["told"] else ""


def _written(run: str, before: str, after: str) -> str:
    """Write out a run of characters nobody sees, unless they draw an emoji."""
    if before and unicodedata.category(before) in ("So", "Sk", "Nd", "Po"):
        drawn = len(run) == 1 and ord(run) in _SELECTORS
        drawn = drawn or (run.lstrip("\ufe0f") == _JOINER and _is_symbol(after))
        if drawn:
            return run
    said = "".join(chr(ord(c) - 0xE0000) for c in run if ord(c) in _TAGS)
    said = "".join(c for c in said if c.isprintable())
    if said:
        return f"⟨hidden: {said}⟩"
    if len(run) > 4:
        return f"⟨{len(run)} invisible characters⟩"
    return "".join(f"⟨U+{ord(c):04X}⟩" for c in run)


def _is_symbol(letter: str) -> bool:
    return bool(letter) and unicodedata.category(letter) == "So"


def _hidden(code: int) -> bool:
    if code in _SEEN or code in (0x0A, 0x09):
        return False
    if code in _BLANK or 0xFE00 <= code <= 0xFE0F or 0xE0000 <= code <= 0xE0FFF:
        return True
    if 0x180B <= code <= 0x180F:
        return True
    return unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


@cache
def _runs() -> re.Pattern[str]:
    """Return what finds hidden characters; made at its first use, for it takes a while."""
    rows: list[list[int]] = []
    spans = (range(0x20000), range(0xE0000, 0xE1000))
    for code in (c for span in spans for c in span if _hidden(c)):
        if rows and rows[-1][1] == code - 1:
            rows[-1][1] = code
        else:
            rows.append([code, code])
    known = "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in rows)
    return re.compile(f"([{known}\\U000f0000-\\U0010ffff]+)")
