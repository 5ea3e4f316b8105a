"""The runs of a home as one line each, read again only when their log has grown."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from samovar.app import App, summary
from samovar.core import talk
from samovar.core.errors import UNREADABLE
from samovar.core.event import Asked, Done
from samovar.core.message import Usage
from samovar.core.state import replay
from samovar.core.task import Proof
from samovar.flow.receipt import Receipt
from samovar.web import record
from samovar.web.course import course
from samovar.web.words import cut

LOCKS = Path("/proc/locks")
FRESH = 0.5
"""Seconds for which the table of locks is good."""
END = 8_000
"""Bytes at the end of a log that are read for its last lines."""


class RunLine(Struct, frozen=True, kw_only=True):
    """One run in a list."""

    run: str
    at: datetime
    title: str
    state: str
    """`done`, `undone`, `failed`, `waiting`, `stopped`, `running` or `damaged`.

    That a conversation of the team waits for a person is known to its task (`commission.asking`).
    """
    outcome: str = ""
    agent: str = ""
    """Whose conversation it is; for other runs their task says it (`commission.signed`)."""
    talk: bool = False
    """Whether it is a conversation."""
    model: str = ""
    seconds: float = 0.0
    usage: Usage = Usage()
    proof: Proof | None = None
    """None while nothing is proved or disproved."""
    committed: bool = False
    page: str = ""
    """Where a browser finds its branch, once that was pushed to a remote with pages."""


class Question(Struct, frozen=True, kw_only=True):
    """A run's question that waits for a person."""

    run: str
    title: str
    at: datetime
    asked: Asked


@dataclass
class Shelf:
    """The runs of a home."""

    app: App
    others: Callable[[], Sequence[Path]] = lambda: ()
    """More homes with runs: those of the repositories a team works in."""
    _held: tuple[float, set[int]] = field(default_factory=lambda: (-1.0, set()))
    """When the locks of this machine were looked at, and what they were."""
    _known: dict[str, tuple[tuple[int, int], RunLine]] = field(default_factory=dict)

    def lines(self) -> list[RunLine]:
        """Return every run, the latest first."""
        held = self._locks()
        folders = [f for app in self._apps() for f in _folders(app.home / "runs")]
        found = [line for f in folders if (line := self._line(f, held)) is not None]
        return sorted(found, key=lambda line: (line.at, line.run), reverse=True)

    def line(self, run: str) -> RunLine | None:
        """Return one run; None when there is none of that name."""
        return self._line(self.app_of(run).folder(run), self._locks())

    def app_of(self, run: str) -> App:
        """Return the home that has a run; ours when none has."""
        return next((a for a in self._apps() if os.path.isdir(a.folder(run))), self.app)

    def questions(self) -> list[Question]:
        """Return what waits for a person, the oldest first."""
        waiting = [w for w in self.lines() if w.state == "waiting"]
        found = [question(self.app_of(w.run), w.run) for w in waiting]
        return sorted((q for q in found if q is not None), key=lambda q: q.at)

    def _locks(self) -> set[int]:
        now = time.monotonic()
        if now - self._held[0] > FRESH:
            self._held = (now, _held())
        return self._held[1]

    def _apps(self) -> list[App]:
        known = [h for h in dict.fromkeys(self.others()) if h != self.app.home]
        return [self.app, *(App(h) for h in known)]

    def _line(self, folder: Path, held: set[int]) -> RunLine | None:
        path = folder / "events.jsonl"
        try:
            about = path.stat()
        except OSError:
            return None
        stamp = (about.st_mtime_ns, about.st_size)
        kept = self._known.get(str(folder))
        if kept is None or kept[0] != stamp:
            try:
                kept = (stamp, _read(folder))
            except OSError:
                # Not kept: leave to read it changes neither its time nor its length.
                at = datetime.fromtimestamp(about.st_mtime, UTC)
                return RunLine(run=folder.name, at=at, title="", state="damaged")
            self._known[str(folder)] = kept
        line = kept[1]
        if line.state in ("stopped", "waiting", "failed") and _inode(folder / "lock") in held:
            return replace(line, state="running", outcome="")
        return line


def _folders(place: Path) -> list[Path]:
    try:
        return [Path(e.path) for e in os.scandir(place)]
    except OSError:
        return []


def question(app: App, run: str) -> Question | None:
    """Return the open question of a run; None when there is none."""
    entries = record.read(app.folder(run) / "events.jsonl").entries
    state = replay(e.event for e in entries)
    if state.opened is None or state.question is None:
        return None
    at = next(e.at for e in entries if e.event == state.question)
    return Question(run=run, title=cut(state.task.text), at=at, asked=state.question)


def _read(folder: Path) -> RunLine:
    path = folder / "events.jsonl"
    begin, late = _ends(path)
    end = late[-1] if late and not isinstance(late[-1].event, record.Strange) else begin
    if isinstance(begin.event, talk.Began):
        return _talk(folder.name, record.read(path), begin, end)
    found = summary(path)
    if found is None or found.state == "damaged":
        return RunLine(run=folder.name, at=begin.at, title="", state="damaged")
    line = RunLine(
        run=folder.name,
        at=begin.at,
        title=found.task,
        state=found.state,
        outcome=found.outcome,
        seconds=(end.at - begin.at).total_seconds(),
        page=page(row.event for row in late),
    )
    facts = _receipt(folder)
    if facts is None:
        return line
    return replace(
        line,
        model=facts.model,
        seconds=facts.seconds,
        usage=facts.usage,
        proof=facts.proof if facts.verified else None,
        committed=bool(facts.commit),
    )


def _talk(run: str, log: record.Record, begin: record.Row, end: record.Row) -> RunLine:
    began = begin.event
    assert isinstance(began, talk.Began), "a conversation begins so"
    found = course(row.event for row in log.rows)
    return RunLine(
        run=run,
        at=begin.at,
        title=cut(began.title or f"Conversation with {began.agent or 'the model'}"),
        state=found.state,
        outcome=found.outcome,
        agent=began.agent,
        talk=True,
        model=began.model,
        seconds=(end.at - begin.at).total_seconds(),
        usage=found.usage,
        committed=found.committed,
    )


def page(events: Iterable[object]) -> str:
    """Return where a browser finds the branch that was pushed; empty for a remote without pages."""
    pushed = (e.result for e in events if isinstance(e, Done) and e.act == "push")
    return next((p for p in pushed if p.startswith(("https://", "http://"))), "")


def _ends(path: Path) -> tuple[record.Row, list[record.Row]]:
    """Return the first line of a log and the last ones; the foremost of them may be cut."""
    with open(path, "rb") as handle:
        first = handle.readline()
        handle.seek(max(0, path.stat().st_size - END))
        lines = handle.read().rstrip(b"\n").split(b"\n")
    return record.row(first, 0), [record.row(line, 0) for line in lines]


def _receipt(folder: Path) -> Receipt | None:
    try:
        return msgspec.json.decode((folder / "receipt.json").read_bytes(), type=Receipt)
    except (OSError, *UNREADABLE):
        return None


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1


def _held() -> set[int]:
    """Return the files some process has locked; to try the lock would disturb its owner."""
    try:
        lines = LOCKS.read_text().splitlines()
    except OSError:
        return set()
    places = [word for line in lines for word in line.split() if word.count(":") == 2]
    return {int(p.rpartition(":")[2]) for p in places if p.rpartition(":")[2].isdigit()}
