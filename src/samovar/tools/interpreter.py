"""Which Python runs a program inside the sandbox."""

import sys
from pathlib import Path

from msgspec import Struct

PROGRAMS = Path(__file__).parent / "inside"
"""Our own programs for inside."""


class Interpreter(Struct, frozen=True):
    """A Python and the folders it needs."""

    python: str
    readable: tuple[Path, ...] = ()
    path: str = "/usr/local/bin:/usr/bin:/bin"
    """Where a shell looks for programs, after the interpreter's own folder."""

    def argv(self, program: str) -> tuple[str, ...]:
        """Return the words that run one of our own programs."""
        return (self.python, "-u", "-B", str(PROGRAMS / f"{program}.py"))

    @property
    def shown(self) -> tuple[Path, ...]:
        """The folders it needs, and our programs."""
        return (*self.readable, PROGRAMS)


def own() -> Interpreter:
    """Return the Python samovar itself runs on."""
    return Interpreter(sys.executable, (Path(sys.prefix), Path(sys.base_prefix)))
