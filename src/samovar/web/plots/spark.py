"""A few numbers as one small line."""

from collections.abc import Sequence

from markupsafe import Markup

from samovar.web.plots.svg import drawing, line
from samovar.web.words import duration

WIDTH, HEIGHT = 160, 28


def latency(seconds: Sequence[float], model: str) -> Markup:
    """Draw how long the latest calls of a model took; empty for fewer than two."""
    if len(seconds) < 2:
        return Markup("")
    highest = max(seconds) or 1.0
    step = (WIDTH - 4) / (len(seconds) - 1)
    points = [
        (2 + n * step, HEIGHT - 3 - s / highest * (HEIGHT - 6)) for n, s in enumerate(seconds)
    ]
    said = (
        f"{len(seconds)} calls, the last {duration(seconds[-1])}, the longest {duration(highest)}"
    )
    drawn = line(points, "course c0")
    return drawing((WIDTH, HEIGHT), f"Seconds of {model}", said, drawn, kind="spark")
