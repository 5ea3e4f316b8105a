"""Measure tool calling: `python -m samovar.bench.toolcalls --way action --way server`."""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from msgspec import Struct

from samovar import boot
from samovar.bench import machine, toolcalls_report
from samovar.bench.model import model
from samovar.bench.toolcalls_ask import Answer, by_dialect, by_server
from samovar.bench.toolcalls_cases import Case, grade, load
from samovar.bench.toolcalls_report import Facts, Row
from samovar.core.errors import UNREADABLE, SamovarError
from samovar.models.dialects.choose import NAMES, dialect
from samovar.models.dialects.offered import Outline
from samovar.models.interview import Interview

_CASES = Path("bench/toolcalls")
_OUT = Path("bench/results/toolcalls.jsonl")


class Options(Struct, frozen=True, kw_only=True):
    """What a person asks for."""

    url: str = ""
    """Of a running server; empty takes the model that `samovar do` would take."""
    model: str = ""
    ways: tuple[str, ...]
    cases: Path = _CASES
    out: Path = _OUT
    half: str = ""
    """`dev` or `held-out`; empty takes both."""
    kind: str = ""
    """`single` or `multi`; empty takes both."""
    limit: int = 0


async def run(options: Options) -> int:
    """Measure what is missing in `out`, then write the tables beside it; return the exit code."""
    cases, tools = load(options.cases)
    wanted = [case for case in _grouped(cases) if _wanted(case, options)]
    wanted = wanted[: options.limit or None]
    rows = toolcalls_report.read(options.out)
    async with AsyncExitStack() as stack:
        choice = await model(options.model, options.url, stack)
        interview = Interview(choice.endpoint)
        for way, case, number in _missing(options.ways, wanted, rows):
            offered = case.offered(tools)
            answer = await answered(interview, way, case, offered, number)
            row = _row(way, case, number, answer, offered)
            toolcalls_report.append(options.out, row)
            rows.append(row)
            right = f"{row.strict.right:d}{row.rescued.right:d}"
            sys.stderr.write(f"{way} {case.id}/{number} {right}\n")
        facts = Facts(
            model=boot.shown(choice.endpoint.model),
            digest=await machine.digest(choice),
            commit=machine.commit(),
            machine=machine.machine(),
        )
    sys.stdout.write(toolcalls_report.save(options.out, rows, facts))
    return 0


def _missing(
    ways: Sequence[str], cases: Sequence[Case], rows: Sequence[Row]
) -> list[tuple[str, Case, int]]:
    """Return what is to be asked: the way, the case, the number of its step."""
    known = {(row.way, row.case, row.step) for row in rows}
    every = ((w, case, number) for w in ways for case in cases for number in range(len(case.asked)))
    return [(w, case, number) for w, case, number in every if (w, case.id, number) not in known]


async def answered(
    interview: Interview, way: str, case: Case, tools: Sequence[Outline], done: int
) -> Answer:
    """Put the next step to the model. Raises SetupError for a way there is not."""
    if way == "server":
        return await by_server(interview, case, tools, done)
    return await by_dialect(interview, dialect(way), case, tools, done)


def _row(way: str, case: Case, number: int, answer: Answer, tools: Sequence[Outline]) -> Row:
    step = case.asked[number]
    return Row(
        way=way,
        commit=machine.commit(),
        case=case.id,
        step=number,
        steps=len(case.asked),
        half=case.half,
        text=answer.text,
        calls=answer.said.calls,
        strict=grade(answer.said, step, tools),
        rescued=grade(answer.rescued, step, tools),
        prompt=answer.prompt,
        generated=answer.generated,
    )


def _grouped(cases: Iterable[Case]) -> list[Case]:
    """Return cases with the same tools side by side: a server then reads the offer once."""
    return sorted(cases, key=lambda case: (case.tools, len(case.steps)))


def _wanted(case: Case, options: Options) -> bool:
    kind = "multi" if case.steps else "single"
    return options.half in ("", case.half) and options.kind in ("", kind)


def options_of(words: Sequence[str]) -> Options:
    """Return the options a command line says."""
    parser = argparse.ArgumentParser(prog="samovar.bench.toolcalls", description=__doc__)
    parser.add_argument("--url", default="", help="a running server")
    parser.add_argument("--model", default="")
    parser.add_argument("--way", action="append", dest="ways", choices=("server", *NAMES))
    parser.add_argument("--cases", type=Path, default=_CASES)
    parser.add_argument("--out", type=Path, default=_OUT)
    parser.add_argument("--half", choices=("dev", "held-out"), default="")
    parser.add_argument("--kind", choices=("single", "multi"), default="")
    parser.add_argument("--limit", type=int, default=0)
    said = parser.parse_args(words)
    return Options(
        url=said.url,
        model=said.model,
        ways=tuple(said.ways or ("server", "action")),
        cases=said.cases,
        out=said.out,
        half=said.half,
        kind=said.kind,
        limit=said.limit,
    )


def main(words: Sequence[str]) -> int:
    """Run the bench; what a person can mend is one line and its exit code."""
    try:
        return asyncio.run(run(options_of(words)))
    except (SamovarError, *UNREADABLE) as error:
        sys.stderr.write(f"{error}\n")
        return getattr(error, "exit_code", 1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
