"""What samovar itself costs: everything of a run but the model and the checks.

`python -m samovar.bench.overhead` times scripted runs with a model and checks that take no time;
`python -m samovar.bench.overhead LOG...` reads the logs of real runs.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from samovar.core.event import (
    Asked,
    Chose,
    Documented,
    Entry,
    Judged,
    Opened,
    Planned,
    Surveyed,
    Wrote,
)
from samovar.core.log import JsonlLog, read
from samovar.core.loop import work
from samovar.core.message import Reply, Request
from samovar.core.seams import Deed
from samovar.core.state import replay
from samovar.core.task import Checked, Counts, Probe, Task, Trials
from samovar.flow.build import more
from samovar.flow.kit import Kit, Word
from samovar.flow.pipeline import Pipeline

RUNS = 50
CODE = "def middle(values):\n    return sorted(values)[0]\n"
GOOD = "def middle(values):\n    return sorted(values)[len(values) // 2]\n"
TEST = "test_middle.py::test_it"


@dataclass(frozen=True)
class Project:
    """A tree in memory, and checks of it that answer at once."""

    files: Mapping[str, str] = field(
        default_factory=lambda: {"middle.py": CODE, "test_middle.py": "def test_it(): ...\n"}
    )

    def paths(self) -> Sequence[str]:
        return tuple(self.files)

    def read(self, path: str, /) -> str:
        return self.files[path]

    def write_to(self, folder: Path, changed: Mapping[str, str], /) -> None:
        raise NotImplementedError("nothing here needs a copy")

    async def test(self, name: str, command: str, changed: Mapping[str, str]) -> Checked:
        good = changed.get("middle.py") == GOOD
        return Checked(
            name=name,
            command=command,
            exit=0 if good else 1,
            seconds=0.0,
            counts=Counts(int(good), int(not good)),
            failing=() if good else (TEST,),
            passing=(TEST,) if good else (),
        )

    async def snippet(self, name: str, code: str, changed: Mapping[str, str]) -> Checked:
        return Checked(name=name, command="example", exit=0, seconds=0.0)

    async def lint(self, changed: Mapping[str, str]) -> Checked | None:
        return None

    async def trials(
        self,
        variants: Sequence[Mapping[str, str]],
        probe: Probe,
        changed: Mapping[str, str],
        *,
        bar: int = 1,
        seconds: float = 2.0,
        total: float = 60.0,
    ) -> Trials:
        return Trials(len(variants))

    async def reach(self, probe: Probe, changed: Mapping[str, str]) -> dict[str, dict[int, int]]:
        return {}

    async def behaviours(
        self,
        versions: Sequence[Mapping[str, str]],
        calls: Sequence[str],
        *,
        seconds: float = 2.0,
        total: float = 120.0,
    ) -> tuple[Checked, list[tuple[str, ...]]]:
        ran = Checked(name="agreement", command="none", exit=0, seconds=0.0)
        return ran, [() for _ in versions]


class Repo:
    """A repository that keeps nothing."""

    async def commit(self, deed: Deed, /) -> str:
        return "0" * 40

    async def find(self, branch: str, marker: str, /) -> str:
        return ""

    async def note(self, commit: str, text: str, /) -> None:
        return None

    async def diff(self, base: str, changed: Mapping[str, str], /) -> str:
        return "".join(changed.values())

    async def push(self, branch: str, /) -> str:
        return branch

    async def pushed(self, branch: str, /) -> str:
        return ""


@dataclass
class Third:
    """A model whose third answer is right."""

    asked: int = 0

    async def reply(self, request: Request, /) -> Reply:
        self.asked += 1
        code = GOOD if self.asked % 3 == 0 else CODE.replace("[0]", f"[{self.asked % 3}]")
        return Reply(text=f"```python\n{code}```")


async def _yes(_asked: Asked, _text: str, /) -> Word:
    return Word(yes=True)


async def once(folder: Path) -> int:
    """Do one scripted run with a log on the disk and return how many events it had."""
    project = Project()
    kit = Kit(
        model=Third(),
        tree=project,
        checks=project,
        repo=Repo(),
        ask=_yes,
        live=lambda _kind, _text: None,
        command="pytest",
    )
    text = "`middle` in middle.py returns the smallest value; return the middle one"
    log = JsonlLog(folder / "events.jsonl")
    opened = Opened(run="r", task=Task(id="r", text=text, off=("message", "examples")))
    log.append(opened)
    async for event in work(replay([opened]), Pipeline(kit), more):
        log.append(event)
    return len(log.read())


async def scripted(runs: int = RUNS) -> float:
    """Return the milliseconds that one event of a scripted run takes, disk included."""
    events = 0
    with tempfile.TemporaryDirectory() as made:
        began = time.perf_counter()
        for number in range(runs):
            events += await once(Path(made) / str(number))
        return 1000 * (time.perf_counter() - began) / events


def share(entries: Sequence[Entry]) -> float:
    """Return the share of a run's wall time that neither the model nor a check took.

    Planning and choosing count as the model's where they asked it.
    """
    spent = 0.0
    for before, entry in pairwise(entries):
        match entry.event:
            case Wrote(seconds=seconds) | Judged(seconds=seconds) | Documented(seconds=seconds):
                spent += seconds
            case Planned(calls=calls) | Chose(calls=calls) if calls:
                spent += (entry.at - before.at).total_seconds()
            case Surveyed(verdict=verdict):
                spent += sum(c.seconds for c in verdict.checks)
            case _:
                pass
    whole = (entries[-1].at - entries[0].at).total_seconds()
    return max(0.0, 1 - spent / whole) if whole else 0.0


def main() -> None:
    """Print the figures."""
    for name in sys.argv[1:]:
        sys.stdout.write(f"{name}: {share(read(Path(name))):.1%} of the time\n")
    if not sys.argv[1:]:
        sys.stdout.write(f"{asyncio.run(scripted()):.2f} ms for one event\n")


if __name__ == "__main__":
    main()
