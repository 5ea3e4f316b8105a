"""How quick the models are: every call in the logs of the latest runs, read on as they grow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median

from msgspec import Struct

from samovar.core import talk
from samovar.core.event import Documented, Opened, Wrote
from samovar.web.record import Record, Row, read

RUNS = 30
"""Latest runs that are looked at."""


class Called(Struct, frozen=True, kw_only=True):
    """One call of a model."""

    run: str
    seq: int
    at: datetime
    model: str
    seconds: float
    generated: int
    """Tokens."""
    complaint: str = ""
    """Why the answer was of no use."""


class Pace(Struct, frozen=True, kw_only=True):
    """How quick one model is."""

    model: str
    calls: int
    seconds: float
    """Of a call: the median."""
    worst: float
    speed: float
    """Generated tokens a second, in all calls together."""
    useless: int
    """Answers that held nothing to use."""
    latest: tuple[float, ...]
    """Seconds of the latest calls, the oldest first."""


@dataclass
class Calls:
    """The calls of runs whose logs were read before."""

    _known: dict[Path, tuple[int, list[Called]]] = field(default_factory=dict)

    def of(self, paths: Sequence[Path]) -> list[Called]:
        """Return the calls in these logs, the oldest first."""
        found = [c for path in paths[:RUNS] for c in self._in(path)]
        for old in self._known.keys() - set(paths[:RUNS]):
            del self._known[old]
        return sorted(found, key=lambda c: c.at)

    def _in(self, path: Path) -> list[Called]:
        try:
            size = path.stat().st_size
        except OSError:
            return []
        known = self._known.get(path)
        if known is None or known[0] != size:
            known = (size, list(_calls(read(path))))
            self._known[path] = known
        return known[1]


def paces(calls: Sequence[Called]) -> list[Pace]:
    """Return how quick each model is, the busiest first."""
    by: dict[str, list[Called]] = {}
    for call in calls:
        by.setdefault(call.model, []).append(call)
    found = [_pace(model, made) for model, made in by.items()]
    return sorted(found, key=lambda p: (-p.calls, p.model))


def _pace(model: str, calls: Sequence[Called]) -> Pace:
    seconds = [c.seconds for c in calls]
    total = sum(seconds)
    return Pace(
        model=model,
        calls=len(calls),
        seconds=median(seconds),
        worst=max(seconds),
        speed=sum(c.generated for c in calls) / total if total else 0.0,
        useless=sum(bool(c.complaint) for c in calls),
        latest=tuple(seconds[-60:]),
    )


def _calls(record: Record) -> Iterable[Called]:
    model = ""
    for row in record.rows:
        if isinstance(row.event, Opened | talk.Began):
            model = row.event.model
        made = _call(record.path.parent.name, row, model)
        if made is not None and made.seconds > 0:
            yield made


def _call(run: str, row: Row, model: str) -> Called | None:
    event = row.event
    match event:
        case Wrote(candidate=made) if made.origin == "model":
            complaint = made.complaint
        case Documented(calls=calls) if calls:
            complaint = ""
        case talk.Replied():
            complaint, model = event.complaint, event.model or model
        case _:
            return None
    return Called(
        run=run,
        seq=row.seq,
        at=row.at,
        model=model or "unnamed",
        seconds=event.seconds,
        generated=event.usage.generated,
        complaint=complaint,
    )
