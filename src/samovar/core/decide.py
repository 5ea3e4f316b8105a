"""What to do next, as a pure function of where the run stands."""

from msgspec import Struct

from samovar.core.state import Attempt, State


class Survey(Struct, frozen=True):
    """Run the project's checks as they stand."""


class Cut(Struct, frozen=True):
    """Cut the task into steps."""


class Write(Struct, frozen=True):
    """Write one more candidate for the present step."""


class Judge(Struct, frozen=True):
    """Run a candidate in the sandbox."""

    attempt: Attempt


class Choose(Struct, frozen=True):
    """Pick the best candidate of the present step."""


class Gate(Struct, frozen=True):
    """Let the phase pass if its verdict allows it."""


class Document(Struct, frozen=True):
    """Bring the documents up to date and write the commit message."""


class Deliver(Struct, frozen=True):
    """Ask, commit, ask, push: whatever comes next."""


class Finish(Struct, frozen=True):
    """Close the run."""


Move = Survey | Cut | Write | Judge | Choose | Gate | Document | Deliver | Finish


def decide(state: State, *, more: bool) -> Move:
    """Return the one next move.

    `more` says whether the budget allows one more candidate for the present step, and whether
    there is an idea left to try.
    """
    if state.surveyed is None:
        return Survey()
    if state.plan is None:
        return Cut()
    if state.phase == "planning":
        return Gate()
    if state.step is not None:
        return _work(state, more)
    if not any(c.candidate is not None for c in state.chosen):
        return Finish()
    if state.phase == "executing":
        return Gate()
    if state.documented is None:
        return Document()
    if state.phase == "reviewing":
        return Gate()
    return Deliver()


def _work(state: State, more: bool) -> Move:
    waiting = next((a for a in state.trials if a.candidate.edits and a.verdict is None), None)
    if waiting is not None:
        return Judge(waiting)
    green = any(a.verdict is not None and a.verdict.passed for a in state.trials)
    return Write() if more and not green else Choose()
