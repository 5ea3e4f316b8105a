"""Every move, and the state that asks for it."""

import pytest
from msgspec.structs import replace

from samovar.core import decide as moves
from samovar.core.decide import decide
from samovar.core.event import Chose, Documented, Judged, Opened, Passed, Planned, Surveyed, Wrote
from samovar.core.loop import work
from samovar.core.state import State, replay
from samovar.core.task import Candidate, Edit, Plan, Step, Target, Task, Verdict

GOOD, BAD = Verdict(passed=True), Verdict(passed=False)
STEP = Step(title="a", strategy="write", targets=(Target("a.py"),))
OPENED = Opened(run="r", task=Task(id="r", text="do"))
SURVEYED = Surveyed(verdict=BAD)
PLANNED = Planned(plan=Plan((STEP,)))
PLAN_PASSED = Passed(phase="planning", verdict=GOOD)
WROTE = Wrote(candidate=Candidate(id=0, step=0, origin="model", edits=(Edit("a.py", "x"),)))
PROSE = Wrote(candidate=Candidate(id=0, step=0, origin="model", complaint="no code"))
GREEN, RED = Judged(candidate=0, verdict=GOOD), Judged(candidate=0, verdict=BAD)
CHOSE = Chose(step=0, candidate=0, why="", verdict=GOOD)
NOTHING = Chose(step=0, candidate=None, why="", verdict=BAD)
EXECUTED = Passed(phase="executing", verdict=GOOD)
DOCUMENTED = Documented(candidate=Candidate(id=-1, step=1, origin="model"), message="m")
REVIEWED = Passed(phase="reviewing", verdict=GOOD)
PLANS = (OPENED, SURVEYED, PLANNED)
WORKS = (*PLANS, PLAN_PASSED)
CHOSEN = (*WORKS, WROTE, GREEN, CHOSE)

TABLE = [
    ((OPENED,), True, moves.Survey()),
    ((OPENED, SURVEYED), True, moves.Cut()),
    (PLANS, True, moves.Gate()),
    (WORKS, True, moves.Write()),
    (WORKS, False, moves.Choose()),
    ((*WORKS, WROTE), True, "judge"),
    ((*WORKS, WROTE), False, "judge"),
    ((*WORKS, PROSE), True, moves.Write()),
    ((*WORKS, PROSE), False, moves.Choose()),
    ((*WORKS, WROTE, RED), True, moves.Write()),
    ((*WORKS, WROTE, RED), False, moves.Choose()),
    ((*WORKS, WROTE, GREEN), True, moves.Choose()),
    ((*WORKS, WROTE, RED, NOTHING), True, moves.Finish()),
    (CHOSEN, True, moves.Gate()),
    ((*CHOSEN, EXECUTED), True, moves.Document()),
    ((*CHOSEN, EXECUTED, DOCUMENTED), True, moves.Gate()),
    ((*CHOSEN, EXECUTED, DOCUMENTED, REVIEWED), True, moves.Deliver()),
]


@pytest.mark.parametrize(("happened", "more", "move"), TABLE)
def test_each_state_asks_for_one_move(happened, more, move):
    state = replay(happened)
    wanted = moves.Judge(state.attempts[-1]) if move == "judge" else move
    assert decide(state, more=more) == wanted


def test_the_table_names_every_move():
    seen = {"Judge" if m == "judge" else type(m).__name__ for _, _, m in TABLE}
    assert seen == {m.__name__ for m in moves.Move.__args__}


def test_a_plan_without_steps_ends_the_run():
    empty = replace(PLANNED, plan=Plan(()))
    assert decide(replay([OPENED, SURVEYED, empty, PLAN_PASSED]), more=True) == moves.Finish()


async def test_the_loop_does_nothing_after_the_end():
    async def never(_move, _state, /):
        raise AssertionError("nothing more may happen")

    closed = replace(State(), closed=object())
    assert [e async for e in work(closed, never, lambda _s: True)] == []
