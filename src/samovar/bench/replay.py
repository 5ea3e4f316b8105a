"""Runs tasks again with the answers of kept logs in place of a model.

    python -m samovar.bench exercism --keep LOGS
    python -m samovar.bench.replay exercism LOGS [--only TASK] [--ablate NAME] [--out ROWS]

A question gets the answer it got then; where the flow asks otherwise now, the next of the same kind
(greedy or drawn). So it tells what searches, checks and choices make of the same answers, without a
model and in far less time. What a model says to other questions it cannot tell.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from samovar.bench import machine, report, rows, sets
from samovar.bench.run import Bench, Setting
from samovar.bench.sets import Exercise, Mode
from samovar.boot import Choice
from samovar.core.errors import ModelError, SamovarError, SetupError, Unusable
from samovar.core.event import Chose, Documented, Event, Planned, Wrote
from samovar.core.log import read
from samovar.core.message import Message, Reply, Request, Usage
from samovar.core.seams import Sandbox
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.sandboxes.find import find_sandbox

NOBODY = Endpoint(url="http://127.0.0.1:9/v1", model="replayed")
PROFILE = Profile(context=8192)
"""That of the embedded model, as far as the flow goes by it."""


class Said(Struct, frozen=True, kw_only=True):
    """One question of a run, and what the model said."""

    asked: tuple[Message, ...]
    warm: bool
    """Whether the answer was drawn."""
    answer: str
    usage: Usage
    complaint: str = ""


class Told:
    """Answers as a model did before. Raises ModelError for an answer that was of no use then."""

    def __init__(self, said: Sequence[Said]) -> None:
        self.left = list(said)

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer to this question, else the next to one of its kind.

        Raises Unusable where the model said nothing of use then, ModelError without an answer.
        """
        kind = [s for s in self.left if s.warm == (request.sampling.temperature > 0)]
        if not kind:
            raise ModelError("the logs hold no further answer")
        said = next((s for s in kind if s.asked == request.messages), kind[0])
        self.left.remove(said)
        if not said.answer:
            raise Unusable(said.complaint or "the answer was empty", said.usage)
        return Reply(text=said.answer, usage=said.usage, model=NOBODY.model)


def told(events: Sequence[Event]) -> list[Said]:
    """Return what a model was asked in a run, and said."""
    found = []
    for event in events:
        match event:
            case Wrote(asked=asked, candidate=candidate) if asked:
                complaint, warm = candidate.complaint, event.temperature > 0
            case Planned(asked=asked) | Chose(asked=asked) | Documented(asked=asked) if asked:
                complaint, warm = "", False
            case _:
                continue
        one = Said(
            asked=asked, warm=warm, answer=event.answer, usage=event.usage, complaint=complaint
        )
        found.append(one)
    return found


def kept(folder: Path, task: Exercise, seed: int = 0) -> list[Path]:
    """Return the logs of a task's tries, the first one first; none where it was not kept."""
    name = f"{task.facts.id.replace('/', '-')}-samovar-{seed}"
    return sorted(folder.glob(f"{name}-*.jsonl"))


async def replay(
    task: Exercise, logs: Sequence[Path], setting: Setting, sandbox: Sandbox
) -> rows.Row:
    """Run one task with the answers of its logs; return its row."""
    said = [s for log in logs for s in told([entry.event for entry in read(log)])]
    choice = Choice(Told(said), NOBODY, PROFILE)
    [row] = await Bench(setting, choice, sandbox).run([task])
    return row


async def main(words: Sequence[str]) -> int:
    """Replay the tasks that have logs; print a line for each, and the table."""
    parser = argparse.ArgumentParser(prog="samovar.bench.replay", description=__doc__)
    parser.add_argument("set")
    parser.add_argument("logs", type=Path)
    parser.add_argument("--sets", type=Path)
    parser.add_argument("--only", action="append", default=[], metavar="TASK")
    parser.add_argument("--ablate", action="append", default=[])
    parser.add_argument("--out", type=Path, help="rows that are there are kept")
    given = parser.parse_args(words)
    try:
        tasks = sets.named(sets.load(sets.find(given.sets), given.set), given.only)
        with tempfile.TemporaryDirectory() as folder:
            out = given.out or Path(folder) / "rows.jsonl"
            await _all(tasks, given.logs, out, tuple(given.ablate))
            sys.stdout.write(report.table(rows.read(out)))
    except SamovarError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


async def _all(tasks: Sequence[Exercise], folder: Path, out: Path, off: tuple[str, ...]) -> None:
    found = [(task, logs) for task in tasks if (logs := kept(folder, task))]
    if not found:
        raise SetupError(f"{folder} holds no log of these tasks; samovar bench --keep makes them")
    sandbox = await find_sandbox()
    for task, logs in found:
        mode: Mode = "hid" if any(log.stem.endswith("second") for log in logs) else "vis"
        setting = Setting(mode=mode, off=off, out=out, model=NOBODY.model, commit=machine.commit())
        row = await replay(task, logs, setting, sandbox)
        sys.stdout.write(f"{task.facts.id}: {row.passed} of {row.wanted}; {row.why}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
