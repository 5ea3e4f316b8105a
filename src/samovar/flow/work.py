"""What the stages share: the files as they stand, and which candidate is the best so far."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from samovar.core.seams import Tree, text_of
from samovar.core.state import Attempt, State
from samovar.core.task import Candidate, Checked, Step, Strategy, Target, apply
from samovar.flow.source import MARK


class Files(Mapping[str, str]):
    """The text of a tree's files with a change, read when first asked for; a new file is empty.

    It is without the byte order mark, which no model writes.
    """

    def __init__(self, tree: Tree, changed: Mapping[str, str]) -> None:
        self.tree = tree
        self.text = dict(changed)
        self.known = frozenset(tree.paths()) | frozenset(changed)

    def __getitem__(self, path: str) -> str:
        if path not in self.text:
            self.text[path] = self.tree.read(path) if path in self.known else ""
        return self.text[path].removeprefix(MARK)

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


def finished(state: State, tree: Tree) -> dict[str, str]:
    """Return the files changed by the steps that are done."""
    changed: dict[str, str] = {}
    for edits in state.edits:
        changed |= _marked(apply(edits, Files(tree, changed)), tree)
    return changed


def changed_by(state: State, tree: Tree, candidate: Candidate | None) -> dict[str, str]:
    """Return the files as they are with the finished steps and one more candidate."""
    before = finished(state, tree)
    if candidate is None:
        return before
    return before | _marked(apply(candidate.edits, Files(tree, before)), tree)


def _marked(changed: Mapping[str, str], tree: Tree) -> dict[str, str]:
    """Return the changed files with the byte order mark that each began with."""
    return {
        path: MARK + text.removeprefix(MARK) if text_of(tree, path).startswith(MARK) else text
        for path, text in changed.items()
    }


def best(attempts: Sequence[Attempt]) -> Attempt | None:
    """Return the judged attempt with the highest score, the earliest of equals."""
    judged = [a for a in attempts if a.verdict is not None]
    return max(judged, key=lambda a: a.verdict.score if a.verdict else 0.0, default=None)


def standing(state: State) -> Attempt | None:
    """Return the candidate that the last step to keep one kept; None while all is as it was."""
    picked = [c.candidate for c in state.chosen if c.candidate is not None]
    return next((a for a in state.attempts if picked and a.candidate.id == picked[-1]), None)


def proved(state: State) -> bool:
    """Return whether finished steps turned green what was red: no further one can prove more."""
    last = standing(state)
    return last is not None and last.verdict is not None and last.verdict.passed


def nameless(attempt: Attempt) -> bool:
    """Return whether names that nobody defines are all that is wrong."""
    checks = attempt.verdict.checks if attempt.verdict else ()
    return {c.name for c in checks if c.exit} == {"names"}


SMALLEST = 60
"""Generated tokens below which no answer is asked for."""


def affords(state: State, *limits: int) -> bool:
    """Return whether the budget has one more call of each of so many generated tokens."""
    budget, usage = state.task.budget, state.usage
    enough = usage.generated + sum(limits) <= budget.generated
    return state.calls + len(limits) <= budget.calls and enough


def later(state: State) -> list[int]:
    """Return the generated tokens of one answer for each step after the present one."""
    steps = len(state.plan.steps) if state.plan else 1
    return [state.task.budget.reply] * (steps - len(state.chosen) - 1)


def red(state: State) -> tuple[str, ...]:
    """Return the tests that failed before the work began."""
    if state.surveyed is None:
        return ()
    return tuple(t for c in state.surveyed.verdict.checks for t in c.failing)


def goals(state: State) -> tuple[str, ...]:
    """Return the red tests that the task is about; they must become green."""
    return state.plan.goals if state.plan else ()


def examples(state: State) -> tuple[str, ...]:
    """Return the checks that come from the task's own words."""
    return state.plan.examples if state.plan else ()


def wordless(state: State) -> bool:
    """Return whether the checks failed before without naming a test: only the exit code counts."""
    surveyed = state.surveyed
    return surveyed is not None and not surveyed.verdict.passed and not red(state)


def passing(state: State) -> tuple[str, ...]:
    """Return the tests that passed before the work began, in their order."""
    if state.surveyed is None:
        return ()
    return tuple(t for c in state.surveyed.verdict.checks for t in c.passing)


def kept(state: State) -> frozenset[str]:
    """Return the tests that passed before the work began; they must go on passing."""
    return frozenset(passing(state))


def lost(state: State, tests: Checked) -> list[str]:
    """Return the tests that passed before the work began and do not now.

    A parameter may have another name each time, such as one that holds the time of day: as many
    that pass and were not there before stand for those that are gone.
    """
    gone = kept(state) - set(tests.passing)
    nowhere = gone - set(tests.failing)
    fresh = Counter(map(_function, set(tests.passing) - kept(state) - set(red(state))))
    wanted = Counter(map(_function, nowhere))
    renamed = {t for t in nowhere if fresh[_function(t)] >= wanted[_function(t)]}
    return sorted(gone - renamed)


def _function(test: str) -> str:
    """Return a test's name without its parameters; alike only where it has some."""
    name, bracket, _ = test.partition("[")
    return name + bracket


def provable(state: State) -> bool:
    """Return whether anything here can prove a change: a red check that must become green."""
    return bool(goals(state)) or wordless(state) or bool(examples(state))


def manner(step: Step, target: Target) -> Strategy:
    """Return how the code of a place is asked for."""
    return "edit" if target.long else step.strategy


def off(state: State) -> tuple[str, ...]:
    """Return what is switched off; docstrings stay as they are where the task is about them."""
    about = re.search(r"\bdoc(string|ument|test)", state.task.text, re.I)
    return (*state.task.off, "docstrings") if about else state.task.off
