"""Something wrong in a home, said so that a person can mend it."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

from msgspec import Struct

Weight = Literal["error", "warning"]
"""An error takes out the one thing it speaks of; a warning takes out nothing."""


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    file: str
    """Relative to the home."""
    field: str = ""
    """Such as `schedule.run_every_n_ticks`; empty when the file as a whole is meant."""
    wrong: str
    fix: str
    weight: Weight = "error"
    agent: str = ""

    @property
    def line(self) -> str:
        """Return it as one line: where, what, and the fix."""
        place = f"{self.file}: {self.field}" if self.field else self.file
        return f"{place} {self.wrong}; {self.fix}"


def near(word: str, known: Iterable[str]) -> str:
    """Return the fix for a name nobody knows: the known one that is most like it, or a few."""
    names = sorted(known)
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return alike(word, names) or (f"there are: {shown}" if names else "remove it")


def alike(word: str, names: Iterable[str]) -> str:
    """Return the question whether the name most like a word was meant; empty where none is."""
    found = get_close_matches(word, names, 1)
    return f'did you mean "{found[0]}"?' if found else ""
