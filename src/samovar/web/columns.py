"""The columns of the board: where each task, or run, stands. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from samovar.org.seams import Approval, Job
from samovar.web.shelf import RunLine

PAGE, LATELY, RUNS = 200, 12, 30
"""Cards of a column: in general, of what is over, and of runs."""
TITLES = {
    "planned": "Planned",
    "ready": "Ready",
    "running": "Running",
    "review": "Review",
    "blocked": "Blocked",
    "failed": "Failed",
    "done": "Done lately",
}
_RUNS = {
    "running": "Running",
    "waiting": "Waiting for you",
    "stopped": "Stopped",
    "failed": "Failed",
    "done": "Done",
    "undone": "Undone",
}
_PLACES = {"running": "running", "failed": "failed", "dead": "failed", "done": "done"}

T = TypeVar("T")
Columns = list[tuple[str, str, Sequence[T], int]]
"""Key, title and cards of each, and how many there would be with those that are not shown."""


def of_tasks(jobs: Sequence[Job], approvals: Sequence[Approval], now: datetime) -> Columns[Job]:
    """Return the tasks in columns; what is over, the latest first."""
    judged = {a.task for a in approvals if a.act != "question"}
    placed: dict[str, list[Job]] = {key: [] for key in TITLES}
    for job in jobs:
        if place := _place(job, judged, now):
            placed[place].append(job)
    placed["done"] = sorted(placed["done"], key=_ended, reverse=True)[:LATELY]
    return [(k, title, placed[k][:PAGE], len(placed[k])) for k, title in TITLES.items()]


def neighbours(jobs: Sequence[Job], now: datetime) -> tuple[Mapping[int, int], Mapping[int, int]]:
    """Return before which task each ready one goes to be earlier, and to be later; 0 for last.

    Those at an end are left out. The tasks of one agent and column stand in one row, shown or not.
    """
    rows: dict[tuple[str, str], list[int]] = {}
    for job in (j for j in jobs if j.state == "ready"):
        rows.setdefault((job.agent, _place(job, set(), now)), []).append(job.id)
    earlier = {id: before for row in rows.values() for before, id in pairwise(row)}
    pairs = (zip(row[:-1], [*row[2:], 0], strict=False) for row in rows.values())
    return earlier, {id: to for row in pairs for id, to in row}


def of_runs(lines: Sequence[RunLine]) -> Columns[RunLine]:
    """Return the runs in columns, for a home without a team."""
    placed = {k: [r for r in lines if r.state == k] for k in _RUNS}
    return [(k, t, placed[k][:RUNS], len(placed[k])) for k, t in _RUNS.items()]


def _ended(job: Job) -> tuple[float, int]:
    return (job.ended.timestamp() if job.ended else 0.0, job.id)


def _place(job: Job, judged: set[int], now: datetime) -> str:
    """Return the column of a task; empty for one that was cancelled.

    Planned is what begins later. What waits is in review where a person is to look at its work, and
    blocked where it lacks something else.
    """
    match job.state:
        case "ready":
            return "planned" if job.until and job.until > now else "ready"
        case "waiting":
            return "review" if job.id in judged else "blocked"
        case state:
            return _PLACES.get(state, "")
