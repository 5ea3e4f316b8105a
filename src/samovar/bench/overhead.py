"""What samovar itself costs: `python -m samovar.bench.overhead`, on a quiet machine.

It times scripted runs with a model and checks that take no time, their logs on the disk, and the
start of a sandbox. What real runs cost `python -m samovar.bench.logs` reads from their logs.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samovar.core.event import Asked, Opened
from samovar.core.log import JsonlLog
from samovar.core.loop import work
from samovar.core.message import Reply, Request
from samovar.core.scratch import Scratch
from samovar.core.seams import Command, Deed
from samovar.core.state import replay
from samovar.core.task import Checked, Counts, Probe, Task, Trials
from samovar.flow.build import more
from samovar.flow.kit import Kit, Word
from samovar.flow.pipeline import Pipeline
from samovar.sandboxes.find import find_sandbox

RUNS, STARTS = 50, 200
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


async def starts(count: int = STARTS) -> tuple[float, float]:
    """Return the seconds it takes to run `true` in a sandbox: the median, and 95 % of them."""
    sandbox, taken = await find_sandbox(), []
    with Scratch() as folder:
        command = Command(argv=("/bin/true",), workspace=folder)
        for _ in range(count):
            began = time.perf_counter()
            await sandbox.run(command)
            taken.append(time.perf_counter() - began)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


async def main() -> None:
    """Print the figures."""
    event = await scripted()
    median, most = await starts()
    sys.stdout.write(f"{event:.2f} ms for one event\n")
    started = f"{1000 * median:.0f} ms median, 95 % in {1000 * most:.0f} ms"
    sys.stdout.write(f"{started}, of {STARTS} starts of a sandbox\n")


if __name__ == "__main__":
    asyncio.run(main())
