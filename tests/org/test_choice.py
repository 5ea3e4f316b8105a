"""What is left of a small model's choice."""

import pytest

from samovar.org.choice import Choice, Scene, modest
from samovar.org.outbox import OutboxEntry
from samovar.org.resume import Resume
from samovar.org.seams import Job

WISH = "A paragraph about us for the website."
NOTE = "Write a release note."
QUEUE = (Job(id=1, agent="manager", text=NOTE),)


def scene(sender="person:owner", to=("manager",), jobs=QUEUE, text=WISH, craft="plan"):
    said = OutboxEntry(sender=sender, tick=1, seq=1, kind="message", to=to, text=text)
    resume = Resume(name="manager", instructions="x", craft=craft)
    return Scene(resume=resume, tick=2, unread=(said,), jobs=jobs, mates={"writer": ""})


@pytest.mark.parametrize(
    ("choice", "seen", "left"),
    [
        (Choice("task", "writer", f"to {NOTE.lower()}"), scene(), Choice("task", "manager", WISH)),
        (Choice("task", "writer", "A paragraph"), scene(), None),
        (Choice("task", "writer", NOTE), scene(jobs=()), None),
        (Choice("task", "writer", NOTE), scene("tester"), None),
        (Choice("task", "writer", NOTE), scene(to=("writer",)), None),
        (Choice("message", "person", "Thanks."), scene(), None),
        (Choice("nothing"), scene(to=()), None),
        (Choice("nothing"), scene("tester"), None),
    ],
)
def test_a_person_s_wish_is_not_lost_for_a_task_of_the_queue(choice, seen, left):
    assert modest(choice, seen) == (left or choice)


@pytest.mark.parametrize("idle", ["nothing", "note"])
@pytest.mark.parametrize(
    "task",
    [
        "Write a function that doubles a number.",
        "Hello! Please summarize what was done.",
        "Can you translate the page?",
        "Schreib einen Text.",
    ],
)
def test_a_task_that_a_person_speaks_of_is_one(idle, task):
    assert modest(Choice(idle, "", "x"), scene(text=task)) == Choice("task", "manager", task)


@pytest.mark.parametrize(
    ("craft", "words", "task"),
    [
        ("text", "Is total() right for no items?", True),
        ("text", "are you there?", False),
        ("code", "Is total() right for no items?", False),
        ("plan", "Is total() right for no items?", False),
    ],
)
def test_a_question_is_the_task_of_who_answers_in_words(craft, words, task):
    left = modest(Choice("nothing"), scene(text=words, craft=craft))
    assert left.action == ("task" if task else "message")


@pytest.mark.parametrize(
    ("action", "words", "told"),
    [
        ("nothing", "thanks a lot", False),
        ("nothing", "the parser is slow today", True),
        ("note", "the parser is slow today", False),
        ("note", "why so slow?", True),
        ("message", "why so slow?", False),
    ],
)
def test_a_person_hears_that_nothing_came_of_it(action, words, told):
    choice = Choice(action, "", "kept")
    left = modest(choice, scene(text=words))
    if not told:
        assert left == choice
        return
    assert (left.action, left.to) == ("message", "person")
    assert words in left.text
    assert "samovar queue add" in left.text


@pytest.mark.parametrize(("said", "left"), [(WISH, "nothing"), (f"Said: {WISH}", "message")])
def test_what_a_teammate_said_is_not_passed_on_word_for_word(said, left):
    assert modest(Choice("message", "writer", said), scene("tester")).action == left
