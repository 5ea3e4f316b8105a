"""Read JSON and Python values the way small models write them; nothing is ever executed.

Beyond JSON: single, triple and back quotes, line breaks and unescaped quotes within strings,
trailing and missing commas, bare keys, Python's constants, comments, braces missing at the end.
"""

import json
import re
from typing import Any

_DEEPEST = 32
_BLANK = re.compile(r"(?:\s+|//[^\n]*|#[^\n]*|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[-+]?[\w$][\w$./+-]*")
_KEY = re.compile(r"[\w$.-]+")
_QUOTED = re.compile(
    r"""(?P<quote>["'`])(?P<said>(?:[^"'`\\\n]|\\.|(?!(?P=quote))["'`])*)(?P=quote)"""
)
_NEXT_KEY = re.compile(rf"""\s*(?:{_QUOTED.pattern}\s*[:=]|[\w$.-]+\s*[:=]|[}}\])]|$)""")
_NEXT_ITEM = re.compile(r"""\s*(?:["'`\[{(\]}\d-]|[TtFfNn]\w|$)""")
_MARKS = {quote: re.compile(rf"\\\\|{quote}") for quote in "\"'`"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}
_CONSTANTS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
}
_strict = json.JSONDecoder(strict=False)


class Broken(ValueError):
    """What stands there is no value."""


def value(text: str, at: int = 0) -> tuple[Any, int]:
    """Return the value that begins there and where it ends. Raises Broken when there is none."""
    at = blank(text, at)
    try:
        return _strict.raw_decode(text, at)
    except (ValueError, RecursionError):
        return _value(text, at, 0, "")


def whole(text: str) -> Any:
    """Return the only value of a text. Raises Broken when there is none, or more follows."""
    found, end = value(text)
    if blank(text, end) != len(text):
        raise Broken(f"more follows at character {end}")
    return found


def arguments(text: str, at: int) -> tuple[list[Any], dict[str, Any], int]:
    """Return what stands between the parentheses of a call, and the place behind them.

    `at` is the place behind the opening one. Raises Broken when they do not close.
    """
    given: list[Any] = []
    named: dict[str, Any] = {}
    while True:
        at = blank(text, at)
        if text[at : at + 1] == ")":
            return given, named, at + 1
        if text.startswith("**", at):
            found, at = _value(text, at + 2, 1, ")")
            if not isinstance(found, dict):
                raise Broken("** needs a mapping")
            named |= found
        elif (key := _KEY.match(text, at)) and _separated(text, key.end(), "="):
            named[key[0]], at = _argument(text, _separated(text, key.end(), "="))
        else:
            found, at = _argument(text, at)
            given.append(found)
        at = blank(text, at)
        if text[at : at + 1] not in (",", ")"):
            raise Broken(f"a comma or parenthesis is missing at character {at}")
        at += text[at] == ","


def _argument(text: str, at: int) -> tuple[Any, int]:
    """Return a value of a call. A bare name is none: signatures have names there."""
    at = blank(text, at)
    found, end = _value(text, at, 1, ")")
    if isinstance(found, str) and text[at:end].isidentifier():
        raise Broken(f"a name is no value: {found[:60]}")
    return found, end


def blank(text: str, at: int) -> int:
    """Return the place behind white space and comments."""
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int, closer: str) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise Broken("nested too deep")
    at = blank(text, at)
    sign = text[at : at + 1]
    if sign == "{":
        return _object(text, at + 1, depth)
    if sign and sign in "[(":
        return _array(text, at + 1, depth, "]" if sign == "[" else ")")
    if sign == "r" and text[at + 1 : at + 2] in ('"', "'"):
        end = text.find(text[at + 1], at + 2)
        if end < 0:
            raise Broken("a string does not end")
        return text[at + 2 : end], end + 1
    if sign and sign in "\"'`":
        return _string(text, at, closer)
    return _word(text, at)


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while True:
        at = blank(text, at)
        sign = text[at : at + 1]
        if sign == "}":
            return found, at + 1
        if found and _stops(text, at):
            return found, at
        if sign == ",":
            at += 1
            continue
        key, at = _key(text, at)
        found[key], at = _value(text, at, depth + 1, "}")


def _stops(text: str, at: int) -> bool:
    """Whether the text, its tag or its fence ends here, so that a brace was forgotten."""
    return at >= len(text) or text.startswith(("</", "```"), at)


def _key(text: str, at: int) -> tuple[str, int]:
    if quoted := _QUOTED.match(text, at):
        key, at = _unescaped(quoted["said"]), quoted.end()
    elif bare := _KEY.match(text, at):
        key, at = bare[0], bare.end()
    else:
        raise Broken(f"a key is missing at character {at}")
    behind = _separated(text, at, ":") or _separated(text, at, "=")
    if not behind:
        raise Broken(f"a colon is missing at character {at}")
    return key, behind


def _separated(text: str, at: int, sign: str) -> int:
    """Return the place behind the sign, 0 where it does not come next."""
    at = blank(text, at)
    return at + 1 if text[at : at + 1] == sign and text[at : at + 2] != "==" else 0


def _array(text: str, at: int, depth: int, closer: str) -> tuple[list[Any], int]:
    found: list[Any] = []
    while True:
        at = blank(text, at)
        sign = text[at : at + 1]
        if sign == closer:
            return found, at + 1
        if found and _stops(text, at):
            return found, at
        if sign == ",":
            at += 1
            continue
        item, at = _value(text, at, depth + 1, closer)
        found.append(item)


def _word(text: str, at: int) -> tuple[Any, int]:
    word = _WORD.match(text, at)
    if not word:
        raise Broken(f"no value at character {at}")
    said = word[0]
    if said in _CONSTANTS:
        return _CONSTANTS[said], word.end()
    for number in (int, float):
        try:
            return number(said), word.end()
        except ValueError:
            continue
    return said, word.end()


def _string(text: str, at: int, closer: str) -> tuple[str, int]:
    quote = text[at]
    if text.startswith(quote * 3, at):
        end = text.find(quote * 3, at + 3)
        if end < 0:
            raise Broken("a string does not end")
        return _unescaped(text[at + 3 : end]), end + 3
    began = at = at + 1
    for mark in _MARKS[quote].finditer(text, began):
        if mark.start() < at:
            continue
        at = mark.start() + 2
        if mark[0] == quote and _closes(text, mark.end(), closer):
            return _unescaped(text[began : mark.start()]), mark.end()
        at -= mark[0] == quote
    raise Broken("a string does not end")


def _closes(text: str, at: int, closer: str) -> bool:
    """Whether a quote before this place ends its string, rather than being a part of it."""
    while text[at : at + 1].isspace():
        at += 1
    sign = text[at : at + 1]
    if sign in (closer, ""):
        return True
    if sign == ",":
        follows = _NEXT_ITEM if closer == "]" else _NEXT_KEY
        return closer == ")" or follows.match(text, blank(text, at + 1)) is not None
    # A comma that was forgotten before the next key.
    return closer == "}" and sign in "\"'" and _NEXT_KEY.match(text, at) is not None


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return re.sub(
        r"\\(u[0-9a-fA-F]{4}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2})?|.)", _meant, text, flags=re.DOTALL
    )


def _meant(escape: re.Match[str]) -> str:
    said = escape[1]
    if said[0] == "u" and len(said) > 1:
        return str(json.loads(f'"{escape[0]}"'))
    if said in _ESCAPES:
        return _ESCAPES[said]
    return said if said in "\"'`\\/" else escape[0]
