"""Which conversation works on a task: `tasks/<id>.json` in the home, beside those of runs."""

from dataclasses import dataclass
from pathlib import Path

from samovar.core.log import read
from samovar.core.talk import Conversation, replay
from samovar.org import kept
from samovar.org.kept import Kept
from samovar.org.seams import Job


@dataclass(frozen=True)
class Slip:
    """The slip of one task."""

    home: Path
    runs: Path
    """The home whose `runs` hold the conversation."""
    job: Job

    def read(self) -> Kept:
        """Return what it says; nothing when it is missing or damaged."""
        return kept.kept(self.home, self.job.id)

    def keep(self, slip: Kept) -> None:
        """Store what it says, durably. Raises SetupError when the disk is full."""
        kept.keep(self.home, self.job.id, slip)

    def log(self, run: str) -> Path:
        """Return the log of a run."""
        return self.runs / "runs" / run / "events.jsonl"

    def open(self) -> tuple[str, Conversation]:
        """Return the conversation that was begun for this task and is to go on, if there is one.

        One with an answer is always to be delivered: what was cut off lies behind it. One that
        ended without counts when a crash cut off its report: then this is a later attempt. Raises
        SetupError for a damaged log.
        """
        slip = self.read()
        if not slip.run or slip.agent != self.job.agent:
            return "", Conversation()
        talk = replay(e.event for e in read(self.log(slip.run)))
        ended = talk.ended
        over = ended is not None and ended.end != "answered" and self.job.attempts < 2
        return ("", Conversation()) if talk.began is None or over else (slip.run, talk)
