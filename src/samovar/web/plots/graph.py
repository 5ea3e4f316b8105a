"""Who may read whose outbox: layers from the sources of information down to the last readers."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from samovar.web.plots.svg import drawing, element
from samovar.web.words import count, cut

WIDTH, ROW, BOX = 960, 84, (132, 34)
PER_ROW = 6
MOST = 60
"""Agents that are drawn; the table has them all."""


def layers(reads: Mapping[str, Sequence[str]]) -> list[list[str]]:
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


def permissions(reads: Mapping[str, Sequence[str]], marked: Sequence[str]) -> Markup:
    """Draw an arrow from each agent to everyone who may read it; marked ones stand out."""
    names = sorted(reads)[:MOST]
    known = {n: [r for r in reads[n] if r in names] for n in names}
    if not known:
        return Markup("")
    rows = [
        layer[i : i + PER_ROW] for layer in layers(known) for i in range(0, len(layer), PER_ROW)
    ]
    place = {
        name: ((column + 0.5) * WIDTH / len(row), 28.0 + number * ROW)
        for number, row in enumerate(rows)
        for column, name in enumerate(row)
    }
    tip = element("path", {"d": "M0,0 L8,4 L0,8 z", "class": "tip"})
    size: dict[str, str | int | float] = {
        "id": "tip",
        "viewBox": "0 0 8 8",
        "refX": 7,
        "refY": 4,
        "markerWidth": 7,
        "markerHeight": 7,
        "orient": "auto",
    }
    arrows = [_arrow(place[r], place[n]) for n in names for r in known[n] if r != n]
    boxes = [_agent(n, place[n], n in marked) for n in names]
    edges = sum(len(r) for r in known.values())
    said = f"{count(len(names), 'agent')}, {count(edges, 'permission')} to read"
    height = 28 + ROW * (len(rows) - 1) + 40
    defs = element("defs", {}, element("marker", size, tip))
    return drawing((WIDTH, height), "Who may read whose outbox", said, defs, *arrows, *boxes)


def _arrow(begin: tuple[float, float], end: tuple[float, float]) -> Markup:
    (x1, y1), (x2, y2) = begin, end
    half = BOX[1] / 2
    if abs(y1 - y2) < 1:
        # Within a row the arrow bows, so that it does not run through its neighbours.
        path = (
            f"M{x1:.0f},{y1 + half:.0f} Q{(x1 + x2) / 2:.0f},{y1 + 46:.0f} {x2:.0f},{y2 + half:.0f}"
        )
    else:
        sign = 1 if y2 > y1 else -1
        a, b = y1 + sign * half, y2 - sign * (half + 2)
        middle = (a + b) / 2
        path = f"M{x1:.0f},{a:.0f} C{x1:.0f},{middle:.0f} {x2:.0f},{middle:.0f} {x2:.0f},{b:.0f}"
    return element("path", {"d": path, "class": "edge", "marker-end": "url(#tip)"})


def _agent(name: str, place: tuple[float, float], marked: bool) -> Markup:
    x, y = place
    shape: dict[str, str | int | float] = {
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
    link: dict[str, str | int | float] = {"href": f"/agents/{name}", "class": kind}
    return element("a", link, title, element("rect", shape), text)
