"""The pipeline: carries out each move with the stage it belongs to."""

from dataclasses import dataclass

from msgspec.structs import replace

from samovar.core.decide import (
    Choose,
    Cut,
    Deliver,
    Document,
    Finish,
    Gate,
    Judge,
    Move,
    Survey,
    Write,
)
from samovar.core.event import Closed, Event, Overridden, Passed
from samovar.core.state import State
from samovar.core.task import Verdict
from samovar.core.text import count
from samovar.flow.build import write
from samovar.flow.choose import SPENT, choose
from samovar.flow.deliver import deliver
from samovar.flow.document import document
from samovar.flow.kit import Kit
from samovar.flow.plan import cut
from samovar.flow.receipt import PROVING, concluded
from samovar.flow.survey import survey
from samovar.flow.verify import judge


@dataclass(frozen=True)
class Pipeline:
    """A doer for core.loop: it knows the stages, and they do not know each other."""

    kit: Kit

    async def __call__(self, move: Move, state: State, /) -> Event:
        """Carry out one move and return what happened."""
        kit = self.kit
        match move:
            case Survey():
                return await survey(kit, state)
            case Cut():
                return await cut(kit, state)
            case Write():
                return await write(kit, state)
            case Judge(attempt=attempt):
                return await judge(kit, state, attempt)
            case Choose():
                return await choose(kit, state)
            case Gate():
                return self.gate(state)
            case Document():
                return await document(kit, state)
            case Deliver():
                return await deliver(kit, state)
            case Finish():
                return Closed(outcome=failed(state), ok=False, exit_code=1)

    def gate(self, state: State) -> Event:
        """Let the phase pass on a passed verdict, on a person's word, or close the run."""
        verdict = phase_verdict(state)
        if verdict.passed:
            return Passed(phase=state.phase, verdict=verdict)
        if self.kit.override:
            return Overridden(phase=state.phase, by="person", why=verdict.why)
        return Closed(outcome=failed(state), ok=False, exit_code=1)


def phase_verdict(state: State) -> Verdict:
    """Return the verdict on the phase the run is in."""
    if state.phase == "planning":
        steps = state.plan.steps if state.plan else ()
        return Verdict(passed=bool(steps), why=f"{len(steps)} steps", proof="none")
    verdict = concluded(state)
    if verdict is None:
        return Verdict(passed=False, why="nothing was written")
    left = next((c for c in state.chosen if c.candidate is None), None)
    if left is None or verdict.proof in PROVING or state.plan is None:
        return verdict
    # Nothing proves the whole, so every part of it must be there.
    return replace(verdict, passed=False, why=f"{state.plan.steps[left.step].title}: {left.why}")


def failed(state: State) -> str:
    """Return one line that says what was tried and why nothing was kept."""
    tried = sum(bool(a.candidate.edits) for a in state.attempts)
    top = max((a.verdict.score for a in state.attempts if a.verdict), default=0.0)
    best = next((a.verdict.why for a in state.attempts if a.verdict and a.verdict.score == top), "")
    usable = count(tried, "usable candidate")
    steps = state.plan.steps if state.plan else ()
    spent = [f"{steps[c.step].title}: {SPENT}" for c in state.chosen if c.why == SPENT]
    said = f"not solved: {usable}, {count(state.calls, 'model call')}; best: {best or 'none'}"
    # Where nothing could be tried, why not.
    wrong = [a.candidate.complaint for a in state.attempts if a.candidate.origin == "model"]
    return "; ".join([said, *spent[:1], *(wrong[-1:] if wrong and not tried else [])])
