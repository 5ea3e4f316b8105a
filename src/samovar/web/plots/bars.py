"""Stacked bars, one a day."""

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from samovar.web.plots.frame import Frame, box
from samovar.web.plots.svg import drawing, label

WIDTH, HEIGHT = 960, 180
MOST = 30
"""Days shown."""


def stacked(
    title: str,
    days: Mapping[str, Mapping[str, float]],
    names: Sequence[str],
    shown: Callable[[float], str],
) -> Markup:
    """Draw, for each day, the parts in the order of their names; empty without data."""
    last = sorted(days)[-MOST:]
    if not last:
        return Markup("")
    highest = max(sum(days[d].values()) for d in last) or 1.0
    frame = Frame(WIDTH, HEIGHT, (0.0, float(max(len(last), 7))), (0.0, highest * 1.05))
    parts = frame.grid(shown)
    for place, day in enumerate(last):
        left, right = frame.across(place + 0.15), frame.across(place + 0.85)
        below = 0.0
        for number, name in enumerate(names):
            part = days[day].get(name, 0)
            top, bottom = frame.down(below + part), frame.down(below)
            said = f"{day}, {name}: {shown(part)}"
            size = (right - left, bottom - top)
            parts.append(box((left, top), size, f"c{number % 6}", said))
            below += part
        if len(last) <= 10 or place % 5 == 0:
            parts.append(label((left + right) / 2, HEIGHT - 6, day[5:], "middle"))
    total = {n: sum(days[d].get(n, 0) for d in last) for n in names}
    said = ", ".join(f"{n} {shown(v)}" for n, v in total.items())
    return drawing((WIDTH, HEIGHT), title, f"{len(last)} days: {said}", *parts)
