"""A run over time: one lane for each who, bars for work, gaps left open."""

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from samovar.core import event as task
from samovar.core import talk
from samovar.core.text import count
from samovar.web.plots.frame import Frame, box, steps
from samovar.web.plots.svg import drawing, element, label, line
from samovar.web.record import Row
from samovar.web.words import cut, duration

WIDTH, LANE, TOP = 960, 30, 8
GAP = 0.03
"""Share of a run that a pause must take to be shaded."""
Spent = tuple[str, str, float]
"""Who, whether it went well, and the seconds it took; below zero for all the time since before."""


class Bar(Struct, frozen=True):
    """Something that took time."""

    lane: str
    begin: float
    """Seconds since the run began."""
    end: float
    kind: str
    """`model`, `check`, `search`, `wait`, `git` or `tool`; `bad` is added for a failure."""
    said: str
    seq: int


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Return the bars of a log."""
    found: list[Bar] = []
    before = rows[0].at if rows else None
    for row in rows:
        spent = _spent(row)
        if spent is not None and before is not None:
            lane, kind, seconds = spent
            end = (row.at - rows[0].at).total_seconds()
            since = (before - rows[0].at).total_seconds()
            begin = since if seconds < 0 else max(end - seconds, 0.0)
            said = f"{lane}: {duration(end - begin)}"
            found.append(Bar(lane, begin, end, kind, said, row.seq))
        before = row.at
    return found


def _spent(row: Row) -> Spent | None:
    match row.event:
        case task.Surveyed(verdict=verdict):
            return "checks", "check", sum(c.seconds for c in verdict.checks)
        case task.Wrote(candidate=made, seconds=seconds):
            if made.origin == "search":
                return "search", "search", seconds or -1.0
            return "model", "model bad" if made.complaint else "model", seconds or -1.0
        case task.Judged(verdict=verdict, seconds=seconds):
            return "checks", "check" if verdict.passed else "check bad", seconds
        case task.Documented(seconds=seconds):
            return "model", "model", seconds
        case task.Answered():
            return "person", "wait", -1.0
        case task.Done(act=act):
            return "git", "git", 0.0 if act == "undo" else -1.0
        case talk.Replied(seconds=seconds, complaint=complaint):
            return "model", "model bad" if complaint else "model", seconds
        case talk.Used(result=result):
            return cut(result.call.tool, 14), "tool" if result.ok else "tool bad", result.seconds
        case _:
            return None


def timeline(rows: Sequence[Row]) -> Markup:
    """Draw the bars of a log; empty when there are none."""
    found = bars(rows)
    if not found:
        return Markup("")
    names = list(dict.fromkeys(b.lane for b in found))
    total = max((rows[-1].at - rows[0].at).total_seconds(), max(b.end for b in found), 0.1)
    height = TOP + LANE * len(names) + 26
    frame = Frame(WIDTH, height, (0.0, total), (0.0, 1.0), left=92, top=TOP)
    parts: list[Markup] = []
    for value in steps(0.0, total, 6):
        x = frame.across(value)
        parts.append(line([(x, TOP), (x, height - 24)], "grid"))
        parts.append(label(x, height - 8, duration(value) if value else "0", "middle"))
    for begin, end in gaps(found, total):
        said = f"waiting: {duration(end - begin)}"
        size = (frame.across(end) - frame.across(begin), float(LANE * len(names)))
        parts.append(box((frame.across(begin), TOP), size, "gap", said))
    for place, name in enumerate(names):
        y = TOP + place * LANE
        parts.append(label(84, y + 19, name, "end", "label strong"))
        parts.append(line([(92, y + LANE), (WIDTH - 14, y + LANE)], "lane"))
    for bar in found:
        y = TOP + names.index(bar.lane) * LANE + 7
        size = (max(frame.across(bar.end) - frame.across(bar.begin), 3.0), 17.0)
        shape = box((frame.across(bar.begin), y), size, f"bar {bar.kind}", bar.said)
        parts.append(element("a", {"href": f"#e{bar.seq}", "aria-label": bar.said}, shape))
    busy = _shares(found, total)
    return drawing((WIDTH, height), "Timeline", busy, *parts)


def gaps(found: Sequence[Bar], total: float) -> list[tuple[float, float]]:
    """Return the times in which nobody did anything, when they are long enough to be seen."""
    free: list[tuple[float, float]] = []
    until = 0.0
    for bar in sorted(found, key=lambda b: b.begin):
        if bar.begin - until > total * GAP:
            free.append((until, bar.begin))
        until = max(until, bar.end)
    return [*free, (until, total)] if total - until > total * GAP else free


def summary(rows: Sequence[Row]) -> str:
    """Return the timeline in one sentence."""
    found = bars(rows)
    total = max((rows[-1].at - rows[0].at).total_seconds(), 0.1) if rows else 0.1
    return _shares(found, total)


def _shares(found: Sequence[Bar], total: float) -> str:
    spent: dict[str, float] = {}
    for bar in found:
        spent[bar.lane] = spent.get(bar.lane, 0.0) + bar.end - bar.begin
    said = ", ".join(f"{lane} {duration(s)}" for lane, s in spent.items())
    return f"{duration(total)} in all, {count(len(found), 'act')}: {said}"
