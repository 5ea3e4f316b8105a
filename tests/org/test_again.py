"""A task once more."""

from pathlib import Path

import pytest

from samovar.org.again import again
from samovar.org.kept import Kept, keep, kept, run_of
from samovar.org.seams import Filter, Job, Queue
from samovar.store.store import memory


class Killed(BaseException):
    """The end of the process."""


async def filed(queue: Queue) -> Job:
    """Return the only task."""
    [job] = await queue.list(Filter())
    return job


async def test_a_task_that_is_filed_again_goes_on_with_the_run_that_is_named(home: Path) -> None:
    queue = memory().queue
    old = Job(agent="ada", text="mend it", state="failed", reason="why", data={"push": True})
    made = await again(queue, home, old, "run-a")
    assert (made.state, made.text, made.reason, made.data["push"]) == ("ready", "mend it", "", True)
    assert kept(home, made.id) == Kept("run-a")
    anew = await again(queue, home, made, "")
    assert anew.data == {"push": True} and run_of(home, anew) == "", "with a run of its own"


async def test_a_kill_in_the_middle_leaves_a_task_that_goes_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("samovar.org.again.keep", killed)
    queue = memory().queue
    with pytest.raises(Killed):
        await again(queue, home, Job(agent="ada", text="mend it"), "run-a")
    job = await filed(queue)
    assert (job.state, run_of(home, job)) == ("ready", "run-a")
    keep(home, job.id, Kept("run-b"))
    assert run_of(home, job) == "run-b", "the slip knows better"
