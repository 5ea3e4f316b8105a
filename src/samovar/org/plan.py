"""Who does what of a task: cut up by a large model, or each part of a list given to a teammate.

Small models repeat what teammates are for in place of a plan, so words decide who does a task, and
the model is asked only where they say nothing (decision 26).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from samovar.core.text import one_line
from samovar.org.match import best
from samovar.org.parts import parts
from samovar.org.resume import Resume
from samovar.org.roster import Roster
from samovar.org.seams import Job

_FIELD = "part_{}"
MOST = 5
"""Tasks a model may hand out at once."""


class Order(Struct, frozen=True):
    """One task of a plan."""

    to: str
    text: str


def doers(job: Job, mates: Collection[str], roster: Roster) -> dict[str, Resume]:
    """Return who of an agent's hearers can work on parts of a task: code needs a repository."""
    known = {name: roster.resumes[name] for name in sorted(mates)}
    return {name: mate for name, mate in known.items() if mate.craft != "code" or _codes(mate, job)}


def _codes(mate: Resume, job: Job) -> bool:
    return bool(job.repo or mate.permissions.repositories)


def listed(text: str, team: Mapping[str, Resume]) -> list[Order]:
    """Return a task, or what it lists, with who it is for; empty where no word says so."""
    return [Order(best(part, team), part) for part in dict.fromkeys(parts(text))]


def drafted(names: Collection[str]) -> type:
    """Return the form of a plan that a model makes."""
    one = msgspec.defstruct("Order", [("to", Literal[tuple(names)]), ("text", str)])
    return msgspec.defstruct("Plan", [("tasks", list[one])])  # type: ignore[valid-type]


def routed(names: Collection[str], orders: Sequence[Order]) -> type:
    """Return the form that names a teammate for each task that has none."""
    fields = [
        (_FIELD.format(n), Literal[tuple(names)]) for n, o in enumerate(orders, 1) if not o.to
    ]
    return msgspec.defstruct("Route", fields)


def completed(answer: Any, orders: Sequence[Order]) -> list[Order]:
    """Return the tasks of a plan: those of an answer, or orders with the names it adds."""
    if orders:
        return [
            o if o.to else Order(getattr(answer, _FIELD.format(n)), o.text)
            for n, o in enumerate(orders, 1)
        ]
    return list(dict.fromkeys(Order(o.to, o.text.strip()) for o in answer.tasks[:MOST]))


def whose(orders: Sequence[Order]) -> str:
    """Return the question for those who do the tasks that have nobody."""
    if len(orders) == 1:
        return "Whose work is this?"
    rows = [
        f"{_FIELD.format(n)}: {one_line(o.text, 200)}" for n, o in enumerate(orders, 1) if not o.to
    ]
    return "\n".join(("Whose work is each of these parts?", *rows, ""))
