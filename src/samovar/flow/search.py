"""Search: try small edits of the code at hand, judged by what is red now."""

import time
from collections.abc import Iterator, Mapping
from itertools import chain, islice

from samovar.core.event import Wrote
from samovar.core.state import Attempt, State
from samovar.core.task import Candidate, Edit, Target, lines
from samovar.flow.combine import combined
from samovar.flow.kit import Kit
from samovar.flow.variants import Variant, variants
from samovar.flow.work import Files, changed_by, finished, goals

MOST = 3000
"""Edits tried in one go."""
PLACES = 5
"""Functions whose edits are tried."""


async def search(kit: Kit, state: State, target: int, parent: int | None, skip: int) -> Wrote:
    """Try small edits of the base, or of a candidate, until one turns the probe green.

    The result is a candidate like any other: it is judged by all checks before it counts.
    """
    began = time.monotonic()
    step = state.step
    assert step is not None, "a search belongs to a step"
    attempt = next((a for a in state.attempts if a.candidate.id == parent), None)
    base = changed_by(state, kit.tree, attempt.candidate if attempt else None)
    probe = _probe(state, attempt)
    places = [step.targets[target]] if attempt else list(step.targets[:PLACES])
    files = Files(kit.tree, base)
    reached = {} if "trace" in state.task.off else await kit.checks.reach(probe, base)
    small = ({path: v.apply(files[path])} for path, v in _edits(places, attempt, files, reached))
    joined = _combinations(state, attempt, kit, files) if attempt else ()
    versions = list(islice(chain(joined, small), skip, skip + MOST))
    if versions:
        kit.live("step", f"trying up to {len(versions)} small edits")
    slowest = _seconds(state)
    tried, green = (
        await kit.checks.trials(versions, probe, base, seconds=slowest, total=kit.search_seconds)
        if versions
        else (0, ())
    )
    edits = _as_edits(versions[green[0]], kit, state) if green else ()
    return Wrote(
        candidate=Candidate(
            id=len(state.attempts),
            step=len(state.chosen),
            origin="search",
            edits=edits,
            complaint="" if green else f"None of {tried} small edits helps.",
            target=target,
            parent=parent,
        ),
        calls=0,
        seconds=time.monotonic() - began,
        tried=skip + tried,
    )


def _probe(state: State, attempt: Attempt | None) -> tuple[str, ...] | str:
    """Return what must become green: the tests that fail now, or the task's examples."""
    if state.plan and state.plan.examples:
        return "\n".join(state.plan.examples)
    failing = goals(state)
    if attempt is not None and attempt.verdict is not None:
        failing = tuple(t for c in attempt.verdict.checks for t in c.failing) or failing
    surveyed = state.surveyed
    passing = [t for c in surveyed.verdict.checks for t in c.passing] if surveyed else []
    rest = [t for t in [*goals(state), *passing] if t not in failing]
    return ("-x", *failing, *(rest if len(rest) <= 200 else ()))


def _edits(
    places: list[Target],
    attempt: Attempt | None,
    files: Files,
    reached: Mapping[str, Mapping[int, int]],
) -> Iterator[tuple[str, Variant]]:
    """Yield the edits of all places, the likeliest first; a lower place costs a little more."""
    found: list[tuple[float, str, Variant]] = []
    for rank, place in enumerate(places):
        first, last = place.first, place.last
        if attempt is not None and last is not None:
            grown = sum(e.text.count("\n") for e in attempt.candidate.edits)
            last = max(last, first + grown)
        for variant in variants(files[place.path], first, last, reached.get(place.path, {})):
            found.append((variant.cost + 0.5 * rank, place.path, variant))
    for _, path, variant in sorted(found, key=lambda f: f[0]):
        yield path, variant


def _combinations(
    state: State, attempt: Attempt, kit: Kit, files: Files
) -> Iterator[dict[str, str]]:
    """Yield the attempt's file with functions that other candidates wrote for it."""
    if "combine" in state.task.off:
        return
    path = attempt.candidate.edits[0].path
    others = [
        text
        for other in state.trials
        if other is not attempt and other.candidate.edits
        if (text := changed_by(state, kit.tree, other.candidate).get(path)) is not None
    ]
    for text in combined(files[path], others):
        yield {path: text}


def _as_edits(version: Mapping[str, str], kit: Kit, state: State) -> tuple[Edit, ...]:
    """Return the version as edits of the lines that differ from where the step began."""
    before = Files(kit.tree, finished(state, kit.tree))
    return tuple(difference(path, before[path], text) for path, text in version.items())


def difference(path: str, old: str, new: str) -> Edit:
    """Return the one edit, from the first to the last differing line, that turns old into new."""
    a, b = lines(old), lines(new)
    head = 0
    while head < min(len(a), len(b)) and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < min(len(a), len(b)) - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    return Edit(path, "".join(b[head : len(b) - tail]), head + 1, len(a) - tail)


def _seconds(state: State) -> float:
    """Return how long one trial may take: what the checks took, with room, at most 10 s."""
    checks = state.surveyed.verdict.checks if state.surveyed else ()
    slow = max((c.seconds for c in checks if not c.failing), default=0.0)
    return min(10.0, max(3.0, 1.5 * slow))
