"""What waits for a person, in one list."""

from samovar.org.seams import Approval, Job
from samovar.web.waiting import waiting

JOB = Job(id=1, agent="ada", text="mend it", state="waiting")


def titles(*approvals: Approval) -> list[str]:
    return sorted(item.title for item in waiting((), approvals, (JOB,)))


def test_a_task_that_waits_for_a_word_stands_there_as_its_question():
    push = Approval(agent="ada", act="push", digest="d1", task=1)
    assert titles(push) == ["ada: push?"]
    assert titles(Approval(agent="ada", act="question", digest="d2", task=1)) == ["ada asks"]


def test_what_is_asked_in_a_turn_hides_no_stuck_task():
    aside = Approval(agent="ada", act="question", digest="d2", task=1, note="ada/000001-000001")
    assert titles(aside) == ["Task 1 of ada", "ada asks"]
