"""What each agent did in the latest ticks: a row for each agent, a cell for each tick."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from samovar.core.text import count
from samovar.web.plots.frame import box
from samovar.web.plots.svg import drawing, element, label
from samovar.web.words import cut

CELL, LEFT, TOP = 14, 120, 6
TICKS, AGENTS = 60, 40
"""Cells of a row, and rows, at most."""
MARKS = {"ran": "", "at work": "", "failed": "\N{MULTIPLICATION X}", "rested": "\N{MIDDLE DOT}"}
"""A sign in the cell, for those who do not see its colour."""

Turns = Mapping[str, Mapping[int, str]]
"""By agent and tick: `ran`, `at work`, `failed`, or `rested` for a turn that chose nothing."""


def strip(turns: Turns, now: int) -> Markup:
    """Draw the cells of the ticks up to `now`; empty without a tick."""
    names = sorted(turns)[:AGENTS]
    if now < 1 or not names:
        return Markup("")
    first = max(now - TICKS + 1, 1)
    width = LEFT + CELL * (now - first + 1) + 8
    height = TOP + CELL * len(names) + 22
    parts: list[Markup] = []
    for row, name in enumerate(names):
        y = TOP + row * CELL
        parts.append(label(LEFT - 6, y + 11, cut(name, 16), "end", "label strong"))
        parts += [_cell(name, turns[name], t, (t - first, y)) for t in range(first, now + 1)]
    parts += [
        label(LEFT + (t - first) * CELL + CELL / 2, height - 6, str(t), "middle")
        for t in range(first, now + 1)
        if t % 10 == 0
    ]
    return drawing((width, height), "Ticks", summary(turns, now), *parts, kind="plot own")


def _cell(name: str, turns: Mapping[int, str], tick: int, place: tuple[int, float]) -> Markup:
    word = turns.get(tick, "idle")
    x, y = LEFT + place[0] * CELL, place[1]
    kind = word.replace(" ", "-")
    shape = box((x, y), (CELL - 2, CELL - 2), f"cell {kind}", f"{name}, tick {tick}: {word}")
    sign = MARKS.get(word, "")
    mark = label(x + CELL / 2 - 1, y + 10, sign, "middle", "sign") if sign else Markup("")
    return element("g", {}, shape, mark)


def summary(turns: Turns, now: int) -> str:
    """Return the strip in one sentence."""
    first = max(now - TICKS + 1, 1)
    cells = [w for t in turns.values() for n, w in t.items() if first <= n <= now]
    failed = sorted(
        n for n, t in turns.items() if "failed" in [t.get(k) for k in range(first, now + 1)]
    )
    said = f"ticks {first} to {now}: {count(len(cells) - cells.count('failed'), 'turn')} taken"
    said = f"{said}, {cells.count('failed')} failed" + (f" ({', '.join(failed)})" if failed else "")
    drawn = f"; drawn are the first {AGENTS} of {len(turns)} agents" if len(turns) > AGENTS else ""
    return said + drawn


def rows(turns: Turns, now: int) -> Sequence[tuple[str, int, int, int, str]]:
    """Return by agent how often it ran, rested and failed, and what it did last."""
    first = max(now - TICKS + 1, 1)
    found = []
    for name in sorted(turns):
        cells = {t: w for t, w in turns[name].items() if first <= t <= now}
        words = list(cells.values())
        ran = words.count("ran") + words.count("at work")
        last = f"tick {max(cells)}: {cells[max(cells)]}" if cells else "idle"
        found.append((name, ran, words.count("rested"), words.count("failed"), last))
    return found
