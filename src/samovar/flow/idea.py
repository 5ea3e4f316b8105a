"""What may be tried next, and which candidate the next search starts from."""

from collections.abc import Sequence

from msgspec import Struct

from samovar.core.state import Attempt, State
from samovar.core.task import Way
from samovar.flow.probes import mended
from samovar.flow.work import best, nameless, provable, proved

SEARCHED = 3
"""Candidates whose small edits are tried: one early, others when the model has had its say."""
NEAR = 0.8
"""Of the best score: a candidate this good that fails otherwise is searched before its likes."""
REFUSED = 12
"""Searches that find what the checks refuse, at most."""
COSTLY = 120.0
"""Seconds of searches and their checks after which such searches end: the model goes on."""


class Idea(Struct, frozen=True):
    """What to try next."""

    origin: str
    target: int = 0
    parent: int | None = None
    """The candidate whose failure is told; None starts afresh."""
    way: Way = "fresh"
    temperature: float = 0.0
    skip: int = 0
    """Small edits of the parent that were tried before."""


def next_search(state: State) -> Idea | None:
    """Return which candidate, or the code as it was, is searched next, if any is."""
    # Where nothing is red any more, any edit would look as good as another.
    if "search" in state.task.off or not provable(state) or proved(state):
        return None
    searched = [a for a in state.trials if a.candidate.origin == "search"]
    last = searched[-1] if searched else None
    if last is not None and _refused(state, last):
        alike = [a for a in searched if a.candidate.parent == last.candidate.parent]
        judged = (c.seconds for a in alike if a.verdict for c in a.verdict.checks)
        spent = sum(a.seconds for a in alike) + sum(judged)
        if len(searched) < REFUSED and spent < COSTLY:
            return Idea("search", last.candidate.target, last.candidate.parent, skip=last.tried)
    done = {a.candidate.parent for a in searched}
    if None not in done:
        return Idea("search")
    models = [a for a in state.trials if a.candidate.origin == "model" and not nameless(a)]
    top = _unlike([a for a in models if a.candidate.id in done], models)
    if top is None or len(done) > SEARCHED:
        return None
    return Idea("search", top.candidate.target, top.candidate.id)


def _unlike(searched: Sequence[Attempt], models: Sequence[Attempt]) -> Attempt | None:
    """Return the best candidate not searched yet, rather one that leaves other tests red."""
    fresh = [a for a in models if a not in searched]
    known = [_left(a) for a in searched]
    top, other = best(fresh), best([a for a in fresh if _left(a) not in known])
    return other if other and top and _score(other) >= NEAR * _score(top) else top


def _left(attempt: Attempt) -> set[str]:
    """Return what is red with a candidate."""
    checks = attempt.verdict.checks if attempt.verdict else ()
    return {red for c in checks if c.exit for red in (c.failing or (c.name,))}


def _score(attempt: Attempt) -> float:
    return attempt.verdict.score if attempt.verdict else 0.0


def _refused(state: State, found: Attempt) -> bool:
    """Return whether a search mended all it was to mend, and the checks say no all the same."""
    if not found.candidate.edits or found.verdict is None or found.verdict.passed:
        return False
    return mended(state, found)
