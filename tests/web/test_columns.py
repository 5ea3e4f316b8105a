"""Where tasks stand on the board."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from samovar.core.log import now
from samovar.org.seams import Approval, Job
from samovar.web.columns import LATELY, of_runs, of_tasks
from samovar.web.shelf import RunLine

NOW = now()
LATER, EARLIER = NOW + timedelta(minutes=1), NOW - timedelta(minutes=1)


def placed(*jobs: Job, asked: tuple[Approval, ...] = ()) -> dict[str, list[int]]:
    return {key: [j.id for j in cards] for key, _, cards in of_tasks(jobs, asked, NOW) if cards}


def approval(task: int, act: str) -> Approval:
    return Approval(agent="a", act=act, digest="00", text="x", task=task)


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"state": "ready"}, "ready"),
        ({"state": "ready", "until": EARLIER}, "ready"),
        ({"state": "ready", "until": LATER}, "planned"),
        ({"state": "running", "until": LATER}, "running"),
        ({"state": "waiting"}, "blocked"),
        ({"state": "failed"}, "failed"),
        ({"state": "dead"}, "failed"),
        ({"state": "done"}, "done"),
    ],
)
def test_each_state_has_its_column(fields, column):
    assert placed(Job(id=1, agent="a", **fields)) == {column: [1]}


@pytest.mark.parametrize("state", ["running", "waiting", "stopped", "failed", "done", "undone"])
def test_each_run_without_a_team_has_its_column(state):
    line = RunLine(run="r", at=NOW, title="t", state=state)
    assert [(key, cards) for key, _, cards in of_runs([line]) if cards] == [(state, [line])]


def test_a_cancelled_task_is_not_shown():
    assert placed(Job(id=1, agent="a", state="cancelled")) == {}


def test_what_a_person_is_to_look_at_is_in_review_and_a_question_blocks():
    jobs = [Job(id=n, agent="a", state="waiting") for n in (1, 2, 3)]
    asked = (approval(1, "commit"), approval(2, "question"))
    assert placed(*jobs, asked=asked) == {"review": [1], "blocked": [2, 3]}


def test_of_what_is_done_the_latest_come_first():
    jobs = [Job(id=n, agent="a", state="done") for n in range(1, 30)]
    assert placed(*jobs) == {"done": [*range(29, 29 - LATELY, -1)]}
    jobs[4] = replace(jobs[4], ended=NOW)
    jobs[28] = replace(jobs[28], ended=EARLIER)
    assert placed(*jobs)["done"][:3] == [5, 29, 28], "by its end, not by its number"
