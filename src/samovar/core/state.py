"""Where a run stands: a fold over its events. Pure: no clock, no disk, no network."""

from collections.abc import Iterable
from functools import reduce

from msgspec import Struct
from msgspec.structs import replace

from samovar.core.event import (
    Answered,
    Asked,
    Chose,
    Closed,
    Documented,
    Done,
    Event,
    Intended,
    Judged,
    Opened,
    Overridden,
    Passed,
    Phase,
    Planned,
    Surveyed,
    Wrote,
)
from samovar.core.message import Usage
from samovar.core.talk import Talk
from samovar.core.task import Candidate, Edit, Plan, Step, Task, Verdict


class Attempt(Struct, frozen=True):
    """A candidate, what it cost, and how it was judged."""

    candidate: Candidate
    usage: Usage
    answer: str = ""
    temperature: float = 0.0
    tried: int = 1
    seconds: float = 0.0
    verdict: Verdict | None = None


class State(Struct, frozen=True, kw_only=True):
    """Everything needed to choose the next move."""

    opened: Opened | None = None
    """How the work was begun, or last taken up."""
    sandboxes: tuple[str, ...] = ()
    """Every tier that held the work, in order."""
    models: tuple[tuple[str, str], ...] = ()
    """Name and digest of every model that was asked; while none was, of the one at hand."""
    surveyed: Surveyed | None = None
    plan: Plan | None = None
    attempts: tuple[Attempt, ...] = ()
    """Of all steps, in the order they were written."""
    chosen: tuple[Chose, ...] = ()
    """One for each finished step."""
    documented: Documented | None = None
    passed: tuple[Phase, ...] = ()
    """Phases that ended with a passed verdict or with a person's override."""
    overridden: tuple[Overridden, ...] = ()
    asked: tuple[Asked, ...] = ()
    answered: tuple[Answered, ...] = ()
    intended: tuple[Intended, ...] = ()
    done: tuple[Done, ...] = ()
    calls: int = 0
    usage: Usage = Usage()
    closed: Closed | None = None
    """How it ended; None again once it goes on."""

    @property
    def task(self) -> Task:
        """What is asked. Only an opened run has one."""
        assert self.opened is not None, "a run begins with Opened"
        return self.opened.task

    @property
    def run(self) -> str:
        """Its name; empty before it is opened, as are branch and base."""
        return self.opened.run if self.opened else ""

    @property
    def branch(self) -> str:
        """The branch its commit goes to."""
        return self.opened.branch if self.opened else ""

    @property
    def base(self) -> str:
        """The commit it starts from; empty on an unborn branch, too."""
        return self.opened.base if self.opened else ""

    @property
    def phase(self) -> Phase:
        """The first phase nothing has let pass yet."""
        for phase in ("planning", "executing", "reviewing"):
            if phase not in self.passed:
                return phase
        return "complete"

    @property
    def step(self) -> Step | None:
        """The step being worked on; None before the plan and after the last step."""
        if self.plan is None or len(self.chosen) >= len(self.plan.steps):
            return None
        return self.plan.steps[len(self.chosen)]

    @property
    def trials(self) -> tuple[Attempt, ...]:
        """The attempts at the step being worked on."""
        return tuple(a for a in self.attempts if a.candidate.step == len(self.chosen))

    @property
    def question(self) -> Asked | None:
        """What a person was asked last; None once that is answered."""
        given = {(a.act, a.digest) for a in self.answered}
        last = self.asked[-1] if self.asked else None
        return last if last and (last.act, last.digest) not in given else None

    @property
    def edits(self) -> tuple[tuple[Edit, ...], ...]:
        """The edits of every finished step and of the documents, in the order they are applied."""
        picked = {c.candidate for c in self.chosen if c.candidate is not None}
        done = [a.candidate.edits for a in self.attempts if a.candidate.id in picked]
        return (*done, self.documented.candidate.edits) if self.documented else tuple(done)


def fold(state: State, event: Event) -> State:
    """Return the state after one more event; what is said in a conversation is `talk`'s."""
    if isinstance(event, Talk):
        return state
    state = replace(state, closed=None)
    match event:
        case Opened():
            return _opened(state, event)
        case Surveyed():
            return replace(state, surveyed=event)
        case Planned(plan=plan):
            return _spent(replace(state, plan=plan), event)
        case Wrote():
            return _spent(_wrote(state, event), event)
        case Judged():
            return _judged(state, event)
        case Chose():
            return _spent(replace(state, chosen=(*state.chosen, event)), event)
        case Documented():
            return _spent(replace(state, documented=event), event)
        case Passed(phase=phase) | Overridden(phase=phase):
            by_word = (event,) if isinstance(event, Overridden) else ()
            return replace(
                state,
                passed=(*state.passed, phase),
                overridden=(*state.overridden, *by_word),
            )
        case Asked() | Answered() | Intended() | Done():
            return _acted(state, event)
        case Closed():
            return replace(state, closed=event)


def replay(events: Iterable[Event]) -> State:
    """Return the state a log leads to."""
    return reduce(fold, events, State())


def _opened(state: State, event: Opened) -> State:
    models = state.models if state.calls else ((event.model, event.digest),)
    held = tuple(dict.fromkeys((*state.sandboxes, event.sandbox)))
    return replace(state, opened=event, models=models, sandboxes=held)


def _spent(state: State, event: Planned | Wrote | Chose | Documented) -> State:
    """Return the state with what an event cost, and which model was asked for it."""
    models = state.models
    if event.calls and state.opened is not None:
        models = tuple(dict.fromkeys((*models, (state.opened.model, state.opened.digest))))
    return replace(
        state, usage=state.usage + event.usage, calls=state.calls + event.calls, models=models
    )


def _wrote(state: State, event: Wrote) -> State:
    attempt = Attempt(
        event.candidate,
        event.usage,
        answer=event.answer,
        temperature=event.temperature,
        tried=event.tried,
        seconds=event.seconds,
    )
    return replace(state, attempts=(*state.attempts, attempt))


def _judged(state: State, event: Judged) -> State:
    attempts = tuple(
        replace(a, verdict=event.verdict) if a.candidate.id == event.candidate else a
        for a in state.attempts
    )
    return replace(state, attempts=attempts)


def _acted(state: State, event: Asked | Answered | Intended | Done) -> State:
    match event:
        case Asked():
            return replace(state, asked=(*state.asked, event))
        case Answered():
            return replace(state, answered=(*state.answered, event))
        case Intended():
            return replace(state, intended=(*state.intended, event))
        case Done():
            state = replace(state, done=(*state.done, event))
            return replace(state, closed=undone(event)) if event.act == "undo" else state


def undone(event: Done) -> Closed:
    """Return the end of a run whose commit was taken back."""
    return Closed(outcome=f"the commit {event.result[:12]} was taken back", ok=True)
