"""Where tasks stand on the board."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from samovar.core.log import now
from samovar.org.seams import Approval, Job
from samovar.web.columns import LATELY, PAGE, neighbours, of_runs, of_tasks
from samovar.web.plots import flow
from samovar.web.shelf import RunLine

NOW = now()
LATER, EARLIER = NOW + timedelta(minutes=1), NOW - timedelta(minutes=1)


def placed(*jobs: Job, asked: tuple[Approval, ...] = ()) -> dict[str, list[int]]:
    return {key: [j.id for j in cards] for key, _, cards, _ in of_tasks(jobs, asked, NOW) if cards}


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
    assert [(key, cards) for key, _, cards, _ in of_runs([line]) if cards] == [(state, [line])]


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


def test_a_long_column_says_how_many_it_does_not_show():
    jobs = [Job(id=n, agent="a", state="ready") for n in range(1, PAGE + 41)]
    (_, _, cards, count) = next(c for c in of_tasks(jobs, (), NOW) if c[0] == "ready")
    assert (len(cards), count) == (PAGE, PAGE + 40)


def test_a_card_goes_one_place_up_or_down_in_its_agents_row_also_behind_what_is_shown():
    ready = [Job(id=n, agent="a" if n % 2 else "b", state="ready") for n in range(1, 501)]
    planned = [Job(id=n, agent="a", state="ready", until=LATER) for n in (601, 602, 603)]
    others = [Job(id=700, agent="c", state="ready"), Job(id=701, agent="a", state="done")]
    earlier, later = neighbours([*ready, *planned, *others], NOW)
    assert (earlier[3], later[1], later[3]) == (1, 5, 7)
    assert later[PAGE] == PAGE + 4, "the next but one, shown or not"
    assert (later[497], later[498]) == (0, 0)
    assert (earlier[602], later[601], later[602]) == (601, 603, 0)
    assert {1, 2, 601, 700, 701}.isdisjoint(earlier)
    assert {499, 500, 603, 700, 701}.isdisjoint(later)


def test_tasks_are_counted_in_the_flow_as_they_stood_at_each_time():
    day = timedelta(days=1)
    jobs = [
        Job(id=1, agent="a", created=NOW - 4 * day, started=NOW - 3 * day, ended=NOW - 2 * day),
        Job(id=2, agent="a", created=NOW - 4 * day, ended=NOW - 3 * day, state="cancelled"),
        Job(id=3, agent="a", created=NOW - day, started=NOW - day / 2),
        Job(id=4, agent="a", created=NOW),
        Job(id=5, agent="a"),
    ]
    found = flow.levels(jobs, NOW)
    at = {round((NOW.timestamp() - v.at) / 86_400, 1): v for v in found}
    assert [(at[d].over, at[d].working, at[d].ready) for d in (4.0, 2.9, 1.4, 0.0)] == [
        (0, 0, 2),
        (1, 1, 0),
        (2, 0, 0),
        (2, 1, 1),
    ]
    assert flow.levels(jobs[3:], NOW) == []
