"""Finished tasks, one line of JSON each."""

from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE, SetupError


class Row(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One task, worked on once by one harness."""

    task: str
    set: str
    mode: str
    harness: str
    seed: int = 0
    scale: float = 1.0
    off: tuple[str, ...] = ()
    model: str = ""
    digest: str = ""
    """SHA-256 of the weights, where they are known."""
    machine: str = ""
    """What it was measured on."""
    commit: str = ""
    """Samovar's own commit; with `+` when files were changed since."""
    solved: bool
    first: bool
    """Whether the first try already solved it."""
    claimed: bool = False
    """Whether the harness itself said that it is done."""
    why: str = ""
    error: str = ""
    """What broke the harness off, if anything did."""
    passed: int = 0
    wanted: int = 0
    timeout: bool = False
    calls: int = 0
    prompt: int = 0
    """Tokens sent, cached ones included."""
    cached: int = 0
    generated: int = 0
    second_calls: int = 0
    """Of the calls, those of a second try."""
    second_generated: int = 0
    model_seconds: float = 0.0
    seconds: float = 0.0
    """Wall time of the harness, without the grader."""

    @property
    def weights(self) -> str:
        """Which model it was: servers call the same file by several names."""
        return self.digest or self.model

    @property
    def key(self) -> tuple[object, ...]:
        """What makes a row one of a kind."""
        where = (self.task, self.mode, self.harness, self.weights)
        return (*where, self.seed, self.scale, self.off)

    @property
    def group(self) -> tuple[str, str, str, str, float, tuple[str, ...]]:
        """The line of a table it belongs to."""
        return (self.set, self.mode, self.weights, self.harness, self.scale, self.off)


def read(path: Path) -> list[Row]:
    """Return the rows of a file, of several of one key the last: a task that was done anew.

    A missing file holds none, and a half line at the end is dropped. Raises SetupError naming the
    line that is damaged.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    found: dict[tuple[object, ...], Row] = {}
    for number, line in enumerate(lines[:-1], 1):
        try:
            row = msgspec.json.decode(line, type=Row)
        except UNREADABLE as error:
            raise SetupError(f"{path}, line {number}: {error}; remove it") from error
        found[row.key] = row
    return list(found.values())


def append(path: Path, row: Row) -> None:
    """Add a row; a half line that a crash left is cut off first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as handle:
        handle.seek(0)
        data = handle.read()
        handle.truncate(data.rfind(b"\n") + 1)
        handle.write(msgspec.json.encode(row) + b"\n")
