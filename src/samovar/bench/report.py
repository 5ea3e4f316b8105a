"""What was measured, for people: a table, a file with the facts, a plot."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.bench import curve
from samovar.bench.plot import Point, draw
from samovar.bench.rows import Row
from samovar.bench.stats import mcnemar, mean, wilson

_HEAD = (
    "set", "mode", "model", "harness", "scale", "solved", "95 %", "first try", "false claims",
    "errors", "calls", "prompt (cached)", "generated", "seconds",
)  # fmt: skip


class Line(Struct, frozen=True, kw_only=True):
    """One harness on one set: what it solved, and the means of what a task cost."""

    set: str
    mode: str
    model: str
    harness: str
    scale: float
    off: tuple[str, ...]
    solved: int
    total: int
    low: float
    high: float
    """The Wilson interval; over several seeds it is too narrow, since the tasks are the same."""
    first: int
    """Solved by the first try."""
    false_claims: int
    """Not solved, though the harness said so."""
    errors: int
    """Broken off; counted as not solved."""
    calls: float
    prompt: float
    cached: float
    generated: float
    seconds: float

    @property
    def name(self) -> str:
        """The harness, with what was switched off."""
        return self.harness + "".join(f" -{name}" for name in self.off)


class Pair(Struct, frozen=True, kw_only=True):
    """Two harnesses on the same tasks and seeds."""

    set: str
    mode: str
    one: str
    other: str
    both: int
    only_one: int
    only_other: int
    neither: int
    p: float
    """McNemar's exact test, two-sided."""


class Report(Struct, frozen=True, kw_only=True):
    """Everything that a figure needs to be believed."""

    machines: tuple[str, ...]
    models: tuple[str, ...]
    digests: tuple[str, ...]
    commits: tuple[str, ...]
    lines: tuple[Line, ...]
    pairs: tuple[Pair, ...]
    curves: tuple[curve.Curve, ...]


def report(rows: Sequence[Row]) -> Report:
    """Return the figures of all rows."""
    return Report(
        machines=_distinct(r.machine for r in rows),
        models=_distinct(r.model for r in rows),
        digests=_distinct(r.digest for r in rows),
        commits=_distinct(r.commit for r in rows),
        lines=lines(rows),
        pairs=pairs(rows),
        curves=curve.curves(rows),
    )


def lines(rows: Sequence[Row]) -> tuple[Line, ...]:
    """Return one line for each set, mode, model, harness, scale and ablation."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    return tuple(_line(groups[key]) for key in sorted(groups, key=str))


def pairs(rows: Sequence[Row]) -> tuple[Pair, ...]:
    """Compare every two harnesses on the tasks and seeds that both have done."""
    groups: dict[tuple[str, str], dict[str, dict[tuple[str, int, str], bool]]] = {}
    for row in rows:
        name = f"{_line([row]).name} x{row.scale:g}"
        done = groups.setdefault((row.set, row.mode), {}).setdefault(name, {})
        done[row.task, row.seed, row.weights] = row.solved
    return tuple(
        _pair(where, (one, done[one]), (other, done[other]))
        for where, done in sorted(groups.items())
        for one, other in combinations(sorted(done), 2)
    )


def table(rows: Sequence[Row]) -> str:
    """Return the figures as a Markdown table."""
    body = [_cells(line) for line in lines(rows)]
    shown = [_HEAD, tuple("---" for _ in _HEAD), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in shown)


def compared(found: Sequence[Pair]) -> str:
    """Return the paired comparisons as a Markdown table."""
    head = "| set | mode | one | other | both | only one | only other | neither | p |\n"
    body = [
        f"| {p.set} | {p.mode} | {p.one} | {p.other} | {p.both} | {p.only_one} | {p.only_other} "
        f"| {p.neither} | {p.p:.3f} |\n"
        for p in found
    ]
    return head + "|---" * 9 + "|\n" + "".join(body)


def save(out: Path, rows: Sequence[Row]) -> None:
    """Write the tables, the facts and the plots beside the rows."""
    whole = report(rows)
    parts = (_facts(whole), table(rows), compared(whole.pairs), curve.table(whole.curves))
    out.with_suffix(".md").write_text("\n".join(part for part in parts if part))
    facts = msgspec.json.format(msgspec.json.encode(whole)) + b"\n"
    out.with_suffix(".json").write_bytes(facts)
    for name, mode in sorted({(li.set, li.mode) for li in whole.lines}):
        points = [_point(li) for li in whole.lines if (li.set, li.mode) == (name, mode)]
        title = f"{name}, tests {'visible' if mode == 'vis' else 'hidden'}"
        plain = out.with_name(f"{out.stem}-{name}-{mode}.svg")
        plain.write_text(draw(title, points))
        found = [c for c in whole.curves if (c.set, c.mode) == (name, mode)]
        if found:
            plain.with_stem(f"{plain.stem}-curve").write_text(curve.drawn(title, found))


def _line(rows: Sequence[Row]) -> Line:
    one = rows[0]
    solved = sum(r.solved for r in rows)
    low, high = wilson(solved, len(rows))
    return Line(
        set=one.set,
        mode=one.mode,
        model=one.model.removesuffix(".gguf"),
        harness=one.harness,
        scale=one.scale,
        off=one.off,
        solved=solved,
        total=len(rows),
        low=low,
        high=high,
        first=sum(r.first for r in rows),
        false_claims=sum(r.claimed and not r.solved for r in rows),
        errors=sum(bool(r.error) for r in rows),
        calls=mean([r.calls for r in rows]),
        prompt=mean([r.prompt for r in rows]),
        cached=mean([r.cached for r in rows]),
        generated=mean([r.generated for r in rows]),
        seconds=mean([r.seconds for r in rows]),
    )


def _pair(
    where: tuple[str, str],
    one: tuple[str, dict[tuple[str, int, str], bool]],
    other: tuple[str, dict[tuple[str, int, str], bool]],
) -> Pair:
    shared = one[1].keys() & other[1].keys()
    seen = [(one[1][key], other[1][key]) for key in shared]
    only_one, only_other = seen.count((True, False)), seen.count((False, True))
    return Pair(
        set=where[0],
        mode=where[1],
        one=one[0],
        other=other[0],
        both=seen.count((True, True)),
        only_one=only_one,
        only_other=only_other,
        neither=seen.count((False, False)),
        p=mcnemar(only_one, only_other),
    )


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.set,
        line.mode,
        line.model,
        line.name,
        f"{line.scale:g}",
        f"{line.solved}/{line.total}",
        f"{100 * line.low:.0f} to {100 * line.high:.0f}",
        str(line.first),
        str(line.false_claims),
        str(line.errors),
        f"{line.calls:.1f}",
        f"{line.prompt:.0f} ({line.cached:.0f})",
        f"{line.generated:.0f}",
        f"{line.seconds:.1f}",
    )


def _point(line: Line) -> Point:
    share = line.solved / line.total
    label = f"{line.name} x{line.scale:g}"
    return Point(label, line.prompt - line.cached + line.generated, share, line.low, line.high)


def _facts(whole: Report) -> str:
    rows = (
        f"Machine: {'; '.join(whole.machines) or 'unknown'}.",
        f"Model: {', '.join(whole.models)}; SHA-256 {', '.join(whole.digests) or 'unknown'}.",
        f"Samovar: {', '.join(whole.commits) or 'unknown'}.",
    )
    return "\n".join(rows) + "\n"


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({n for n in names if n}))
