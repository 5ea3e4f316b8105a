"""How tasks went through the queues: how many were ready, at work and over at each time."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from markupsafe import Markup
from msgspec import Struct

from samovar.core.text import count
from samovar.org.seams import Job
from samovar.web.plots.frame import Frame
from samovar.web.plots.svg import drawing, element

WIDTH, HEIGHT = 960, 200
SAMPLES = 60
DAY = 86_400.0
NAMES = ("over", "at work", "waiting its turn")
"""From the bottom up, so that what is over only grows."""


class Level(Struct, frozen=True):
    """How many tasks were in each state at a time."""

    at: float
    """Seconds since 1970."""
    over: int
    working: int
    ready: int


def levels(jobs: Sequence[Job], now: datetime) -> list[Level]:
    """Return the levels from the first task to now; nothing when that is less than a day."""
    filed = [j for j in jobs if j.created is not None]
    created, over = _times((j.created,) for j in filed), _times((j.ended,) for j in filed)
    # One that was cancelled was never at work.
    begun = _times((j.started, j.ended) for j in filed)
    end = now.timestamp()
    if not created or end - created[0] < DAY:
        return []
    step = (end - created[0]) / (SAMPLES - 1)
    found = []
    for at in (created[0] + step * n for n in range(SAMPLES)):
        were, began, ended = (bisect_right(times, at) for times in (created, begun, over))
        found.append(Level(at, ended, began - ended, were - began))
    return found


def _times(moments: Iterable[tuple[datetime | None, ...]]) -> list[float]:
    """Return the first moment of each that has one, in seconds since 1970, in order."""
    known = ([m.timestamp() for m in each if m is not None] for each in moments)
    return sorted(min(each) for each in known if each)


def cumulative(found: Sequence[Level]) -> Markup:
    """Draw the levels as stacked areas; empty without a history."""
    if not found:
        return Markup("")
    highest = max(v.over + v.working + v.ready for v in found) or 1
    frame = Frame(WIDTH, HEIGHT, (found[0].at, found[-1].at), (0.0, highest * 1.05))
    parts = [*frame.grid(lambda v: f"{v:g}"), *frame.hours()]
    below = [0.0] * len(found)
    for number, name in enumerate(NAMES):
        add = [(v.over, v.working, v.ready)[number] for v in found]
        above = [b + a for b, a in zip(below, add, strict=True)]
        edge = [(frame.across(v.at), frame.down(t)) for v, t in zip(found, above, strict=True)]
        back = [(frame.across(v.at), frame.down(b)) for v, b in zip(found, below, strict=True)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*edge, *reversed(back)])
        title = element("title", {}, f"{name}: {add[-1]} now")
        parts.append(element("polygon", {"points": points, "class": f"area c{number}"}, title))
        below = above
    return drawing((WIDTH, HEIGHT), "Cumulative flow", summary(found), *parts)


def summary(found: Sequence[Level]) -> str:
    """Return the history in one sentence."""
    first, last = found[0], found[-1]
    days = max((last.at - first.at) / DAY, 1.0)
    since = datetime.fromtimestamp(first.at, UTC).strftime("%Y-%m-%d")
    said = f"{count(last.over, 'task')} over since {since}, {last.over / days:.1f} a day"
    return f"{said}; {last.working} at work or waiting, {last.ready} not begun"
