"""A plot as plain SVG: the share solved over the tokens it took, with its interval."""

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


def draw(title: str, points: Sequence[Point]) -> str:
    """Return the plot; the tokens are on a logarithmic axis."""
    first, last = _range([p.tokens for p in points])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDE}" height="{HIGH}" fill="white"/>',
        _text(LEFT, 22, title, size=15),
        *_shares(),
        *_tokens(first, last),
    ]
    for number, point in enumerate(points):
        colour = COLOURS[number % len(COLOURS)]
        parts += _whisker(point, _across(point.tokens, first, last), colour)
        y = TOP + 14 + 18 * number
        parts.append(f'<circle cx="{WIDE - RIGHT + 20}" cy="{y - 4}" r="5" fill="{colour}"/>')
        parts.append(_text(WIDE - RIGHT + 32, y, point.label))
    return "\n".join([*parts, "</svg>", ""])


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


def _tokens(first: int, last: int) -> list[str]:
    parts = []
    for power in range(first, last + 1):
        x = _across(10.0**power, first, last)
        parts.append(_stroke(x, TOP, x, HIGH - BOTTOM, "#ddd"))
        parts.append(_text(x, HIGH - BOTTOM + 18, f"{10**power:,}", anchor="middle"))
    middle = (LEFT + WIDE - RIGHT) / 2
    return [*parts, _text(middle, HIGH - 10, "computed tokens a task", anchor="middle")]


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
