"""Looking at tables of any size without loading them, in the sandbox."""

import importlib.util
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from samovar.core.errors import UNREADABLE, ToolError
from samovar.core.seams import Command, Ran, Sandbox
from samovar.core.text import shorten, visible
from samovar.core.tool import Tool, tool
from samovar.tools.interpreter import Interpreter
from samovar.tools.workspace import Workspace

MEMORY = 400 << 20
"""Bytes the program inside may take; with what it spills it stays below 500 MB."""
SECONDS = 300.0
READING = 120.0
"""Seconds after which a sheet of Excel is told from the rows read so far."""
_SHARE = 260
"""Megabytes of them for duckdb's own buffers."""
_SPILL = 75
"""Megabytes duckdb may put into /tmp, which is memory, too."""
ENDS = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".jsonl", ".ndjson", ".json", ".xlsx", ".xlsm")
_PACKED = (".gz", ".zst")
_EXCEL = (".xlsx", ".xlsm")
_LESS = "ask with a query for less"
_HEAD = ("column", "type", "missing", "distinct (about)", "min", "max", "mean", "sum")


class Facts(Struct, frozen=True):
    """What is known of a column."""

    missing: int = 0
    distinct: int | None = None
    min: str = ""
    max: str = ""
    mean: str = ""
    sum: str = ""


class Answer(Struct, frozen=True):
    """What the program inside says."""

    error: str = ""
    note: str = ""
    columns: int = 0
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    sample: tuple[tuple[str, ...], ...] = ()
    rows: int | tuple[tuple[str, ...], ...] = 0
    facts: tuple[Facts, ...] = ()
    more: bool = False


def installed() -> bool:
    """Whether duckdb is there (the extra `data`)."""
    return importlib.util.find_spec("duckdb") is not None


def data_view(place: Workspace, sandbox: Sandbox, interpreter: Interpreter) -> Tool:
    """Return the tool that looks at tables; the interpreter must have duckdb and openpyxl."""

    async def data_view(
        path: Annotated[str, Meta(description="a file: csv, tsv, parquet, jsonl, json, xlsx")],
        query: Annotated[
            str, Meta(description="SQL over the table 'data'; for xlsx the name of a sheet")
        ] = "",
    ) -> str:
        """Show shape, columns, types, sample and statistics of a table, or what a query finds."""
        found = place.regular(path)
        asked = {
            "path": f"./{found}",
            "end": _end(found),
            "query": query.strip().rstrip(";"),
            "megabytes": _SHARE,
            "spill": _SPILL,
            "seconds": READING,
        }
        command = Command(
            argv=interpreter.argv("table"),
            workspace=place.root,
            seconds=SECONDS,
            memory=MEMORY,
            readable=interpreter.shown,
            stdin=msgspec.json.encode(asked),
        )
        # A query asks for another sheet there, not for less.
        less = "save the sheet as csv, then query that" if _end(found) in _EXCEL else _LESS
        answer = _answer(await sandbox.run(command), found, less)
        queried = query and answer.names and not answer.facts
        text = _queried(answer) if queried else _viewed(answer, less)
        return shorten(visible(f"{found}: {text}"), less, 6000)

    example = {"path": "sales.csv", "query": "SELECT year, sum(total) FROM data GROUP BY year"}
    return tool(data_view, "read", example)


def _end(path: str) -> str:
    """Return the end of a name that tells its format. Raises ToolError for others."""
    ends = [e.lower() for e in PurePosixPath(path).suffixes[-2:]]
    bare = [e for e in ends if e not in _PACKED]
    if not bare or bare[-1] not in ENDS:
        raise ToolError(f"data_view reads {', '.join(ENDS)}: use read_file or python for {path}")
    return bare[-1]


def _answer(ran: Ran, path: str, less: str) -> Answer:
    if ran.stopped == "time":
        raise ToolError(f"{path}: not done after {SECONDS:.0f} s: {less}")
    if ran.stopped:
        raise ToolError(f"{path} needs more {ran.stopped} than allowed: {less}")
    try:
        answer = msgspec.json.decode(ran.output.strip().split("\n")[-1], type=Answer)
    except UNREADABLE as error:
        last = visible(ran.output.strip().split("\n")[-1][:300]) or f"exit {ran.exit}"
        raise ToolError(f"{path} cannot be read: {last}") from error
    if answer.error:
        more = f"; {less}" if "memory" in answer.error.casefold() else ""
        raise ToolError(f"{path}: {visible(answer.error)}{more}")
    return answer


def _queried(answer: Answer) -> str:
    rows = answer.rows if isinstance(answer.rows, tuple) else ()
    more = "\n[... more rows: add a LIMIT, a WHERE or a GROUP BY]" if answer.more else ""
    note = f"; {answer.note}" if answer.note else ""
    return f"{len(rows)} rows{note}\n{_table([answer.names, *rows])}{more}"


def _viewed(answer: Answer, less: str) -> str:
    count = answer.rows if isinstance(answer.rows, int) else 0
    least = "at least " if answer.more else ""
    note = f"; {answer.note}" if answer.note else ""
    head = f"{least}{count:,} rows, {answer.columns} columns{note}"
    rows: list[Sequence[str]] = [_HEAD]
    for name, kind, fact in zip(answer.names, answer.types, answer.facts, strict=False):
        distinct = "" if fact.distinct is None else str(fact.distinct)
        missing = str(fact.missing)
        known = (missing, distinct, fact.min, fact.max, fact.mean, fact.sum)
        rows.append((name[:40], kind[:30], *known))
    left = answer.columns - len(answer.names)
    more = f"\n[... {left} more columns: {less}]" if left > 0 else ""
    sample = _table([answer.names, *answer.sample])
    return f"{head}\n{_table(rows)}{more}\n\nfirst rows:\n{sample}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    cells = [[c.replace("\n", " ").replace("\r", " ") for c in row] for row in rows]
    return "\n".join(" | ".join(row) for row in cells)
