"""What the page of one run shows, and its live source."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from msgspec import Struct

from samovar.app import MADE, made
from samovar.coder import digest_of
from samovar.core.errors import Missing
from samovar.core.event import Done, Entry, Opened
from samovar.core.state import replay
from samovar.core.talk import replay as converse
from samovar.core.text import count, whole
from samovar.flow.receipt import Receipt, receipt
from samovar.org.seams import Approval
from samovar.web import diff, transcript
from samovar.web.commission import Commission, commission, signed
from samovar.web.conduct import buttons
from samovar.web.course import course
from samovar.web.desk import Desk
from samovar.web.live import Update, partial
from samovar.web.plots import lanes
from samovar.web.record import Record, Row
from samovar.web.shelf import RunLine, page, question
from samovar.web.verbs import Mail
from samovar.workshop import Order

NAME = 100
"""Characters of a run's name, at most."""
QUIET = 1.0
"""Seconds after which a page is drawn again though its log has not grown."""
COUNTED = 2.0
"""Seconds after which the cost of a run, and what was said of it, are looked up again."""
PARTS = ("head", "now", "plot", "receipt", "messages", "files", "change")
MOST = 5_000
"""Latest entries of one log that are shown; the raw log has all of them."""
WEIGHT = 1_000_000
"""Bytes that the latest entries which are shown take in the log, but for the last one."""
HEARD = 500
"""Latest entries of the team's outboxes among which those about a run are looked for."""


class Change(Struct, frozen=True):
    """A difference, and whether it is the one that was asked about."""

    text: str
    digest: str
    files: tuple[diff.FileDiff, ...]


NOTHING = Change("", "", ())


def record_of(desk: Desk, run: str) -> Record:
    """Return the log of a run. Raises Missing when there is none."""
    if len(run.encode("utf-8", "replace")) > NAME or not re.fullmatch(r"[\w-]+", run):
        raise Missing("there is no run of that name here")
    record = Record(desk.shelf.app_of(run).path(run))
    record.look()
    return record


def line_of(desk: Desk, run: str, bought: Commission | None) -> RunLine:
    """Return one run that is there, as its task knows it."""
    line = desk.shelf.line(run)
    assert line is not None, "whoever has a record has a line"
    return signed(line, bought)


def change_of(desk: Desk, run: str) -> Change:
    """Return what a run would commit, or did; empty while nothing is kept."""
    shown = desk.shelf.app_of(run).diff(run)
    digest = hashlib.sha256(shown.encode()).hexdigest() if shown else ""
    return Change(shown, digest, tuple(diff.parse(shown)))


def pushed(desk: Desk, run: str, approval: Approval) -> str:
    """Return the commit an agent asks to push; empty unless its run lies here with that commit."""
    try:
        entries = record_of(desk, run).entries
    except Missing:
        return ""
    made = [e.event.result for e in entries if isinstance(e.event, Done)]
    fits = (c for c in made if digest_of(approval.task, "push", c) == approval.digest)
    return next(fits, "")


def receipt_of(record: Record, change: Change) -> Receipt | None:
    """Return the facts of a task's run; None for a conversation."""
    entries = record.entries
    if not entries or not isinstance(entries[0].event, Opened):
        return None
    return receipt(entries, change.text)


async def mail(desk: Desk, run: str, bought: Commission | None) -> list[Mail]:
    """Return what was said in the team of a run, or of the task it works for, the latest first."""
    if desk.office is None:
        return []
    task = bought.job.id if bought else None
    said = await desk.office.roster.messages(limit=HEARD)
    return [m for m in said if m.run == run or m.task == task]


def begin(rows: Sequence[Row]) -> int:
    """Return how many entries of a log are left out, since later ones are enough for a page."""
    sizes = accumulate(r.size for r in reversed(rows[-MOST:]))
    shown = sum(size <= WEIGHT for size in sizes)
    return max(len(rows) - max(shown, 1), 0)


def rewound(record: Record, at: int | None) -> Record:
    """Return a log as it was after an entry, counted from 0; as it is for None."""
    if at is None:
        return record
    return Record(record.path, record.rows[: at + 1])


def view(
    desk: Desk, run: str, record: Record, bought: Commission | None, at: int | None = None
) -> dict[str, Any]:
    """Return everything the page shows but the transcript; as it was after an entry, if given.

    `bought` is the task the run works for.
    """
    line, last = line_of(desk, run, bought), len(record.rows) - 1
    record = rewound(record, at)
    change = change_of(desk, run) if at is None else NOTHING
    entries = record.entries
    task = bool(entries) and isinstance(entries[0].event, Opened)
    state = replay(e.event for e in entries) if task else None
    # The question of a task is its agent's.
    asks = line.state == "waiting" and task and at is None and bought is None
    waits = question(desk.shelf.app_of(run), run) if asks else None
    return {
        "run": run,
        "line": line,
        "state": state,
        "talked": None if task else course(e.event for e in entries),
        "order": _order(desk, run) if at is None else None,
        "waits": waits,
        "buttons": buttons(desk, line, waits, bought) if at is None else [],
        "bought": bought,
        "heard": HEARD,
        "at": at,
        "last": last,
        "seen": _seen(entries),
        "forks": at is not None and task and desk.workshop is not None,
        "plot": lanes.timeline(record.rows[-MOST:]),
        "plot_words": lanes.summary(record.rows[-MOST:]),
        "bars": lanes.bars(record.rows[-MOST:]),
        "left_out": begin(record.rows),
        "facts": receipt_of(record, change),
        "change": change,
        "page": page(state.done) if state else "",
        "made": made(record.path.parent) if at is None else [],
        "made_in": record.path.parent / MADE,
        "rows": len(record.rows),
    }


def _seen(entries: Sequence[Entry]) -> str:
    """Return how far a run is, in words."""
    if not entries:
        return ""
    if not isinstance(entries[0].event, Opened):
        talk = converse(e.event for e in entries)
        return f"turn {talk.turns}" if talk.turn else f"{count(talk.turns, 'turn')} over"
    state = replay(e.event for e in entries)
    if state.closed is not None:
        return "ended"
    if state.step is not None and state.plan is not None:
        tried = count(len(state.trials), "version")
        return f"step {len(state.chosen) + 1} of {len(state.plan.steps)}, {tried} tried"
    return state.phase


def _order(desk: Desk, run: str) -> Order | None:
    orders = desk.workshop.orders if desk.workshop else []
    return next((o for o in orders if o.run == run and o.stage != "ended"), None)


@dataclass
class RunSource:
    """The live source of one run's page; ids are the numbers of the log's entries."""

    desk: Desk
    run: str
    record: Record
    draw: Callable[[Mapping[str, Any]], Mapping[str, str]]
    """Renders the parts."""
    write: Callable[[list[transcript.Item]], str]
    """Renders items of the transcript."""
    pace: float = 0.1
    _shown: dict[str, str] = field(default_factory=dict)
    _rows: int = 0
    _order: tuple[object, ...] = ()
    _drawn: float = 0.0
    _commission: Commission | None = None
    _mail: list[Mail] = field(default_factory=list)
    _counted: float = -COUNTED

    async def look(self) -> Update | None:
        """Return new items and changed parts."""
        order, now = self._signs(), time.monotonic()
        if not self.record.look() and order == self._order and now - self._drawn < QUIET:
            return None
        self._order, self._drawn = order, now
        await self._ask_around()
        data = view(self.desk, self.run, self.record, self._commission)
        parts = self.draw({**data, "mail": self._mail})
        changed = {n: h for n, h in parts.items() if self._shown.get(n) != h}
        first, self._rows = self._rows, len(self.record.rows)
        self._shown = dict(parts)
        return self._update(first, changed)

    async def _ask_around(self) -> None:
        """Ask the team now and then what the run works for, and what was said of it."""
        if time.monotonic() - self._counted > COUNTED:
            self._commission = await commission(self.desk, self.run)
            self._mail = await mail(self.desk, self.run, self._commission)
            self._counted = time.monotonic()

    def _signs(self) -> tuple[object, ...]:
        """Return what the page shows of the order at work, cheaply."""
        order = _order(self.desk, self.run)
        return (order.stage, order.step, order.tokens, order.error) if order else ()

    async def since(self, id: str, /) -> Update | None:
        """Return the items after an entry, and every part."""
        last = whole(id, 8)
        return self._update(0 if last is None else last + 1, self._shown)

    def _update(self, first: int, parts: Mapping[str, str]) -> Update | None:
        rows = self.record.rows[: self._rows]
        first = max(first, begin(rows))
        fresh = [i for i in transcript.items(rows if first < len(rows) else ()) if i.seq >= first]
        html = "".join(partial(f"part-{name}", text) for name, text in parts.items())
        if fresh:
            html = partial("log", self.write(fresh), "beforeend") + html
        return Update(str(self._rows - 1), html) if html else None
