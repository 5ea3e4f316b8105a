"""The tasks of a benchmark: folders with task.json, instructions.md, repo/ and hidden/."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE, SetupError

Mode = Literal["vis", "hid"]
"""Whether the tests lie in the repository while the work goes on."""
DEFAULT = Path("bench/sets")
HIDDEN_ONLY = ("repo-issues",)
"""Sets whose tests are never shown, and that allow no second try."""


class Facts(Struct, frozen=True, kw_only=True):
    """What task.json says."""

    id: str
    set: str
    solution_files: tuple[str, ...] | None = None
    """Files that count; None counts every file that is not protected."""
    test_files: tuple[str, ...]
    fail_to_pass: tuple[str, ...] | None = None
    """None means that all `n_tests` tests must pass."""
    pass_to_pass: tuple[str, ...] | None = None
    n_tests: int = 0
    protected: tuple[str, ...] = ()
    """Patterns of paths whose changes do not count."""
    pythonpath: tuple[str, ...] = (".",)
    time_limit_s: float = 60
    test_timeout_s: float = 10
    stop_first: bool = False


@dataclass(frozen=True)
class Exercise:
    """One task of a set."""

    folder: Path
    facts: Facts

    @property
    def repo(self) -> Path:
        """The files as they are handed over."""
        return self.folder / "repo"

    @property
    def hidden(self) -> Path:
        """The files that judge the work."""
        return self.folder / "hidden"

    @property
    def text(self) -> str:
        """The task in words."""
        return (self.folder / "instructions.md").read_text()


def find(place: Path | None = None) -> Path:
    """Return the folder of the sets: the given one, SAMOVAR_BENCH_SETS, or bench/sets.

    An archive is unpacked into bench/sets. Raises SetupError when there are none.
    """
    named = place or Path(os.environ.get("SAMOVAR_BENCH_SETS") or DEFAULT)
    if named.is_file():
        return _unpack(named)
    if not named.is_dir():
        raise SetupError(f"there are no task sets at {named}: name a folder or archive with --sets")
    return named / "sets" if (named / "sets").is_dir() else named


def load(sets: Path, name: str) -> tuple[Exercise, ...]:
    """Return the tasks of a set, by name. Raises SetupError naming the file that is wrong."""
    folders = sorted(p.parent for p in (sets / name).glob("*/task.json"))
    if not folders:
        known = ", ".join(sorted(p.name for p in sets.iterdir() if p.is_dir()))
        raise SetupError(f"there is no set {name!r} in {sets}; it holds: {known or 'nothing'}")
    return tuple(Exercise(f, _facts(f / "task.json")) for f in folders)


def named(tasks: tuple[Exercise, ...], names: Sequence[str]) -> tuple[Exercise, ...]:
    """Return the tasks of these names, or ids (`exercism/bob`), in this order; all for none.

    Raises SetupError for one there is not.
    """
    known = {task.folder.name: task for task in tasks}
    ids = {task.facts.id: task for task in tasks}
    if missing := [name for name in names if name not in known and name not in ids]:
        raise SetupError(f"there is no task {missing[0]!r}; there are: {', '.join(known)}")
    return tuple(known.get(name) or ids[name] for name in names) if names else tasks


def choose(tasks: tuple[Exercise, ...], half: int | None, limit: int) -> tuple[Exercise, ...]:
    """Return every second task when a half (0 or 1) is asked for; at most `limit`, 0 for all."""
    picked = tasks if half is None else tasks[half::2]
    return picked[:limit] if limit else picked


def mode_of(task: Exercise, wanted: Mode) -> Mode:
    """Return the mode a task is run in."""
    return "hid" if task.facts.set in HIDDEN_ONLY else wanted


def lay(task: Exercise, mode: Mode, folder: Path, over: Path | None = None) -> None:
    """Make a git repository of the task's files in a new folder.

    `over` holds files of an earlier try, which replace the original ones.
    """
    shutil.copytree(task.repo, folder, symlinks=True)
    if over is not None:
        left_out = shutil.ignore_patterns(".git", "__pycache__")
        shutil.copytree(over, folder, symlinks=True, dirs_exist_ok=True, ignore=left_out)
    if mode == "vis" and task.hidden.is_dir():
        shutil.copytree(task.hidden, folder, symlinks=True, dirs_exist_ok=True)
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "add", "-A", "-f")
    _git(folder, "commit", "-q", "--allow-empty", "-m", "chore: start")


def _facts(path: Path) -> Facts:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Facts)
    except (OSError, *UNREADABLE) as error:
        raise SetupError(f"{path}: {error}") from error


def _unpack(archive: Path) -> Path:
    if not any(DEFAULT.glob("*/*/task.json")):
        DEFAULT.parent.mkdir(parents=True, exist_ok=True)
        try:
            with tarfile.open(archive) as opened:
                opened.extractall(DEFAULT.parent, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise SetupError(f"cannot unpack {archive}: {error}") from error
    return find(DEFAULT)


def _git(folder: Path, *words: str) -> None:
    person = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
    plain = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *person, *plain, *words],
        cwd=folder,
        env={**os.environ, **alone},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise SetupError(f"git {words[0]} failed in {folder}: {done.stderr.strip()}")
