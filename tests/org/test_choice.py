"""What is left of a small model's choice."""

import pytest

from samovar.org.choice import Choice, Scene, modest
from samovar.org.outbox import OutboxEntry
from samovar.org.resume import Resume
from samovar.org.seams import Job

WISH = "A paragraph about us for the website."
NOTE = "Write a release note."
QUEUE = (Job(id=1, agent="manager", text=NOTE),)


def scene(sender="person:owner", to=("manager",), jobs=QUEUE):
    said = OutboxEntry(sender=sender, tick=1, seq=1, kind="message", to=to, text=WISH)
    resume = Resume(name="manager", instructions="x", craft="plan")
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
        (Choice("nothing"), scene(), None),
    ],
)
def test_a_person_s_wish_is_not_lost_for_a_task_of_the_queue(choice, seen, left):
    assert modest(choice, seen) == (left or choice)
