"""Solved tasks over generated tokens: what a smaller or a larger budget brings.

A task counts for a budget when some run of it was solved within that many calls and tokens. So a
run at eight times the budget tells of the smaller ones, too, and who is solved at the budget need
not be run at a larger one.
"""

from collections.abc import Sequence

from msgspec import Struct

from samovar.bench.budget import GENERATED, budget
from samovar.bench.plot import Track, tracks
from samovar.bench.rows import Row

STEPS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Shares and multiples of the budget."""
_STEPS_SHOWN = ("1/8", "1/4", "1/2", "1", "2", "4", "8")
Tries = dict[tuple[str, int], list[Row]]
"""The runs of each task and seed, at whatever budget."""


class Curve(Struct, frozen=True, kw_only=True):
    """One harness on one set."""

    set: str
    mode: str
    model: str
    harness: str
    total: int
    solved: tuple[int, ...]
    """Solved tasks by step of `STEPS`."""
    open: tuple[int, ...]
    """By step: tasks not solved, and not run with so large a budget."""
    largest: float
    """The largest budget that was given, as a multiple of the budget."""
    tokens: tuple[int, ...]
    """Generated tokens with which each solved task was solved, the fewest first."""


def curves(rows: Sequence[Row]) -> tuple[Curve, ...]:
    """Return one curve for each set, mode, model and harness, nothing of it switched off."""
    groups: dict[tuple[str, ...], Tries] = {}
    for row in rows:
        if row.off:
            continue
        where = (row.set, row.mode, row.weights, row.harness)
        groups.setdefault(where, {}).setdefault((row.task, row.seed), []).append(row)
    return tuple(_curve(groups[where]) for where in sorted(groups))


def table(found: Sequence[Curve]) -> str:
    """Return the curves as a Markdown table: solved tasks by multiple of the budget."""
    if not found:
        return ""
    head = ("set", "mode", "harness", "tasks", *(f"x {step}" for step in _STEPS_SHOWN))
    body = [(c.set, c.mode, c.harness, str(c.total), *_cells(c)) for c in found]
    shown = [head, tuple("---" for _ in head), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in shown)


def drawn(title: str, found: Sequence[Curve]) -> str:
    """Return the curves as SVG."""
    many = [Track(c.harness, c.tokens, c.total, _reach(c)) for c in found]
    return tracks(title, many)


def _curve(tries: Tries) -> Curve:
    one = next(iter(tries.values()))[0]
    solved = [[r.generated for r in runs if r.solved] for runs in tries.values()]
    return Curve(
        set=one.set,
        mode=one.mode,
        model=one.model,
        harness=one.harness,
        total=len(tries),
        solved=tuple(sum(_within(runs, step) for runs in tries.values()) for step in STEPS),
        open=tuple(sum(_unknown(runs, step) for runs in tries.values()) for step in STEPS),
        largest=max(row.scale for runs in tries.values() for row in runs),
        tokens=tuple(sorted(min(tokens) for tokens in solved if tokens)),
    )


def _within(runs: Sequence[Row], step: float) -> bool:
    """Whether a run was solved with so much of the budget."""
    most = budget(step)
    return any(r.solved and r.generated <= most.generated and r.calls <= most.calls for r in runs)


def _unknown(runs: Sequence[Row], step: float) -> bool:
    """Whether a task might be solved with so much, and nobody tried."""
    return not any(r.solved or r.scale >= step for r in runs)


def _cells(curve: Curve) -> list[str]:
    return [
        f"at least {solved}" if unknown else str(solved)
        for solved, unknown in zip(curve.solved, curve.open, strict=True)
    ]


def _reach(curve: Curve) -> int:
    """Return the tokens up to which a curve is drawn."""
    return int(curve.largest * GENERATED)
