"""Which runs worked on a task: `tasks/<id>.json` in the home, its slip."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import UNREADABLE, Unwritable
from samovar.core.log import write
from samovar.core.text import first_words
from samovar.org.seams import Job

GOES_ON = "goes_on"
"""What names, in the data of a task, the run that it was filed to go on with."""


class Kept(Struct, frozen=True, omit_defaults=True):
    """What the slip of a task says."""

    run: str = ""
    """The run that works on it, or did last; a conversation is one, too."""
    agent: str = ""
    waits: str = ""
    """The call that waits for a person's word."""
    before: tuple[str, ...] = ()
    """The runs of earlier attempts, the oldest first."""


def run_name(job: Job, number: int = 1) -> str:
    """Return a name for a run on a task, in which no time of day stands.

    It says the task, the claim under which it is worked on and what it is about; later ones of
    the same claim have a number.
    """
    name = f"task-{job.id:05}-{job.fence}-{first_words(job.text)}"
    return name if number == 1 else f"{name}-{number}"


@contextmanager
def at_work(run: Path) -> Iterator[None]:
    """Lock a run, so that people see that somebody works on it; the lease is what counts.

    Raises Unwritable when the disk is full.
    """
    try:
        handle = os.open(run / "lock", os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unwritable(f"cannot write {run / 'lock'}: {error.strerror}") from error
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def path_of(home: Path, task: int) -> Path:
    """Return where the slip of a task lies."""
    return home / "tasks" / f"{task}.json"


def kept(home: Path, task: int) -> Kept:
    """Return what the slip of a task says; nothing when it is missing or damaged."""
    return _read(path_of(home, task))


def run_of(home: Path, job: Job) -> str:
    """Return the run that works on a task, or that it was filed to go on with; empty for none."""
    return kept(home, job.id).run or str(job.data.get(GOES_ON, ""))


def keep(home: Path, task: int, slip: Kept) -> None:
    """Store a slip, durably; a run it named so far is known as an earlier one from now on.

    Raises SetupError when the disk is full.
    """
    old = kept(home, task)
    earlier = (*old.before, old.run) if old.run not in ("", slip.run) else old.before
    write(path_of(home, task), msgspec.json.encode(replace(slip, before=earlier)))


@dataclass
class Slips:
    """The slips of a home, each read again only when it has changed."""

    home: Path
    _known: dict[str, tuple[int, Kept]] = field(default_factory=dict)

    def all(self) -> Mapping[int, Kept]:
        """Return what each slip says, by task."""
        found: dict[str, tuple[int, Kept]] = {}
        for path in (self.home / "tasks").glob("*.json"):
            stamp = _stamp(path)
            old = self._known.get(path.stem)
            same = old is not None and old[0] == stamp
            found[path.stem] = old if old and same else (stamp, _read(path))
        self._known = found
        return {int(name): slip for name, (_, slip) in found.items() if name.isdecimal()}


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return -1


def _read(path: Path) -> Kept:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except (OSError, *UNREADABLE):
        return Kept()
