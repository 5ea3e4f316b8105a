"""Rows of the tool-call bench, and the tables made of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.bench.machine import Machine
from samovar.bench.stats import mean, wilson
from samovar.bench.toolcalls_cases import Grade
from samovar.core.errors import SetupError
from samovar.core.tool import Call

_RESCUE = " + rescue"
_HEAD = "| way | n | right tool | valid arguments | right arguments (95 %) | generated |"
_RULE = "|---|---|---|---|---|---|"


class Row(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of one case, asked in one way."""

    way: str
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
    except msgspec.MsgspecError as error:
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
            lines = [_line(way, found, _written(chosen, way)) for way, found in _ways(chosen)]
            if lines:
                parts.append("\n".join([f"## {title}, {half}", "", _HEAD, _RULE, *lines, ""]))
    return "\n".join(parts)


def shares(rows: Sequence[Row]) -> dict[str, dict[str, tuple[int, int]]]:
    """Return, by half and kind and way, how many had right arguments, of how many."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for half in ("dev", "held-out"):
        for title, chosen in _kinds([row for row in rows if row.half == half]):
            counted = {w: (sum(g.right for g in gs), len(gs)) for w, gs in _ways(chosen)}
            found |= {f"{title}, {half}": counted} if counted else {}
    return found


def _kinds(rows: Sequence[Row]) -> Iterable[tuple[str, list[Row]]]:
    yield "Single step", [row for row in rows if row.steps == 1]
    yield "Steps of several", [row for row in rows if row.steps > 1]


def _ways(rows: Sequence[Row]) -> Iterable[tuple[str, list[Grade]]]:
    for way in dict.fromkeys(row.way for row in rows):
        yield way, [row.strict for row in rows if row.way == way]
        yield f"{way}{_RESCUE}", [row.rescued for row in rows if row.way == way]


def _line(way: str, grades: Sequence[Grade], written: float) -> str:
    total, right = len(grades), sum(g.right for g in grades)
    low, high = wilson(right, total)
    tool, valid = (sum(getattr(g, f) for g in grades) / total for f in ("tool", "valid"))
    shown = f"{right / total:.0%} ({low:.0%} to {high:.0%})"
    return f"| {way} | {total} | {tool:.0%} | {valid:.0%} | {shown} | {written:.0f} |"


def _written(rows: Sequence[Row], way: str) -> float:
    return mean([row.generated for row in rows if row.way == way.removesuffix(_RESCUE)])
