"""Credits left over time, with a forecast of when they are gone."""

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from samovar.org.seams import LedgerEntry
from samovar.web.plots.frame import Frame
from samovar.web.plots.svg import drawing, element, label, line
from samovar.web.words import MILLION, credits, duration

WIDTH, HEIGHT = 960, 220
COLOURS = 6
WINDOW = 86_400.0
"""Seconds of spending the forecast goes by, to now; fewer where the lines do not reach so far."""
SHORTEST = 3_600.0
"""Seconds a pace is taken from, at least: the first call of an agent is no pace."""


class Course(Struct, frozen=True):
    """How one agent's credits went."""

    agent: str
    points: tuple[tuple[float, int], ...]
    """Time in seconds since 1970, micro-credits afterwards."""
    at: float
    """When it was looked at, in seconds since 1970."""
    rate: float
    """Micro-credits a second over the day before; 0 for none."""

    @property
    def left(self) -> int:
        """Micro-credits left."""
        return self.points[-1][1]

    def gone(self) -> float | None:
        """Return when nothing is left, in seconds since 1970; None when nothing is spent."""
        return self.at + self.left / self.rate if self.rate > 0 else None


def courses(entries: Sequence[LedgerEntry], now: float) -> list[Course]:
    """Return the course of every agent, the biggest spender first."""
    by: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        by.setdefault(entry.agent, []).append(entry)
    found = [_course(agent, lines, now) for agent, lines in by.items()]
    return sorted(found, key=lambda c: (-c.rate, c.agent))


def _course(agent: str, lines: Sequence[LedgerEntry], now: float) -> Course:
    spent = sum(e.spent for e in lines if e.at.timestamp() > now - WINDOW)
    points = tuple((e.at.timestamp(), e.balance) for e in lines)
    span = min(max(now - points[0][0], SHORTEST), WINDOW)
    return Course(agent, points, now, spent / span)


def forecast(course: Course) -> str:
    """Return the forecast in words."""
    gone = course.gone()
    if course.left <= 0:
        return "none left"
    if gone is None:
        return f"{credits(course.left)} left, nothing spent lately"
    ahead = duration(gone - course.at)
    return f"{credits(course.left)} left, gone in {ahead} at the last day's pace"


def balance_plot(entries: Sequence[LedgerEntry], now: float, width: int = WIDTH) -> Markup:
    """Draw what the biggest spenders have left; empty without a ledger."""
    shown = courses(entries, now)[:COLOURS]
    if not shown:
        return Markup("")
    first = min(c.points[0][0] for c in shown)
    ahead = max((now - first) * 0.25, 60.0)
    highest = max(max(b for _, b in c.points) for c in shown) / MILLION or 1.0
    frame = Frame(width, HEIGHT, (first, now + ahead), (0.0, highest * 1.08))
    parts = [*frame.grid(lambda v: f"{v:g}"), *frame.hours(5 if width == WIDTH else 3)]
    x = frame.across(now)
    parts.append(line([(x, 10), (x, HEIGHT - 22)], "now"))
    parts.append(label(x + 4, 20, "now"))
    for number, course in enumerate(shown):
        parts += _course_lines(frame, course, number)
    said = "; ".join(f"{c.agent}: {forecast(c)}" for c in shown)
    kind = "plot" if width == WIDTH else "plot narrow"
    return drawing((width, HEIGHT), "Credits left", said, *parts, kind=kind)


def _course_lines(frame: Frame, course: Course, number: int) -> list[Markup]:
    """Draw steps up to now, then a dashed line to where it leads."""
    points: list[tuple[float, float]] = []
    for at, balance in course.points:
        if points:
            points.append((frame.across(at), points[-1][1]))
        points.append((frame.across(at), frame.down(balance / MILLION)))
    points.append((frame.across(course.at), points[-1][1]))
    parts = [line(points, f"course c{number}")]
    gone, end = course.gone(), frame.x[1]
    if gone is not None and course.left > 0:
        until = min(gone, end)
        left = course.left - course.rate * (until - course.at)
        last = (frame.across(until), frame.down(left / MILLION))
        parts.append(line([points[-1], last], f"course ahead c{number}"))
    return parts


def legend(names: Sequence[str]) -> Markup:
    """Return the colours with their names."""
    rows = [
        element("li", {}, element("span", {"class": f"swatch c{n}"}), name)
        for n, name in enumerate(names[:COLOURS])
    ]
    return element("ul", {"class": "legend"}, *rows)
