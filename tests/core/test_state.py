"""Folding: the log says everything, and only the log does."""

import random

import msgspec
import pytest
from msgspec.structs import replace

from samovar.core.decide import Judge, decide
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
    Planned,
    Surveyed,
    Wrote,
)
from samovar.core.log import JsonlLog
from samovar.core.message import Usage
from samovar.core.state import State, fold, replay
from samovar.core.task import Candidate, Edit, Plan, Step, Target, Task, Verdict

GOOD, BAD = Verdict(passed=True, why="good"), Verdict(passed=False, why="bad", score=0.3)


def step(path: str) -> Step:
    return Step(title=path, strategy="write", targets=(Target(path),))


def wrote(number: int, at: int = 0, text: str = "x\n", **fields) -> Wrote:
    edits = (Edit("a.py", text),) if text else ()
    candidate = Candidate(id=number, step=at, origin="model", edits=edits)
    return Wrote(candidate=candidate, usage=Usage(10, 2, 5), **fields)


START: tuple[Event, ...] = (
    Opened(run="r", task=Task(id="r", text="do")),
    Surveyed(verdict=BAD),
    Planned(plan=Plan((step("a.py"), step("b.py"))), usage=Usage(1, 0, 1), calls=1),
    Passed(phase="planning", verdict=GOOD),
)


def test_an_empty_log_leads_to_an_empty_state():
    assert replay(()) == State()
    assert State().phase == "planning"
    assert State().step is None


COMMIT, PUSH = Asked(act="commit", digest="d"), Asked(act="push", digest="d")
WAITING = Closed(outcome="waits", ok=False, exit_code=4)


@pytest.mark.parametrize(
    ("happened", "question"),
    [
        ((), None),
        ((COMMIT,), COMMIT),
        ((COMMIT, WAITING), COMMIT),
        ((COMMIT, Answered(act="commit", digest="other", yes=True)), COMMIT),
        ((COMMIT, Answered(act="commit", digest="d", yes=False)), None),
        ((COMMIT, Answered(act="commit", digest="d", yes=True), PUSH), PUSH),
    ],
)
def test_a_question_is_open_until_exactly_it_is_answered(happened, question):
    assert replay((*START, *happened)).question == question


def test_a_run_that_goes_on_is_not_closed_any_more():
    waits = replay((*START, COMMIT, WAITING))
    assert waits.closed is not None and waits.closed.waits
    assert fold(waits, Answered(act="commit", digest="d", yes=True)).closed is None
    assert not Closed(outcome="red", ok=False, exit_code=1).waits


def test_the_state_counts_what_models_cost():
    chose = Chose(step=0, candidate=0, why="", verdict=GOOD, usage=Usage(3, 0, 2), calls=1)
    state = replay([*START, wrote(0), wrote(1, calls=0), chose])
    assert state.usage == Usage(24, 4, 13)
    assert state.calls == 3


def test_the_models_are_those_that_were_asked():
    first, second = (replace(START[0], model=name, digest=name) for name in "ab")
    ready = replay([first, second, *START[1:2]])
    assert ready.models == (("b", "b"),)
    asked = replay([first, *START[1:], wrote(0), second, wrote(1, calls=0)])
    assert asked.models == (("a", "a"),)
    assert fold(asked, wrote(2)).models == (("a", "a"), ("b", "b"))


def test_a_verdict_belongs_to_its_candidate_alone():
    state = replay([*START, wrote(0), wrote(1), Judged(candidate=1, verdict=BAD)])
    assert [a.verdict for a in state.attempts] == [None, BAD]


def test_steps_follow_one_another():
    state = replay([*START, wrote(0)])
    assert state.step == step("a.py")
    assert len(state.trials) == 1
    state = fold(state, Chose(step=0, candidate=0, why="", verdict=GOOD))
    assert state.step == step("b.py")
    assert state.trials == ()
    assert state.edits == ((Edit("a.py", "x\n"),),)
    state = fold(state, Chose(step=1, candidate=None, why="", verdict=BAD))
    assert state.step is None


def test_an_override_lets_a_phase_pass_and_is_remembered():
    state = replay([*START, Overridden(phase="executing", by="ada", why="hurry")])
    assert state.phase == "reviewing"
    assert state.overridden[0].by == "ada"


def test_documents_are_applied_after_the_steps():
    document = Candidate(id=-1, step=1, origin="model", edits=(Edit("NEWS", "n"),))
    chose = Chose(step=0, candidate=0, why="", verdict=GOOD)
    state = replay([*START, wrote(0), chose, Documented(candidate=document, message="m")])
    assert state.edits == ((Edit("a.py", "x\n"),), (Edit("NEWS", "n"),))


def test_acts_are_kept_in_their_order():
    acts = [
        Asked(act="commit", digest="1"),
        Answered(act="commit", digest="1", yes=True),
        Intended(act="commit", key="k"),
        Done(act="commit", key="k", result="c"),
        Closed(outcome="ok", ok=True),
    ]
    state = replay([*START, *acts])
    assert (*state.asked, *state.answered, *state.intended, *state.done) == tuple(acts[:4])
    assert state.closed == acts[4]


def test_a_state_without_a_beginning_has_no_task():
    with pytest.raises(AssertionError, match="begins with Opened"):
        _ = State().task


@pytest.mark.parametrize("seed", range(100))
def test_the_log_leads_to_the_live_state(seed, tmp_path):
    """Ten random histories each: what is read back folds to what the run saw."""
    for number in range(10):
        dice = random.Random(f"{seed}-{number}")
        live, happened = history(dice)
        kept = dice.randrange(1, len(happened) + 1)
        log = JsonlLog(tmp_path / f"{number}.jsonl")
        if number == 0:
            for event in happened:
                log.append(event)
            assert replay(e.event for e in log.read()) == live
        assert replay(_through_json(happened)) == live
        assert _fold_on(replay(happened[:kept]), happened[kept:]) == live


def history(dice: random.Random) -> tuple[State, list[Event]]:
    """Live a random run to its end."""
    state, happened = State(), []
    event: Event = Opened(run="r", task=Task(id="r", text="t" * dice.randrange(1, 50)))
    while True:
        happened.append(event)
        state = fold(state, event)
        if state.closed is not None:
            return state, happened
        assert len(happened) < 200, "a run ends"
        event = _random_event(dice, state)


def _random_event(dice: random.Random, state: State) -> Event:
    verdict = dice.choice([GOOD, BAD])
    move = decide(state, more=dice.random() < 0.7 and len(state.trials) < 6)
    match type(move).__name__:
        case "Survey":
            return Surveyed(verdict=verdict, command="pytest")
        case "Cut":
            count = dice.randrange(0, 4)
            return Planned(plan=Plan(tuple(step(f"{n}.py") for n in range(count))), calls=1)
        case "Write":
            text = dice.choice(["", "x\n", "\u00e9\r\n"])
            return wrote(len(state.attempts), len(state.chosen), text, tried=dice.randrange(9))
        case "Judge":
            assert isinstance(move, Judge)
            return Judged(candidate=move.attempt.candidate.id, verdict=verdict)
        case "Choose":
            picked = dice.choice([None, *[a.candidate.id for a in state.trials]])
            return Chose(step=len(state.chosen), candidate=picked, why="", verdict=verdict)
        case "Gate":
            return dice.choice(
                [
                    Passed(phase=state.phase, verdict=GOOD),
                    Overridden(phase=state.phase, by="p", why="w"),
                    Closed(outcome="red", ok=False, exit_code=1),
                ]
            )
        case "Document":
            candidate = Candidate(id=-1, step=len(state.chosen), origin="model")
            return Documented(candidate=candidate, message="m", usage=Usage(1, 1, 1), calls=1)
        case "Deliver":
            return dice.choice(
                [
                    Asked(act="commit", digest="d"),
                    Answered(act="commit", digest="d", yes=dice.random() < 0.5),
                    Intended(act="commit", key="k"),
                    Done(act="commit", key="k", result="c"),
                    Closed(outcome="kept", ok=True),
                ]
            )
        case _:
            return Closed(outcome="nothing", ok=False, exit_code=1)


def _through_json(happened: list[Event]) -> list[Event]:
    return [msgspec.json.decode(msgspec.json.encode(e), type=Event) for e in happened]


def _fold_on(state: State, rest: list[Event]) -> State:
    for event in rest:
        state = fold(state, event)
    return state
