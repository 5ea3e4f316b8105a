"""Who may read whose outbox.

Agents stand in layers, sources of information above their readers. A team that reads each other in
circles, as most do, stands in a ring; a line with two tips is a permission in both directions.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from samovar.core.text import count
from samovar.web.plots.svg import Value, drawing, element
from samovar.web.words import cut

WIDTH, ROW, BOX = 960, 84, (132, 34)
PER_ROW = 6
MOST = 60
"""Agents that are drawn; the table has them all."""

Reads = Mapping[str, Sequence[str]]
Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Where everybody stands."""

    places: Mapping[str, Point]
    height: int
    centre: Point | None = None
    """Of a ring; None for layers."""


def layers(reads: Reads) -> list[list[str]]:
    """Return the agents in layers: whoever reads nobody first; a circle stays in one layer."""
    left = dict.fromkeys(sorted(reads))
    found: list[list[str]] = []
    while left:
        free = [n for n in left if not any(r in left and r != n for r in reads[n])]
        layer = free or list(left)
        found.append(layer)
        for name in layer:
            del left[name]
    return found


def permissions(reads: Reads, marked: Sequence[str]) -> Markup:
    """Draw an arrow from each agent to everyone who may read it; marked ones stand out."""
    names = sorted(reads)[:MOST]
    known = {n: [r for r in reads[n] if r in names and r != n] for n in names}
    if not known:
        return Markup("")
    layout = _ring(known) if _circular(known) else _layered(known)
    pairs = sorted({(r, n) for n in names for r in known[n]})
    lines = [
        _line(layout, (a, b), marked, both=(b, a) in pairs)
        for a, b in pairs
        if not _told(a, b, pairs)
    ]
    boxes = [_agent(n, layout.places[n], n in marked) for n in names]
    said = f"{count(len(names), 'agent')}, {count(len(pairs), 'permission')} to read"
    title = "Who may read whose outbox"
    return drawing((WIDTH, layout.height), title, said, _tips(), *lines, *boxes)


def _told(a: str, b: str, pairs: Sequence[tuple[str, str]]) -> bool:
    """Say whether the line the other way round stands for this one, too."""
    return a > b and (b, a) in pairs


def _circular(reads: Reads) -> bool:
    return any(n in reads[r] for n in reads for r in reads[n])


def _layered(reads: Reads) -> Layout:
    rows = [r[i : i + PER_ROW] for r in layers(reads) for i in range(0, len(r), PER_ROW)]
    places = {
        name: ((column + 0.5) * WIDTH / len(row), 28.0 + number * ROW)
        for number, row in enumerate(rows)
        for column, name in enumerate(row)
    }
    return Layout(places, 28 + ROW * (len(rows) - 1) + 40)


def _ring(reads: Reads) -> Layout:
    """Stand the busiest opposite each other, so that most lines cross the open middle."""
    weight = {n: len(reads[n]) + sum(n in reads[r] for r in reads) for n in reads}
    order = sorted(reads, key=lambda n: (-weight[n], n))
    half = math.ceil(len(order) / 2)
    turned = [n for pair in zip(order[:half], [*order[half:], ""], strict=False) for n in pair if n]
    down = max(120.0, 16.0 * len(order))
    centre = (WIDTH / 2, down + 26)
    places: dict[str, Point] = {}
    for number, name in enumerate(turned):
        angle = 2 * math.pi * number / len(turned) - math.pi / 2
        across = (WIDTH - BOX[0]) / 2 - 8
        places[name] = (centre[0] + across * math.cos(angle), centre[1] + down * math.sin(angle))
    return Layout(places, int(2 * down + 52), centre)


def _line(layout: Layout, pair: tuple[str, str], marked: Sequence[str], *, both: bool) -> Markup:
    a, b = pair
    begin, end = layout.places[a], layout.places[b]
    bend = layout.centre or (begin[0], (begin[1] + end[1]) / 2)
    pull = 0.35 if layout.centre else 0.6
    x, y = ((p + q) / 2 * (1 - pull) + c * pull for p, q, c in zip(begin, end, bend, strict=True))
    x1, y1 = _edge(begin, (x, y))
    x2, y2 = _edge(end, (x, y))
    path = f"M{x1:.0f},{y1:.0f} Q{x:.0f},{y:.0f} {x2:.0f},{y2:.0f}"
    # What the rule of two forbids flows into the marked agent.
    kind = "edge marked" if b in marked or (both and a in marked) else "edge"
    shape: dict[str, Value] = {"d": path, "class": kind, "marker-end": "url(#tip)"}
    if both:
        shape["marker-start"] = "url(#tip)"
    arrow = "and" if both else "to"
    return element("path", shape, element("title", {}, f"{a} {arrow} {b}"))


def _edge(place: Point, toward: Point) -> Point:
    """Return where a line from the middle of a box leaves it."""
    dx, dy = toward[0] - place[0], toward[1] - place[1]
    if not dx and not dy:
        return place
    across = (BOX[0] / 2 + 3) / abs(dx) if dx else math.inf
    down = (BOX[1] / 2 + 3) / abs(dy) if dy else math.inf
    reach = min(across, down)
    return place[0] + dx * reach, place[1] + dy * reach


def _tips() -> Markup:
    size: dict[str, Value] = {
        "id": "tip",
        "viewBox": "0 0 8 8",
        "refX": 7,
        "refY": 4,
        "markerWidth": 7,
        "markerHeight": 7,
        "orient": "auto-start-reverse",
    }
    tip = element("path", {"d": "M0,0 L8,4 L0,8 z", "class": "tip"})
    return element("defs", {}, element("marker", size, tip))


def _agent(name: str, place: Point, marked: bool) -> Markup:
    x, y = place
    shape: dict[str, Value] = {
        "x": x - BOX[0] / 2,
        "y": y - BOX[1] / 2,
        "width": BOX[0],
        "height": BOX[1],
        "rx": 5,
    }
    text = element("text", {"x": x, "y": y + 4, "text-anchor": "middle"}, cut(name, 18))
    kind = "node marked" if marked else "node"
    warned = " (dangerous permissions)" if marked else ""
    title = element("title", {}, f"{name}{warned}")
    link: dict[str, Value] = {"href": f"/agents/{name}", "class": kind}
    return element("a", link, title, element("rect", shape), text)
