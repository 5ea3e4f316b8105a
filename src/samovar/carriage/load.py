"""Which files of a home belong to a task, and where they lie on the way.

In a parcel, `home/` holds files by their paths in the home, `runs/` those of runs, wherever these
are kept, and `repo.bundle` the commits.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from samovar.app import MADE, made
from samovar.core.errors import SetupError
from samovar.core.log import write
from samovar.org import kept
from samovar.org.outbox import listed, outbox_of
from samovar.org.parcel import place
from samovar.org.resume import PEOPLE, Resume
from samovar.org.roster import Roster
from samovar.org.seams import Job

HOME, RUNS, BUNDLE = "home/", "runs/", "repo.bundle"
ENTRIES = 100
"""Latest entries of each outbox the agent may read, and of its own."""
_PASSING = frozenset({"lock", "log.jsonl"})
"""Names of files that mean something where they lie only."""


def papers(home: Path, job: Job, resume: Resume, roster: Roster) -> Iterator[Path]:
    """Yield the files of a home that a task needs, but for runs and repositories."""
    for name in ("credits.json", "tick.json", f"tasks/{job.id}.json"):
        yield home / name
    for name in sorted(roster.resumes):
        yield home / "agents" / name / "resume.json"
    for owner in (job.agent, PEOPLE, *sorted(roster.reads.get(resume.name, frozenset()))):
        box = outbox_of(home, owner)
        yield from (box / each.file for each in listed(box)[-ENTRIES:])
    yield from own(home, job.agent)
    for name in resume.permissions.tools:
        yield from filter(_plain, (home / "skills").glob(f"{name}/**/*"))


def own(home: Path, agent: str) -> Iterator[Path]:
    """Yield the files an agent made for itself: its notes, and what it works on."""
    folder = home / "agents" / agent
    for path in (*folder.glob("memory/**/*.md"), *folder.glob("files/**/*")):
        if _plain(path):
            yield path


def of_runs(home: Path, runs: frozenset[str]) -> dict[str, Path]:
    """Return the files of runs, by their paths in the parcel."""
    found: dict[str, Path] = {}
    for run in sorted(runs):
        folder = home / "runs" / run
        # The copy of a project that a run works in is made anew; it is large, and not ours.
        for path in folder.glob("*"):
            if _plain(path) and path.name not in _PASSING:
                found[RUNS + path.relative_to(home / "runs").as_posix()] = path
    return found


def made_in(home: Path, run: str) -> dict[str, Path]:
    """Return what an agent made in a run and no commit takes, by its paths in the parcel."""
    folder = home / "runs" / run
    return {f"{RUNS}{run}/{MADE}/{name}": folder / MADE / name for name in made(folder)}


def run_of(home: Path, job: Job) -> str:
    """Return the run that works on a task; empty for none yet."""
    run = kept.run_of(home, job)
    return run if is_run(run) else ""


def copied(home: Path, paths: Iterator[Path], folder: Path) -> dict[str, Path]:
    """Copy files of a home aside, so that they stay as they are; return them for a parcel."""
    found: dict[str, Path] = {}
    for path in paths:
        name = path.relative_to(home).as_posix()
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(path, target, follow_symlinks=False)
        except OSError:
            # It is gone, or never was: then the task goes without.
            continue
        if _plain(target):
            found[HOME + name] = target
    return found


def put(folder: Path, name: str, source: Path, home: Path) -> None:
    """Put a file of a parcel to its place below a folder of the home, all of it or nothing."""
    target = _reached(folder, name, home)
    try:
        data = source.read_bytes()
        if not target.is_file() or target.read_bytes() != data:
            write(target, data)
    except OSError as error:
        raise SetupError(f"cannot write {target}: {error.strerror}") from error


def drop(name: str, home: Path) -> None:
    """Remove a file of a home that was removed at a worker."""
    target = _reached(home, name, home)
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        raise SetupError(f"cannot remove {target}: {error.strerror}") from error


def _reached(folder: Path, name: str, home: Path) -> Path:
    target = place(folder, name)
    if any(p.is_symlink() for p in (target, *target.parents) if p.is_relative_to(home)):
        raise SetupError(f"{target} is reached by a symbolic link: refused")
    return target


def _plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def is_run(run: str) -> bool:
    """Whether this can be the name of a run: one plain word, no path."""
    return run.replace("-", "").replace("_", "").isalnum() and run.isascii()
