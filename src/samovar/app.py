"""The verbs of every surface: start, resume, runs, read, undo."""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE, Missing, SamovarError, SetupError, ToolError
from samovar.core.event import Closed, Done, Entry, Intended, Opened, committed, marker
from samovar.core.log import JsonlLog, hold, now, read, write
from samovar.core.loop import work
from samovar.core.state import replay, undone
from samovar.core.talk import Began, Told
from samovar.core.task import Budget, Task
from samovar.core.text import first_words, one_line
from samovar.flow.build import more
from samovar.flow.kit import Kit
from samovar.flow.pipeline import Pipeline
from samovar.flow.receipt import Receipt, receipt
from samovar.flow.work import finished
from samovar.repo.paths import check

LONGEST = 200_000
"""Characters of a task; what a model reads of it is less."""


MADE = "files"
"""Folder of a run for what an agent made on a task and no commit takes."""
NOBODY = "samovar"
"""The agent of a conversation for which no other is named."""


class Wish(Struct, frozen=True, kw_only=True):
    """What a person asks for, as a surface hands it over."""

    text: str
    front: str = ""
    """What a writer of code is told before the text."""
    run: str = ""
    """Name of the run; empty takes one that begins with the time."""
    files: tuple[str, ...] = ()
    test: str = ""
    budget: Budget = Budget()
    candidates: int = 8
    off: tuple[str, ...] = ()
    push: bool = False
    override: bool = False


class Summary(Struct, frozen=True, kw_only=True):
    """One line of the list of runs."""

    run: str
    at: datetime
    task: str
    state: str
    """`done`, `failed`, `waiting`, `stopped`, or `undone` where its commit was taken back; `talk`
    for a conversation, which has no end, and `task` for the one in which an agent works on a task
    of its team."""
    outcome: str = ""
    agent: str = ""
    """Whose conversation it is; empty for other runs."""


class Workplace(Protocol):
    """What boot prepares for a run: the kit, and the facts that belong into its first event."""

    async def kit(self, opened: Opened, wish: Wish, /) -> Kit:
        """Return the kit for a run."""
        ...

    async def opened(self, run: str, task: Task, /) -> Opened:
        """Return the first event of a new run."""
        ...

    async def taken_up(self, opened: Opened, /) -> Opened:
        """Return the opening of a run with the model and the sandbox that are at hand now."""
        ...

    async def find(self, branch: str, key: str, /) -> str:
        """Return the hash of the branch's commit that carries the key, or an empty string."""
        ...

    async def undo(self, branch: str, run: str, commit: str, onto: str = "", /) -> str:
        """Take the commit of a run off its branch; return one line that says what was done.

        The branch goes back to the commit `onto`; without one it is deleted. Raises SetupError
        where the commit was not taken back, now or before.
        """
        ...

    def remote(self) -> str:
        """Return the name of the remote that a push goes to; empty when there is none."""
        ...


@dataclass(frozen=True)
class App:
    """Samovar at work on one repository."""

    home: Path
    """The .samovar folder; runs lie in runs/<id>/."""
    workplace: Workplace | None = None
    """None where nothing but reading is wanted."""

    async def start(self, wish: Wish) -> AsyncIterator[Entry]:
        """Begin a run and yield its entries until it ends or waits for a person."""
        task = self._task(wish)
        opened = await self._at_work().opened(task.id, task)
        log = JsonlLog(self.folder(task.id) / "events.jsonl")
        write(self.folder(task.id) / "wish.json", msgspec.json.encode(wish))
        with self._alone(task.id):
            yield log.append(opened)
            async for entry in self._go_on(task.id, log, wish):
                yield entry

    async def resume(self, run: str, *, override: bool = False) -> AsyncIterator[Entry]:
        """Go on with a run where its log ends; a question that nobody answered is asked again."""
        log = JsonlLog(self.path(run))
        wish = self._wish(run)
        with self._alone(run):
            state = replay(e.event for e in log.read())
            if state.opened is None:
                raise SetupError(f"{run} is a conversation; {onward(self._began(run))}")
            end = state.closed
            if end is not None and not end.waits and (end.ok or not override):
                raise SetupError(f"run {run} is finished: {end.outcome}")
            again = await self._at_work().taken_up(state.opened)
            if again != state.opened:
                yield log.append(again)
            async for entry in self._go_on(run, log, replace_wish(wish, override)):
                yield entry

    def runs(self) -> list[Summary]:
        """Return every run, the latest first, from the first and the last line of its log."""
        folder = self.home / "runs"
        logs = folder.glob("*/events.jsonl")
        found = [s for log in logs if (s := summary(log)) is not None]
        return sorted(found, key=lambda s: (s.at, s.run), reverse=True)

    def read(self, run: str) -> tuple[Entry, ...]:
        """Return the entries of a run. Raises SetupError for a log that lost its beginning."""
        path = self.path(run)
        entries = read(path)
        if not entries:
            raise SetupError(f"run {run} has not begun; see 'samovar runs'")
        if not isinstance(entries[0].event, Opened | Began):
            raise SetupError(f"{path}, line 1: no run begins so; restore the file")
        return entries

    def receipt(self, run: str) -> Receipt:
        """Return the facts of a run."""
        return receipt(self.read(run), self.diff(run))

    def diff(self, run: str) -> str:
        """Return what a run would commit, or did, with the line ends it has; empty if nothing."""
        path = self.folder(run) / "change.diff"
        return path.read_bytes().decode(errors="replace") if path.exists() else ""

    def find(self, name: str = "") -> str:
        """Return the run whose name begins so; the latest by default. Raises SetupError."""
        known = [s.run for s in self.runs()]
        found = [r for r in known if r.startswith(name)] if name else known[:1]
        if len(found) == 1 or name in found:
            return name if name in found else found[0]
        if not known:
            raise SetupError('there are no runs here yet; begin one with: samovar do "TASK"')
        raise SetupError(f"{len(found)} runs are called {name!r}; see 'samovar runs'")

    async def undo(self, run: str) -> str:
        """Take back what a run committed; say what was done, and a line on what was pushed.

        Of a conversation it is the last commit; what was changed stays in its files. Raises
        SetupError where no commit is left.
        """
        log = JsonlLog(self.path(run))
        with self._alone(run):
            entries = await self._settled(log)
            state = replay(e.event for e in entries)
            made = list(committed(state.done).items())
            if not made:
                ended = f": {state.closed.outcome}" if state.closed else ""
                raise SetupError(f"no commit of {run} is there to be taken back{ended}")
            key, last = made[-1]
            taken = Done(act="undo", key=key, result=last)
            if state.opened is None:
                return await self._take_back(log, taken, made[-2][1] if made[1:] else "")
            said = [await self._at_work().undo(state.branch, run, last)]
            # As at a run's end, first the receipt: it names no commit that the log takes back.
            self._facts(run, [*entries, Entry(len(entries), now(), taken)], self.diff(run))
            log.append(taken)
        take_away = f"git push {self._at_work().remote() or 'REMOTE'} --delete {state.branch}"
        said += [f"still at {d.result}: {take_away}" for d in state.done if d.act == "push"]
        return "\n".join(said)

    async def _settled(self, log: JsonlLog) -> Sequence[Entry]:
        """Return the entries; a commit that a crash left unrecorded is recorded first."""
        state = replay(e.event for e in log.read())
        done = {d.key for d in state.done if d.act == "commit"}
        for key in dict.fromkeys(i.key for i in state.intended if i.act == "commit"):
            if key in done:
                continue
            branch = state.branch or self._began(log.path.parent.name).branch
            if made := await self._at_work().find(branch, key):
                log.append(Done(act="commit", key=key, result=made))
        return log.read()

    async def _take_back(self, log: JsonlLog, taken: Done, onto: str) -> str:
        """Take back a conversation's commit; by the intent it later finds what a crash left out."""
        branch = self._began(log.path.parent.name).branch
        log.append(Intended(act="undo", key=taken.key))
        name = taken.key.removeprefix(marker(""))
        said = await self._at_work().undo(branch, name, taken.result, onto)
        log.append(taken)
        text = f"the person took back the commit {taken.result[:12]}, not the changes"
        log.append(Told(text=text))
        return said

    def folder(self, run: str) -> Path:
        """Return the folder of a run."""
        return self.home / "runs" / run

    def path(self, run: str) -> Path:
        """Return the log of a run. Raises Missing when there is none."""
        path = self.folder(run) / "events.jsonl"
        if not re.fullmatch(r"[\w-]+", run) or not path.exists():
            raise Missing(f"there is no run {run!r} here; see 'samovar runs'")
        return path

    async def _go_on(self, run: str, log: JsonlLog, wish: Wish) -> AsyncIterator[Entry]:
        entries = list(log.read())
        state = replay(e.event for e in entries)
        state = msgspec.structs.replace(state, closed=None)
        assert state.opened is not None, "the log of a run begins with Opened"
        kit = await self._at_work().kit(state.opened, wish)
        async for event in work(state, Pipeline(kit), more):
            if isinstance(event, Closed):
                # First the receipt: a run that is closed has one, whenever the power fails.
                await self._close(run, kit, [*entries, Entry(len(entries), now(), event)])
            entries.append(log.append(event))
            yield entries[-1]

    async def _close(self, run: str, kit: Kit, entries: Sequence[Entry]) -> None:
        state = replay(e.event for e in entries)
        changed = await asyncio.to_thread(finished, state, kit.tree)
        diff = await kit.repo.diff(state.base, changed) if changed else ""
        write(self.folder(run) / "change.diff", diff.encode(errors="surrogateescape"))
        kept, facts = self._facts(run, entries, diff)
        if kept.commit:
            # Beside the commit it is a copy: work is not lost for want of it.
            with suppress(SamovarError):
                await kit.repo.note(kept.commit, facts)

    def _facts(self, run: str, entries: Sequence[Entry], diff: str) -> tuple[Receipt, str]:
        """Write the receipt; return it, and as it is written."""
        kept = receipt(entries, diff)
        facts = msgspec.json.format(msgspec.json.encode(kept)) + b"\n"
        write(self.folder(run) / "receipt.json", facts)
        return kept, facts.decode()

    def _task(self, wish: Wish) -> Task:
        text = wish.text.strip()
        if not text:
            raise SetupError('the task is empty; say what to do: samovar do "TASK"')
        if len(text) > LONGEST:
            raise SetupError(
                f"the task has {len(text)} characters, more than {LONGEST}: "
                "put the material into files and name them with --file"
            )
        for path in wish.files:
            try:
                check(path)
            except ToolError as error:
                raise SetupError(f"{error}: name a file of the repository") from error
        return Task(
            id=wish.run or name_run(text),
            text=text,
            front=wish.front,
            files=wish.files,
            test=wish.test,
            budget=wish.budget,
            candidates=wish.candidates,
            off=wish.off,
        )

    def _at_work(self) -> Workplace:
        assert self.workplace is not None, "this App was made for reading only"
        return self.workplace

    def _began(self, run: str) -> Began:
        first = self.read(run)[0].event
        if not isinstance(first, Began):
            raise SetupError(f"run {run} is no conversation")
        return first

    def _wish(self, run: str) -> Wish:
        try:
            return msgspec.json.decode((self.folder(run) / "wish.json").read_bytes(), type=Wish)
        except FileNotFoundError:
            return Wish(text="")
        except UNREADABLE as error:
            raise SetupError(f"{self.folder(run) / 'wish.json'}: {error}") from error

    @contextmanager
    def _alone(self, run: str) -> Iterator[None]:
        folder = self.folder(run)
        folder.mkdir(parents=True, exist_ok=True)
        held = hold(folder)
        try:
            yield
        finally:
            os.close(held)


def replace_wish(wish: Wish, override: bool) -> Wish:
    """Return the wish with a person's leave to let phases pass."""
    return msgspec.structs.replace(wish, override=override or wish.override)


def made(folder: Path) -> list[str]:
    """Return what lies in the folder MADE of a run, by its way in the copy it was made in."""
    place = folder / MADE
    return sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file())


def onward(began: Began) -> str:
    """Return what a person does to go on with a conversation, in a few words."""
    if began.task:
        return f"it is work of its team: samovar queue show {began.task}"
    named = "" if began.agent in ("", NOBODY) else f" --agent {began.agent}"
    return f"go on with: samovar chat{named} --resume {began.run}"


def name_run(text: str) -> str:
    """Return a name that sorts by time and says what it is about."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return f"{stamp}-{first_words(text)}-{secrets.token_hex(2)}"


def summary(path: Path) -> Summary | None:
    """Return one line about a run; None for a folder that holds none."""
    try:
        with open(path, "rb") as handle:
            first = handle.readline()
            handle.seek(max(0, path.stat().st_size - 4000))
            last = handle.read().rstrip(b"\n").rsplit(b"\n", 1)[-1]
    except OSError:
        return None
    try:
        entry = msgspec.json.decode(first, type=Entry)
    except UNREADABLE:
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Summary(run=path.parent.name, at=at, task="", state="damaged")
    if isinstance(entry.event, Began):
        began, state = entry.event, "task" if entry.event.task else "talk"
        return Summary(
            run=path.parent.name, at=entry.at, task=began.title, state=state, agent=began.agent
        )
    task = entry.event.task.text if isinstance(entry.event, Opened) else ""
    line = one_line(task, 120)
    try:
        end = msgspec.json.decode(last, type=Entry).event
    except UNREADABLE:
        end = None
    state, outcome = _ending(end)
    return Summary(run=path.parent.name, at=entry.at, task=line, state=state, outcome=outcome)


def _ending(last: object) -> tuple[str, str]:
    """Return state and outcome of a run by the last event of its log."""
    match last:
        case Closed(outcome=outcome):
            return "done" if last.ok else "waiting" if last.waits else "failed", outcome
        case Done(act="undo"):
            return "undone", undone(last).outcome
        case _:
            return "stopped", ""
