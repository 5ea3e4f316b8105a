"""Finding the place a model means when it quotes a piece of a file. Pure.

Exactly first, then without regard to white space, then by likeness. Never a guess between two.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from math import gcd

from msgspec import Struct

from samovar.core.errors import ToolError

ALIKE = 0.85
"""From this likeness on (0 to 1) a piece is taken for the one that was meant."""
APART = 0.05
"""By how much the best must be ahead of the second best."""
LINES = 400
"""Longest piece that is compared by likeness."""
_WINDOWS = 24
"""Places compared letter by letter."""


class Found(Struct, frozen=True, kw_only=True):
    """A piece of a text."""

    start: int
    end: int
    how: str
    """`exactly`, `but for white space`, or how alike in percent."""
    wanted: str = ""
    """The indentation of what was quoted, where it differs from the text's."""
    given: str = ""
    """The indentation of the text."""
    step: tuple[str, str] = ("", "")
    """What stands for what in an indentation, as quoted and as in the text, where these differ."""


def locate(text: str, quoted: str) -> Found:
    """Return the one place that is meant.

    Raises ToolError, with the lines, when there are several or none; then with the nearest ones.
    """
    if not quoted.strip():
        raise ToolError("search is empty: quote the lines to change, or use write_file")
    quoted = _line_ends(quoted, text)
    places = [m.start() for m in re.finditer(re.escape(quoted), text)]
    if len(places) == 1:
        return _exact(text, places[0], quoted)
    if places:
        raise _ambiguous(text, places, "search")
    rows = _rows(text)
    for key in (str.rstrip, _squeezed):
        found = _by_lines(text, rows, quoted, key)
        if found is not None:
            return found
    return _by_likeness(text, rows, quoted)


def replaced(text: str, found: Found, new: str) -> str:
    """Return the text with another piece in the place, indented and ended like the old one."""
    new = _line_ends(new, text)
    if found.how != "exactly" and new and not new.endswith("\n"):
        ended = text[: found.end].endswith
        new += "\r\n" if ended("\r\n") else "\n" if ended("\n") else ""
    step = found.step if any(found.step) else _guessed(text, found, new)
    new, wanted = _stepped(new, *step), _stepped(found.wanted, *step)
    if wanted != found.given:
        new = _reindented(new, wanted, found.given)
    return text[: found.start] + new + text[found.end :]


def line_of(text: str, place: int) -> int:
    """Return the line a place is in, counted from 1."""
    return text.count("\n", 0, place) + 1


def _exact(text: str, place: int, quoted: str) -> Found:
    """Return what was quoted letter by letter; from the begin of its line on if it is indented."""
    start, end = text.rfind("\n", 0, place) + 1, place + len(quoted)
    before, wanted = text[start:place], _indent(quoted.partition("\n")[0])
    if wanted and before and not before.strip():
        return Found(start=start, end=end, how="exactly", wanted=wanted, given=before + wanted)
    return Found(start=place, end=end, how="exactly")


class _Row(Struct, frozen=True):
    start: int
    end: int
    text: str


def _rows(text: str) -> list[_Row]:
    rows, start = list[_Row](), 0
    for line in text.split("\n"):
        end = min(start + len(line) + 1, len(text))
        rows.append(_Row(start, end, line.removesuffix("\r")))
        start = end
    return rows[:-1] if rows and not rows[-1].text and len(rows) > 1 else rows


def _line_ends(quoted: str, text: str) -> str:
    """Return a quotation with the line ends of a text that has but one kind."""
    quoted = quoted.replace("\r\n", "\n")
    windows = text.count("\r\n")
    return quoted.replace("\n", "\r\n") if windows and windows == text.count("\n") else quoted


def _wanted(quoted: str) -> list[str]:
    rows = [row.removesuffix("\r") for row in quoted.split("\n")]
    while rows and not rows[0].strip():
        rows.pop(0)
    while rows and not rows[-1].strip():
        rows.pop()
    return rows


def _squeezed(line: str) -> str:
    return " ".join(line.split())


def _by_lines(text: str, rows: Sequence[_Row], quoted: str, key: object) -> Found | None:
    assert callable(key)
    wanted = _wanted(quoted)
    keys, have = [key(w) for w in wanted], [key(r.text) for r in rows]
    size = len(keys)
    starts = [n for n, h in enumerate(have) if h == keys[0] and have[n : n + size] == keys]
    if len(starts) > 1:
        raise _ambiguous(text, [rows[n].start for n in starts], "search, but for white space,")
    if not starts:
        return None
    first, last = rows[starts[0]], rows[starts[0] + size - 1]
    return Found(
        start=first.start,
        end=last.end,
        how="but for white space",
        wanted=_indent(wanted[0]),
        given=_indent(first.text),
        step=_step(wanted, rows[starts[0] : starts[0] + size]),
    )


def _by_likeness(text: str, rows: Sequence[_Row], quoted: str) -> Found:
    wanted = _wanted(quoted)
    if len(wanted) > LINES:
        raise ToolError(f"search has {len(wanted)} lines and is not in the file: quote fewer")
    ranked = sorted(_scored(rows, wanted), key=lambda s: (-s[0], s[1]))
    if not ranked:
        raise ToolError("search is not in the file, and nothing in it is alike: read_file first")
    best, start, size = ranked[0]
    span = f"lines {start + 1}-{start + size}" if size > 1 else f"line {start + 1}"
    rival = next((s for s, n, m in ranked if n + m <= start or n >= start + size), 0.0)
    if best < ALIKE:
        near = "\n".join(r.text for r in rows[start : start + min(size, 12)])
        raise ToolError(f"search is not in the file; the nearest is {span} ({best:.0%}):\n{near}")
    if best - rival < APART:
        places = [rows[n].start for s, n, _ in ranked if s > best - APART]
        raise _ambiguous(text, places, f"something {best:.0%} alike")
    return Found(
        start=rows[start].start,
        end=rows[start + size - 1].end,
        how=f"{best:.0%} alike",
        wanted=_indent(wanted[0]),
        given=_indent(rows[start].text),
        step=_step(wanted, rows[start : start + size]),
    )


def _scored(rows: Sequence[_Row], wanted: Sequence[str]) -> Iterator[tuple[float, int, int]]:
    """Yield (likeness, first row, number of rows) of the most promising places."""
    joined = "\n".join(_squeezed(w) for w in wanted)
    compared = SequenceMatcher(None, "", joined, autojunk=False)
    for start, size in _promising(rows, wanted):
        compared.set_seq1("\n".join(_squeezed(r.text) for r in rows[start : start + size]))
        if compared.real_quick_ratio() > 0.3 and compared.quick_ratio() > 0.3:
            yield compared.ratio(), start, size


def _promising(rows: Sequence[_Row], wanted: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the places that share most words with what is wanted, one row more or less too."""
    words = Counter(w for line in wanted for w in re.findall(r"\w+|[^\w\s]", line))
    parts = [Counter(re.findall(r"\w+|[^\w\s]", r.text[:2000])) for r in rows]
    shared = [sum(min(c, words[w]) for w, c in part.items() if w in words) for part in parts]
    size = min(len(wanted), len(rows))
    sums = [sum(shared[:size])]
    for n in range(1, len(rows) - size + 1):
        sums.append(sums[-1] + shared[n + size - 1] - shared[n - 1])
    best = sorted(range(len(sums)), key=lambda n: (-sums[n], n))[:_WINDOWS]
    for start in (n for n in best if sums[n]):
        for more in {size - 1, size, size + 1} if size > 1 else {1, 2}:
            if more and start + more <= len(rows):
                yield start, more


def _step(wanted: Sequence[str], rows: Sequence[_Row]) -> tuple[str, str]:
    """Return what stands for what in an indentation, quoted and in the text; empty for the same."""
    quoted = [_indent(w) for w in wanted if w.strip()]
    ours = [_indent(r.text) for r in rows if r.text.strip()]
    kinds = set("".join(quoted)), set("".join(ours))
    if kinds == ({" "}, {"\t"}):
        return " " * (gcd(*map(len, quoted)) // gcd(*map(len, ours))), "\t"
    if kinds == ({"\t"}, {" "}):
        return "\t", " " * (gcd(*map(len, ours)) // gcd(*map(len, quoted)))
    if kinds == ({" "}, {" "}) and len(quoted) == len(ours):
        return _widened({(len(q), len(o)) for q, o in zip(quoted, ours, strict=True)})
    return "", ""


def _widened(depths: set[tuple[int, int]]) -> tuple[str, str]:
    """Return how many spaces of the text stand for how many quoted ones, by pairs of depths."""
    (quoted, ours), *rest = sorted(depths)
    deeper, wider = gcd(*(q - quoted for q, _ in rest)), gcd(*(o - ours for _, o in rest))
    if any((q - quoted) * wider != (o - ours) * deeper for q, o in rest):
        return " ", " "
    return _spaces(deeper, wider)


def _guessed(text: str, found: Found, new: str) -> tuple[str, str]:
    """Return the step for what was quoted at one depth alone, by the width of the text's steps."""
    depths = [len(_indent(r)) for r in new.split("\n") if r.strip()]
    quoted, ours, width = len(found.wanted), len(found.given), _width(text)
    level = ours // width if width else 0
    if not level or not quoted or {*found.wanted, *found.given} != {" "}:
        return "", ""
    # Steps as wide as the text's: it was quoted less deep, or deeper, than it stands.
    same = gcd(quoted, *depths) == width or ours % width or quoted % level
    if same or any(d % (quoted // level) for d in depths):
        return "", ""
    return _spaces(quoted // level, width)


def _spaces(quoted: int, ours: int) -> tuple[str, str]:
    if not quoted or not ours:
        return "", ""
    return " " * (quoted // gcd(quoted, ours)), " " * (ours // gcd(quoted, ours))


def _width(text: str) -> int:
    """Return by how many spaces lines of a text mostly stand deeper than the ones before."""
    depths = [len(_indent(r)) for r in text.split("\n") if r.strip()]
    steps = Counter(b - a for a, b in pairwise(depths) if b > a)
    return max(steps, key=lambda s: (steps[s], -s), default=0)


def _stepped(text: str, quoted: str, ours: str) -> str:
    if not quoted or not ours:
        return text
    return re.sub(r"^[ \t]+", lambda m: m[0].replace(quoted, ours), text, flags=re.MULTILINE)


def _reindented(new: str, wanted: str, given: str) -> str:
    rows = new.split("\n")
    moved = (r if not r.strip() else given + r.removeprefix(wanted) for r in rows)
    if all(r.startswith(wanted) or not r.strip() for r in rows):
        return "\n".join(moved)
    return new


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _ambiguous(text: str, places: Sequence[int], what: str) -> ToolError:
    lines = sorted({line_of(text, p) for p in places})
    shown = ", ".join(map(str, lines[:10])) + (" ..." if len(lines) > 10 else "")
    return ToolError(
        f"{what} is in the file {len(places)} times, at lines {shown}: "
        "quote the lines before or after it too"
    )
