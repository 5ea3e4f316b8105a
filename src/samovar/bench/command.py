"""The bench as one command."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.bench import harness, machine, report, rows, sets
from samovar.bench.model import model
from samovar.bench.run import SECOND, Bench, Setting
from samovar.bench.sets import Mode
from samovar.core.errors import SamovarError, SetupError
from samovar.core.task import MECHANISMS
from samovar.sandboxes.find import find_sandbox

OUT = Path("bench/results/rows.jsonl")
ABLATED = (*MECHANISMS, SECOND)
"""What `--ablate` takes."""


class Options(Struct, frozen=True, kw_only=True):
    """What a person asks the bench for."""

    set: str = "exercism"
    sets: Path | None = None
    """Folder or archive of the task sets; None looks in SAMOVAR_BENCH_SETS and bench/sets."""
    harnesses: tuple[str, ...] = ()
    """None means samovar, or the programs of others alone."""
    peers: tuple[str, ...] = ()
    """Programs of others, each as NAME=LINE; measured beside the harnesses."""
    mode: Mode = "vis"
    limit: int = 0
    """At most this many tasks; 0 takes all."""
    half: int | None = None
    """0 or 1 takes every second task."""
    only: tuple[str, ...] = ()
    """Names of tasks; empty takes all."""
    seeds: tuple[int, ...] = (0,)
    scale: float = 1.0
    ablate: tuple[str, ...] = ()
    out: Path = OUT
    model: str = ""
    url: str = ""
    """Address of a running server; empty goes by SAMOVAR_MODEL_URL and the settings."""
    no_sandbox: bool = False
    lanes: int = 0
    """Tasks worked on at once; 0 takes what the model's profile says, a processor for each."""
    again: bool = False
    keep: Path | None = None
    """Folder for the logs of the runs, each a file; None keeps none."""


async def run(options: Options) -> int:
    """Measure, and leave the rows and a report at `out`; return the exit code.

    Raises SetupError for what cannot be measured, before anything is.
    """
    for name in options.ablate:
        if name not in ABLATED:
            known = ", ".join(ABLATED)
            raise SetupError(f"there is no mechanism {name!r} to switch off; there are: {known}")
    found = sets.load(sets.find(options.sets), options.set)
    tasks = sets.choose(sets.named(found, options.only), options.half, options.limit)
    peers = peers_of(options)
    harnesses = measured(options, peers)
    for name in harnesses:
        harness.find(name, sets.mode_of(tasks[0], options.mode), peers)
    sandbox = await find_sandbox(options.no_sandbox)
    async with AsyncExitStack() as stack:
        choice = await model(options.model, options.url, stack)
        setting = Setting(
            harnesses=harnesses,
            peers=peers,
            mode=options.mode,
            seeds=options.seeds,
            scale=options.scale,
            off=options.ablate,
            out=options.out,
            model=Path(choice.endpoint.model).name,
            digest=await machine.digest(choice),
            commit=machine.commit(),
            machine=str(machine.machine()),
            lanes=options.lanes or min(choice.profile.parallel, os.cpu_count() or 1),
            again=options.again,
            keep=options.keep,
        )
        await Bench(setting, choice, sandbox, _tell, _kept).run(tasks)
    report.save(options.out, rows.read(options.out))
    sys.stdout.write(report.table(rows.read(options.out)))
    return 0


def measured(options: Options, peers: Iterable[str]) -> tuple[str, ...]:
    """Return the names of what is measured: samovar where nothing is named."""
    return (*options.harnesses, *peers) or ("samovar",)


def peers_of(options: Options) -> dict[str, str]:
    """Return the programs of others by name. Raises SetupError for one that is no NAME=LINE."""
    found = {}
    for each in options.peers:
        name, _, line = each.partition("=")
        if not name or not line or name in harness.HARNESSES:
            raise SetupError(f"{each!r} is no NAME=LINE with a name of its own")
        found[name] = line
    return found


def _tell(row: rows.Row) -> None:
    sys.stderr.write(msgspec.json.encode(row).decode() + "\n")


def _kept(found: Sequence[rows.Row]) -> None:
    commits = ", ".join(sorted({row.commit for row in found}))
    if found:
        sys.stderr.write(f"{len(found)} rows are there already, of {commits or 'no commit'}\n")


def options_of(words: Sequence[str]) -> Options:
    """Return the options a command line says."""
    parser = argparse.ArgumentParser(prog="samovar.bench", description=__doc__)
    parser.add_argument("set", nargs="?", default="exercism")
    parser.add_argument("--sets", type=Path)
    parser.add_argument("--harness", action="append", default=[], dest="harnesses")
    parser.add_argument("--peer", action="append", default=[], dest="peers", metavar="NAME=LINE")
    parser.add_argument("--mode", choices=("vis", "hid"), default="vis")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--only", action="append", default=[], metavar="TASK")
    parser.add_argument("--seed", type=int, action="append", dest="seeds")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--ablate", action="append", default=[])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--model", default="")
    parser.add_argument("--url", default="")
    parser.add_argument("--no-sandbox", action="store_true")
    parser.add_argument("--lanes", type=int, default=0)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--keep", type=Path)
    said = parser.parse_args(words)
    said.seeds = said.seeds or [0]
    return msgspec.convert(vars(said), Options, dec_hook=lambda _kind, value: value)


async def main(words: Sequence[str]) -> int:
    """Run the bench; what a person can mend is one line and its exit code."""
    try:
        return await run(options_of(words))
    except SamovarError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
