"""Probes: by what a search tells a better version from a worse one, many times a second."""

import re
from pathlib import PurePath

from samovar.core.seams import Tree, text_of
from samovar.core.state import Attempt, State
from samovar.core.task import Checked, Probe, Target
from samovar.flow.source import words
from samovar.flow.work import examples, goals, lost, passing, red

MOST = 200
"""Tests that were green and are run after each edit that mends something, at most."""
UNKNOWN = 60
"""Red tests where a file could not even be collected: whatever collects is better."""


def failing(state: State, attempt: Attempt | None) -> tuple[str, ...]:
    """Return the tests that a candidate leaves red, or that are red without one."""
    if attempt is not None and attempt.verdict is not None:
        apart = set(red(state)) - set(goals(state))
        left = (t for c in _tests(attempt) for t in c.failing)
        return tuple(t for t in left if t not in apart) or goals(state)
    return goals(state)


def count(state: State, attempt: Attempt | None) -> int:
    """Return how much of the probe is red, at least one.

    A file that cannot be collected hides how many tests it has.
    """
    if examples(state):
        if attempt is None or attempt.verdict is None:
            return len(examples(state))
        return max(1, len(_unmet(attempt.verdict.checks)) + len(_broken(state, attempt)))
    tests = failing(state, attempt)
    return max(1, len(tests) if all("::" in t for t in tests) else UNKNOWN)


def probe(state: State, attempt: Attempt | None) -> Probe:
    """Return what must become green."""
    if examples(state):
        return Probe(_broken(state, attempt) if attempt else (), examples(state))
    return Probe(failing(state, attempt))


def pass_to_pass(
    state: State, tree: Tree, attempt: Attempt | None, place: Target
) -> tuple[str, ...]:
    """Return tests that are green and are to stay so, those that edits broke before first."""
    if examples(state):
        left = _broken(state, attempt) if attempt else ()
    else:
        left = failing(state, attempt)
        rest = tuple(t for t in [*goals(state), *passing(state)] if t not in left)
        if len(rest) <= MOST:
            return rest
    searched = [a for a in state.trials if a.candidate.origin == "search"]
    theirs = [t for a in searched for t in _broken(state, a)]
    near = dict.fromkeys([*theirs, *_near(state, tree, place)])
    return tuple(t for t in near if t not in left)[:MOST]


def mended(state: State, attempt: Attempt) -> bool:
    """Return whether a candidate makes green all that is to become green."""
    if attempt.verdict is None or _unmet(attempt.verdict.checks):
        return False
    return not {t for c in attempt.verdict.checks for t in c.failing} & set(goals(state))


def _near(state: State, tree: Tree, place: Target) -> list[str]:
    """Return the green tests of the files that speak of a place, those of its module first."""
    path = PurePath(place.path)
    module = path.parent.name if path.stem == "__init__" else path.stem
    name = place.symbol.split(".")[0] or module
    files: dict[str, list[str]] = {}
    for test in passing(state):
        files.setdefault(test.split("::")[0], []).append(test)
    near = [f for f in files if re.search(rf"\b{re.escape(name)}\b", text_of(tree, f))]
    near.sort(key=lambda f: module.lower() not in words(PurePath(f).stem))
    return [test for f in near for test in files[f]]


def _unmet(checks: tuple[Checked, ...]) -> list[Checked]:
    return [c for c in checks if c.name.startswith("example") and c.exit != 0]


def _broken(state: State, attempt: Attempt) -> tuple[str, ...]:
    """Return tests that were green before and are not with a candidate."""
    return tuple(t for c in _tests(attempt) for t in lost(state, c))[:MOST]


def _tests(attempt: Attempt) -> list[Checked]:
    return [c for c in attempt.verdict.checks if c.name == "tests"] if attempt.verdict else []
