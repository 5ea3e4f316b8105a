"""How tasks went through the queues: how many were ready, at work and over at each time."""

from collections.abc import Sequence
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
    begin = min((j.created.timestamp() for j in filed if j.created), default=now.timestamp())
    end = now.timestamp()
    if end - begin < DAY:
        return []
    step = (end - begin) / (SAMPLES - 1)
    return [_level(filed, begin + step * n) for n in range(SAMPLES)]


def _level(jobs: Sequence[Job], at: float) -> Level:
    created = sum(_by(j.created, at) for j in jobs)
    over = sum(_by(j.ended, at) for j in jobs)
    # One that was cancelled was never at work.
    begun = sum(_by(j.started, at) or _by(j.ended, at) for j in jobs)
    return Level(at, over, begun - over, created - begun)


def _by(when: datetime | None, at: float) -> bool:
    return when is not None and when.timestamp() <= at


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
