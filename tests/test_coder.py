"""Which run a developer's task goes on with."""

from typing import Any, cast

import pytest

from samovar.app import App
from samovar.coder import Coder
from samovar.core.event import Answered, Asked, Closed, Done, Opened
from samovar.core.log import JsonlLog
from samovar.core.talk import Began
from samovar.core.task import Task
from samovar.org.kept import Kept, keep
from samovar.org.seams import Job
from samovar.settings import Settings

OPENED = Opened(run="r", task=Task(id="r", text="t"), branch="samovar/r")
MADE = Done(act="commit", key="Samovar-Run: r", result="c0ffee")
ASKED, ANSWERED = Asked(act="push", digest="d"), Answered(act="push", digest="d", yes=True)
WAITS = Closed(outcome="waits", ok=False, exit_code=4)
GOOD, BAD = Closed(outcome="well", ok=True), Closed(outcome="not", ok=False, exit_code=1)


@pytest.mark.parametrize(
    ("events", "goes_on"),
    [
        ((OPENED,), True),
        ((OPENED, MADE, ASKED, WAITS), True),
        ((OPENED, MADE, ASKED, WAITS, ANSWERED), True),
        ((OPENED, BAD, OPENED), True),
        ((OPENED, MADE, GOOD), False),
        ((OPENED, BAD), False),
        ((OPENED, MADE, ASKED, WAITS, Done(act="undo", key=MADE.key, result="c0ffee")), False),
        ((Began(run="r", system=""),), False),
        ((), False),
    ],
)
def test_a_task_goes_on_with_its_run_while_that_has_not_ended(tmp_path, events, goes_on):
    log = JsonlLog(tmp_path / "runs" / "r" / "events.jsonl")
    for event in events:
        log.append(event)
    keep(tmp_path, 1, Kept("r"))
    nothing = cast(Any, None)
    coder = Coder(tmp_path, Settings(), nothing, nothing, nothing, nothing)
    assert coder._run(Job(id=1, agent="dev"), App(tmp_path)) == ("r" if goes_on else "")
