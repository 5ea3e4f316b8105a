"""Which run works on each task of a team, as the slips in its home say."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from samovar.hands.slip import Slip
from samovar.org.seams import Job


@dataclass(frozen=True)
class Slips:
    """The slips of a home, each read again only when it has changed."""

    home: Path
    _known: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By file: when it was written, and the run it names."""

    def on(self, jobs: Iterable[Job]) -> list[Job]:
        """Return tasks with the run that works on each, or did; without a slip as they are."""
        written = self._written()
        return [self._with_run(job, written.get(f"{job.id}.json")) for job in jobs]

    def _with_run(self, job: Job, at: int | None) -> Job:
        if at is None:
            return job
        file = f"{job.id}.json"
        if self._known.get(file, (None, ""))[0] != at:
            self._known[file] = (at, Slip(self.home, self.home, job).read().run)
        run = self._known[file][1]
        return replace(job, run=run) if run else job

    def _written(self) -> dict[str, int]:
        try:
            with os.scandir(self.home / "tasks") as found:
                return {e.name: e.stat(follow_symlinks=False).st_mtime_ns for e in found}
        except FileNotFoundError:
            return {}
