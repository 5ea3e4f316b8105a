"""Tasks x seeds x harnesses, in as many lanes as pay: each grades a task while it does the next."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from samovar.bench import rows
from samovar.bench.budget import budget, half, less
from samovar.bench.grade import Grade, grade
from samovar.bench.harness import find
from samovar.bench.rows import Row
from samovar.bench.sets import HIDDEN_ONLY, Exercise, Mode, mode_of
from samovar.bench.work import Job, Made, counted
from samovar.boot import Choice
from samovar.core.errors import SamovarError, Unreachable
from samovar.core.message import Usage
from samovar.core.seams import Sandbox
from samovar.core.task import Budget
from samovar.models.wrappers import Counted

Key = tuple[object, ...]
"""What tells rows apart."""
SECOND = "second-try"
"""Switches off what follows a first try that failed: its figure alone takes half the time."""


class Setting(Struct, frozen=True, kw_only=True):
    """What is measured, and where the rows go."""

    harnesses: tuple[str, ...] = ("samovar",)
    peers: Mapping[str, str] = {}
    """Programs of others by the name of their harness, each a line for `sh`."""
    mode: Mode = "vis"
    seeds: tuple[int, ...] = (0,)
    scale: float = 1.0
    off: tuple[str, ...] = ()
    out: Path
    model: str = ""
    digest: str = ""
    commit: str = ""
    machine: str = ""
    lanes: int = 1
    """Tasks worked on at once: as many as bring more tokens a second of this model."""
    again: bool = False
    """Whether rows of other commits are measured anew; those that were broken off always are."""
    keep: Path | None = None
    """Folder in which the logs of runs are kept; None keeps none."""


@dataclass(frozen=True)
class Bench:
    """A model and a sandbox, ready to be measured."""

    setting: Setting
    choice: Choice
    sandbox: Sandbox
    tell: Callable[[Row], None] = lambda _row: None
    kept: Callable[[Sequence[Row]], None] = lambda _rows: None
    """Told which rows are there already."""

    async def run(self, tasks: Sequence[Exercise]) -> list[Row]:
        """Do what is not done yet; return the rows of this setting, old and new.

        Raises Unreachable when the model is gone: a task cannot be blamed for it.
        """
        done = {row.key: row for row in rows.read(self.setting.out) if self._counts(row)}
        wanted = [
            self._blank(task, harness, seed)
            for seed in self.setting.seeds
            for task in tasks
            for harness in self.setting.harnesses
        ]
        by_name = {task.facts.id: task for task in tasks}
        self.kept([done[blank.key] for blank in wanted if blank.key in done])
        left = iter([blank for blank in wanted if blank.key not in done])
        many = [self._lane(left, by_name, done) for _ in range(self.setting.lanes)]
        lanes = [asyncio.create_task(lane) for lane in many]
        try:
            await asyncio.gather(*lanes)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
        return [done[blank.key] for blank in wanted]

    async def _lane(
        self, left: Iterator[Row], by_name: Mapping[str, Exercise], done: dict[Key, Row]
    ) -> None:
        """Take one blank row after the other until none is left."""
        pending: asyncio.Task[None] | None = None
        for blank in left:
            folder = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
            tried = _Trial(self, by_name[blank.task], blank, folder)
            try:
                await tried.work()
            except BaseException:
                folder.cleanup()
                raise
            finally:
                # One grader at a time in a lane: it shares the machine with the model.
                if pending is not None:
                    await pending
            pending = asyncio.create_task(self._store(tried, done))
        if pending is not None:
            await pending

    def _counts(self, row: Row) -> bool:
        """Return whether a row need not be measured again."""
        return not row.error and (row.commit == self.setting.commit or not self.setting.again)

    def _blank(self, task: Exercise, harness: str, seed: int) -> Row:
        one = self.setting
        return Row(
            task=task.facts.id,
            set=task.facts.set,
            mode=mode_of(task, one.mode),
            harness=harness,
            seed=seed,
            scale=one.scale,
            off=tuple(sorted(one.off)),
            model=one.model,
            digest=one.digest,
            commit=one.commit,
            machine=one.machine,
            solved=False,
            first=False,
        )

    async def _store(self, tried: "_Trial", done: dict[Key, Row]) -> None:
        row = await tried.judge()
        rows.append(self.setting.out, row)
        done[row.key] = row
        self.tell(row)


class _Trial:
    """One task under work: the tries, what they cost, the grade."""

    def __init__(
        self,
        bench: Bench,
        task: Exercise,
        row: Row,
        folder: "tempfile.TemporaryDirectory[str]",
    ) -> None:
        self.bench = bench
        self.task = task
        self.row = row
        self.folder = folder
        self.made: Made | None = None
        self.graded: Grade | None = None

    async def work(self) -> None:
        """Let the harness work; in `hid` mode show the tests' output once and let it go on."""
        began = time.monotonic()
        mode: Mode = "hid" if self.row.mode == "hid" else "vis"
        twice = mode == "hid" and self.row.set not in HIDDEN_ONLY
        whole = budget(self.row.scale)
        spent = await self._try("first", mode, half(whole) if twice else whole)
        if twice and self.made is not None:
            self.graded = await grade(self.task, self.made.work, self.bench.sandbox)
            if not self.graded.solved and SECOND not in self.row.off:
                again = await self._try("second", mode, less(whole, spent))
                self.row = replace(
                    self.row, second_calls=again.calls, second_generated=again.usage.generated
                )
        self.row = replace(self.row, seconds=round(time.monotonic() - began, 2))

    async def judge(self) -> Row:
        """Return the row with its grade, and clear up."""
        first = self.graded
        last = first
        if self.made is not None and (last is None or self.row.second_calls):
            last = await grade(self.task, self.made.work, self.bench.sandbox)
        await asyncio.to_thread(self._clear_up)
        if last is None:
            return self.row
        return replace(
            self.row,
            solved=last.solved,
            first=first.solved if first is not None else last.solved,
            passed=last.passed,
            wanted=last.wanted,
            timeout=last.timeout,
        )

    def _clear_up(self) -> None:
        if (folder := self.bench.setting.keep) is not None:
            self._keep(folder)
        self.folder.cleanup()

    def _keep(self, folder: Path) -> None:
        """Copy the logs of the task's runs into a folder, named by task, harness, seed and try."""
        made, row = Path(self.folder.name), self.row
        name = f"{row.task.replace('/', '-')}-{row.harness}-{row.seed}"
        folder.mkdir(parents=True, exist_ok=True)
        for log in made.glob("*/*/.samovar/runs/*/events.jsonl"):
            shutil.copyfile(log, folder / f"{name}-{log.relative_to(made).parts[0]}.jsonl")

    async def _try(self, name: str, mode: Mode, allowed: Budget) -> Counted:
        choice, count = counted(self.bench.choice, self.row.seed)
        if allowed.calls <= 0 or allowed.generated <= 0:
            return count
        folder = Path(self.folder.name) / name
        folder.mkdir()
        job = Job(
            task=self.task,
            mode=mode,
            folder=folder,
            choice=choice,
            count=count,
            sandbox=self.bench.sandbox,
            budget=allowed,
            off=self.row.off,
            over=self.made.work if self.made else None,
            note=self.graded.output if self.graded else "",
        )
        try:
            self.made = await find(self.row.harness, mode, self.bench.setting.peers)(job)
            self.row = replace(self.row, claimed=self.made.claimed, why=self.made.why)
        except Unreachable:
            raise
        except SamovarError as error:
            self.row = replace(self.row, error=str(error))
        self._count(count)
        return count

    def _count(self, count: Counted) -> None:
        row, usage = self.row, count.usage
        total = Usage(row.prompt, row.cached, row.generated) + usage
        self.row = replace(
            row,
            calls=row.calls + count.calls,
            prompt=total.prompt,
            cached=total.cached,
            generated=total.generated,
            model_seconds=round(row.model_seconds + count.seconds, 2),
        )
