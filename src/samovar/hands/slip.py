"""Which conversation works on a task: `tasks/<id>.json` in the home, beside those of runs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.core.log import read, write
from samovar.core.talk import Conversation, replay
from samovar.org.seams import Job


class Kept(Struct, frozen=True, omit_defaults=True):
    """What the slip of a task says."""

    run: str = ""
    agent: str = ""
    waits: str = ""
    """The call that waits for a person's word."""


@dataclass(frozen=True)
class Slip:
    """The slip of one task."""

    home: Path
    runs: Path
    """The home whose `runs` hold the conversation."""
    job: Job

    def read(self) -> Kept:
        """Return what it says; nothing when it is missing or damaged."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return Kept()

    def keep(self, kept: Kept) -> None:
        """Store what it says, durably. Raises SetupError when the disk is full."""
        write(self._path, msgspec.json.encode(kept))

    def log(self, run: str) -> Path:
        """Return the log of a run."""
        return self.runs / "runs" / run / "events.jsonl"

    def open(self) -> tuple[str, Conversation]:
        """Return the conversation that was begun for this task and is to go on, if there is one.

        One with an answer is always to be delivered: what was cut off lies behind it. One that
        ended without counts when a crash cut off its report: then this is a later attempt. Raises
        SetupError for a damaged log.
        """
        kept = self.read()
        if not kept.run or kept.agent != self.job.agent:
            return "", Conversation()
        talk = replay(e.event for e in read(self.log(kept.run)))
        ended = talk.ended
        over = ended is not None and ended.end != "answered" and self.job.attempts < 2
        return ("", Conversation()) if talk.began is None or over else (kept.run, talk)

    @contextmanager
    def shown(self, run: str) -> Iterator[None]:
        """Lock the run, so that people see that somebody works on it; the lease is what counts."""
        path = self.log(run).with_name("lock")
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(handle)

    @property
    def _path(self) -> Path:
        return self.home / "tasks" / f"{self.job.id}.json"
