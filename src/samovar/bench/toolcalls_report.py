"""Rows of the tool-call bench, and the tables made of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.bench.machine import Machine
from samovar.bench.stats import mean, wilson
from samovar.bench.toolcalls_cases import Grade
from samovar.core.errors import UNREADABLE, SetupError
from samovar.core.tool import Call

_RESCUE = " + rescue"
_COLUMNS = ("way", "steps", "right tool", "valid arguments", "right arguments (95 %)")
_HEAD = f"| {' | '.join((*_COLUMNS, 'whole tasks', 'generated'))} |"
_RULE = "|---" * (len(_COLUMNS) + 2) + "|"


class Row(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of one case, asked in one way."""

    way: str
    commit: str = ""
    case: str
    step: int
    steps: int
    half: str
    text: str
    calls: tuple[Call, ...] = ()
    strict: Grade
    rescued: Grade
    prompt: int = 0
    generated: int = 0


class Facts(Struct, frozen=True):
    """What belongs to a figure."""

    model: str
    digest: str
    commit: str
    machine: Machine


def read(path: Path) -> list[Row]:
    """Return the rows measured so far. Raises SetupError when the file holds something else."""
    if not path.exists():
        return []
    try:
        return list(msgspec.json.Decoder(Row).decode_lines(path.read_bytes()))
    except UNREADABLE as error:
        raise SetupError(f"{path} holds other rows ({error}): name another --out") from error


def append(path: Path, row: Row) -> None:
    """Add a row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as handle:
        handle.write(msgspec.json.encode(row) + b"\n")


def save(path: Path, rows: Sequence[Row], facts: Facts) -> str:
    """Write the tables and the facts beside the rows; return the tables."""
    text = tables(rows)
    where = f"{facts.model} ({facts.digest[:12] or 'digest unknown'}), commit {facts.commit}"
    path.with_suffix(".md").write_text(f"# Tool calls\n\n{where}; {facts.machine}\n\n{text}")
    whole = msgspec.json.format(msgspec.json.encode({"facts": facts, "shares": shares(rows)}))
    path.with_suffix(".json").write_bytes(whole + b"\n")
    return text


def tables(rows: Sequence[Row]) -> str:
    """Return a table for each half and kind of case."""
    parts = []
    for half in ("dev", "held-out"):
        for title, chosen in _kinds([row for row in rows if row.half == half]):
            lines = [_line(way, found) for way, found in _ways(chosen)]
            if lines:
                parts.append("\n".join([f"## {title}, {half}", "", _HEAD, _RULE, *lines, ""]))
    return "\n".join(parts)


def shares(rows: Sequence[Row]) -> dict[str, dict[str, tuple[int, int]]]:
    """Return, by half and kind and way, how many had right arguments, of how many."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for half in ("dev", "held-out"):
        for title, chosen in _kinds([row for row in rows if row.half == half]):
            counted = {w: (sum(_grade(w, r).right for r in rs), len(rs)) for w, rs in _ways(chosen)}
            found |= {f"{title}, {half}": counted} if counted else {}
    return found


def _kinds(rows: Sequence[Row]) -> Iterable[tuple[str, list[Row]]]:
    yield "Single step", [row for row in rows if row.steps == 1]
    yield "Steps of several", [row for row in rows if row.steps > 1]


def _ways(rows: Sequence[Row]) -> Iterable[tuple[str, list[Row]]]:
    for way in dict.fromkeys(row.way for row in rows):
        some = [row for row in rows if row.way == way]
        yield from ((way, some), (f"{way}{_RESCUE}", some))


def _grade(way: str, row: Row) -> Grade:
    return row.rescued if way.endswith(_RESCUE) else row.strict


def _line(way: str, rows: Sequence[Row]) -> str:
    grades = [_grade(way, row) for row in rows]
    total, right = len(grades), sum(g.right for g in grades)
    low, high = wilson(right, total)
    tool, valid = (sum(getattr(g, f) for g in grades) / total for f in ("tool", "valid"))
    shown = f"{right / total:.0%} ({low:.0%} to {high:.0%})"
    whole = "{}/{}".format(*_whole(way, rows))
    written = mean([row.generated for row in rows])
    return f"| {way} | {total} | {tool:.0%} | {valid:.0%} | {shown} | {whole} | {written:.0f} |"


def _whole(way: str, rows: Sequence[Row]) -> tuple[int, int]:
    """Return in how many tasks each step is right, of those of which each was asked."""
    tasks = [[r for r in rows if r.case == case] for case in dict.fromkeys(r.case for r in rows)]
    asked = [steps for steps in tasks if len(steps) == steps[0].steps]
    return sum(all(_grade(way, r).right for r in steps) for steps in asked), len(asked)
