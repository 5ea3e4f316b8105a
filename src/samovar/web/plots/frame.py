"""Scales, axes and ticks of a plot."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from samovar.web.plots.svg import element, label, line


@dataclass(frozen=True)
class Frame:
    """A rectangle, and what its sides stand for."""

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    left: int = 52
    right: int = 14
    top: int = 10
    bottom: int = 22

    def across(self, value: float) -> float:
        """Return where a value lies from the left."""
        low, high = self.x
        share = (value - low) / (high - low) if high > low else 0.0
        return self.left + share * (self.width - self.left - self.right)

    def down(self, value: float) -> float:
        """Return where a value lies from the top."""
        low, high = self.y
        share = (value - low) / (high - low) if high > low else 0.0
        return self.height - self.bottom - share * (self.height - self.bottom - self.top)

    def grid(self, shown: Callable[[float], str]) -> list[Markup]:
        """Return the horizontal lines with their values."""
        parts: list[Markup] = []
        for value in steps(*self.y):
            y = self.down(value)
            parts.append(line([(self.left, y), (self.width - self.right, y)], "grid"))
            parts.append(label(self.left - 6, y + 4, shown(value), "end"))
        return parts

    def hours(self, wanted: int = 5) -> list[Markup]:
        """Return labels of a horizontal axis in seconds since 1970."""
        parts: list[Markup] = []
        low, high = self.x
        for part in range(wanted):
            value = low + (high - low) * part / (wanted - 1)
            form = "%d %b %H:%M" if high - low > 86_400 / 2 else "%H:%M:%S"
            said = datetime.fromtimestamp(value, UTC).strftime(form)
            anchor = {0: "start", wanted - 1: "end"}.get(part, "middle")
            parts.append(label(self.across(value), self.height - 6, said, anchor))
        return parts


def steps(low: float, high: float, wanted: int = 4) -> list[float]:
    """Return round values between two values."""
    if high <= low:
        return [low]
    raw = (high - low) / wanted
    size = 10 ** math.floor(math.log10(raw))
    unit = next((u * size for u in (1, 2, 5, 10) if u * size >= raw), raw)
    first = math.ceil(low / unit) * unit
    return [first + unit * n for n in range(int((high - first) / unit + 1.000001))]


def box(corner: tuple[float, float], size: tuple[float, float], kind: str, said: str) -> Markup:
    """Return a rectangle that says what it is when pointed at."""
    shape: dict[str, str | int | float] = {
        "x": corner[0],
        "y": corner[1],
        "width": max(size[0], 0.0),
        "height": max(size[1], 0.0),
        "class": kind,
    }
    return element("rect", shape, element("title", {}, said))
