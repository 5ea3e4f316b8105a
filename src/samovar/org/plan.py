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
    """Return a task, or what it lists, with who it is for; `to` is empty where no word says so."""
    return [Order(best(part, team), part) for part in dict.fromkeys(parts(text))]


def drafted(names: Collection[str]) -> type:
    """Return the form of a plan that a model makes."""
    one = msgspec.defstruct("Order", [("to", Literal[tuple(names)]), ("text", str)])
    return msgspec.defstruct("Plan", [("tasks", list[one])])  # type: ignore[valid-type]


def routed(names: Collection[str], orders: Sequence[Order]) -> type:
    """Return the form that names a teammate for each task that has none."""
    return msgspec.defstruct("Route", [(field, Literal[tuple(names)]) for field in _open(orders)])


def completed(answer: Any, orders: Sequence[Order]) -> list[Order]:
    """Return the tasks of a plan: those of an answer, or orders with the names it adds."""
    if orders:
        named = {order: getattr(answer, field) for field, order in _open(orders).items()}
        return [Order(named.get(order, order.to), order.text) for order in orders]
    return list(dict.fromkeys(Order(o.to, o.text.strip()) for o in answer.tasks[:MOST]))


def whose(orders: Sequence[Order]) -> str:
    """Return the question for those who do the tasks that have nobody."""
    if len(orders) == 1:
        return "Whose work is this?"
    rows = [f"{field}: {one_line(order.text, 200)}" for field, order in _open(orders).items()]
    return "\n".join(("Whose work is each of these parts?", *rows, ""))


def _open(orders: Sequence[Order]) -> dict[str, Order]:
    """Return the orders that have nobody, by the field of the form that names one."""
    return {f"part_{n}": order for n, order in enumerate(orders, 1) if not order.to}
