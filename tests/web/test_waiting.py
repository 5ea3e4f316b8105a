"""What waits for a person, in one list."""

from msgspec.structs import replace

from samovar.org.seams import Approval, Job
from samovar.web.happening import board_of
from samovar.web.waiting import waiting

JOB = Job(id=1, agent="ada", text="mend it", state="waiting")


def titles(*approvals: Approval) -> list[str]:
    return sorted(item.title for item in waiting((), approvals, (JOB,), {"ada"}))


def test_a_task_that_waits_for_a_word_stands_there_as_its_question():
    push = Approval(agent="ada", act="push", digest="d1", task=1)
    assert titles(push) == ["ada: push?"]
    assert titles(Approval(agent="ada", act="question", digest="d2", task=1)) == ["ada asks"]


def test_what_is_asked_in_a_turn_hides_no_stuck_task():
    aside = Approval(agent="ada", act="question", digest="d2", task=1, note="ada/000001-000001")
    assert titles(aside) == ["Task 1 of ada", "ada asks"]


def test_a_task_of_an_agent_that_was_removed_waits_for_another_one():
    ready = replace(JOB, state="ready")
    assert waiting((), (), (ready,), {"ada"}) == []
    [item] = waiting((), (), (ready,), {"bob"})
    assert (item.title, item.href) == ("Task 1 of ada", board_of("ada"))
    assert item.text == "mend it: no agent is called ada: give it to another one, or cancel it"
