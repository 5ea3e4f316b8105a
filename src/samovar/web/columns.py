"""The columns of the board: where each task, or run, stands. Pure."""

from collections.abc import Sequence
from datetime import datetime
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
Columns = list[tuple[str, str, Sequence[T]]]
"""Key, title and cards of each."""


def of_tasks(jobs: Sequence[Job], approvals: Sequence[Approval], now: datetime) -> Columns[Job]:
    """Return the tasks in columns; what is over, the latest first."""
    judged = {a.task for a in approvals if a.act != "question"}
    placed: dict[str, list[Job]] = {key: [] for key in TITLES}
    for job in jobs:
        if place := _place(job, judged, now):
            placed[place].append(job)
    placed["done"] = sorted(placed["done"], key=_ended, reverse=True)[:LATELY]
    return [(key, title, placed[key][:PAGE]) for key, title in TITLES.items()]


def of_runs(lines: Sequence[RunLine]) -> Columns[RunLine]:
    """Return the runs in columns, for a home without a team."""
    return [(k, t, [r for r in lines if r.state == k][:RUNS]) for k, t in _RUNS.items()]


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
