"""What parcels are called: a word, the task, and the claim they belong to."""

import re
from typing import Literal, cast, get_args

from msgspec import Struct

from samovar.org.seams import Job

Word = Literal["want", "to", "back", "taken"]
"""A worker wants files; the home sends them; the worker sends them back; the home has them."""
_NAME = re.compile(rf"({'|'.join(get_args(Word))})/(\d+)/(\d+)", re.ASCII)


class Label(Struct, frozen=True):
    """The name of a parcel."""

    word: Word
    job: int
    fence: int
    """Which claim: a worker that was overtaken reads and writes under an old number."""

    @property
    def name(self) -> str:
        """Return it as the parcels know it."""
        return f"{self.word}/{self.job}/{self.fence}"

    def but(self, word: Word) -> "Label":
        """Return the label of the same claim with another word."""
        return Label(word, self.job, self.fence)


def label(word: Word, job: Job) -> Label:
    """Return the label for a job that is held."""
    return Label(word, job.id, job.fence)


def read(name: str) -> Label | None:
    """Take a name apart; None for one no parcel of a task has."""
    found = _NAME.fullmatch(name)
    return Label(cast(Word, found[1]), int(found[2]), int(found[3])) if found else None
