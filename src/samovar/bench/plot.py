"""Plots as plain SVG: the share solved over the tokens it took, as means or step by step."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDE, HIGH = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 200, 40, 50
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito (2008): told apart with any kind of colour vision."""


class Point(NamedTuple):
    """One harness."""

    label: str
    tokens: float
    """Computed ones a task: the prompt without what was cached, and the generated."""
    share: float
    low: float
    high: float


class Track(NamedTuple):
    """How one harness solves more with more tokens."""

    label: str
    tokens: Sequence[int]
    """Generated tokens with which each solved task was solved, the fewest first."""
    total: int
    """Tasks, the unsolved ones included."""
    reach: int
    """Tokens up to which it is known."""


def draw(title: str, points: Sequence[Point]) -> str:
    """Return the plot; the tokens are on a logarithmic axis."""
    first, last = _range([p.tokens for p in points])
    parts = []
    for number, point in enumerate(points):
        parts += _whisker(point, _across(point.tokens, first, last), _colour(number))
    names = [point.label for point in points]
    return _whole(title, "computed tokens a task", (first, last), names, parts)


def tracks(title: str, many: Sequence[Track]) -> str:
    """Return the plot of the share solved with so many tokens or fewer, a step for each task."""
    first, last = _range([t for track in many for t in (*track.tokens, track.reach)])
    parts = [_steps(track, first, last, _colour(n)) for n, track in enumerate(many)]
    names = [track.label for track in many]
    return _whole(title, "generated tokens of a task", (first, last), names, parts)


def _whole(
    title: str, axis: str, powers: tuple[int, int], names: Sequence[str], parts: Sequence[str]
) -> str:
    """Return a picture: what every one has around its own parts."""
    frame = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDE}" height="{HIGH}" fill="white"/>',
        _text(LEFT, 22, title, size=15),
        *_shares(),
        *_tokens(*powers, axis),
    ]
    for number, name in enumerate(names):
        y = TOP + 14 + 18 * number
        spot = f'cx="{WIDE - RIGHT + 20}" cy="{y - 4}" r="5" fill="{_colour(number)}"'
        frame += [f"<circle {spot}/>", _text(WIDE - RIGHT + 32, y, name)]
    return "\n".join([*frame, *parts, "</svg>", ""])


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _steps(track: Track, first: int, last: int, colour: str) -> str:
    """Return a line that goes up by a task wherever one more was solved."""
    corners, height = [(float(LEFT), _up(0.0))], 0
    for tokens in track.tokens:
        x = _across(tokens, first, last)
        corners.append((x, _up(height / track.total)))
        height += 1
        corners.append((x, _up(height / track.total)))
    corners.append((_across(track.reach, first, last), _up(height / track.total)))
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _range(tokens: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten around the values."""
    known = [max(1.0, t) for t in tokens] or [1.0]
    first = math.floor(math.log10(min(known)))
    return first, max(first + 1, math.ceil(math.log10(max(known))))


def _across(tokens: float, first: int, last: int) -> float:
    share = (math.log10(max(1.0, tokens)) - first) / (last - first)
    return LEFT + share * (WIDE - LEFT - RIGHT)


def _up(share: float) -> float:
    return HIGH - BOTTOM - share * (HIGH - TOP - BOTTOM)


def _shares() -> list[str]:
    parts = []
    for tenth in range(0, 11, 2):
        y = _up(tenth / 10)
        parts.append(_stroke(LEFT, y, WIDE - RIGHT, y, "#ddd"))
        parts.append(_text(LEFT - 8, y + 4, f"{10 * tenth} %", anchor="end"))
    return parts


def _tokens(first: int, last: int, axis: str) -> list[str]:
    parts = []
    for power in range(first, last + 1):
        x = _across(10.0**power, first, last)
        parts.append(_stroke(x, TOP, x, HIGH - BOTTOM, "#ddd"))
        parts.append(_text(x, HIGH - BOTTOM + 18, f"{10**power:,}", anchor="middle"))
    middle = (LEFT + WIDE - RIGHT) / 2
    return [*parts, _text(middle, HIGH - 10, axis, anchor="middle")]


def _whisker(point: Point, x: float, colour: str) -> list[str]:
    low, high = _up(point.low), _up(point.high)
    return [
        _stroke(x, low, x, high, colour),
        _stroke(x - 5, low, x + 5, low, colour),
        _stroke(x - 5, high, x + 5, high, colour),
        f'<circle cx="{x:.1f}" cy="{_up(point.share):.1f}" r="5" fill="{colour}"/>',
    ]


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f"<text {place}>{escape(text)}</text>"
