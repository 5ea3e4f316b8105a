"""A person's word and the task that waits for it."""

from pathlib import Path

import pytest

from samovar.core.message import Request
from samovar.org.seams import Approval, Job
from samovar.org.team import Team
from samovar.org.word import overdue, refusal

from .conftest import act, hire, office

PUSH = Approval(agent="ada", act="push", digest="d1", text="push it", task=1)
ASIDE = Approval(
    agent="ada", act="question", digest="d2", text="tea?", task=1, note="ada/000001-000001"
)
"""What the agent asked in a turn in which it saw the task."""


def nothing(_: Request) -> str:
    return act("nothing")


async def stuck(home: Path) -> tuple[Team, Job]:
    """Return a team with a task that waits for a person."""
    hire(home, "ada")
    team = office(home, nothing)
    claims = team.engine.turns.kit.claims
    await team.submit("mend it", "ada")
    job = await claims.claim("w", 60)
    assert job is not None
    return team, await claims.finish(job, "waiting", "waits for a word")


async def test_a_task_that_is_cancelled_asks_no_more(home: Path) -> None:
    team, job = await stuck(home)
    books = team.engine.turns.kit.approvals
    asked, aside = await books.ask(PUSH, 60), await books.ask(ASIDE, 60)
    await team.cancel(job.id)
    assert await team.approvals() == [aside], "to which the agent gets its answer all the same"
    assert (await team.status()).approvals == 1
    await team.revive(job.id)
    assert (await books.ask(PUSH, 60)).id > asked.id, "it asks again"


@pytest.mark.parametrize("yes", [True, False])
async def test_what_an_agent_asks_in_a_turn_holds_up_no_task(home: Path, yes: bool) -> None:
    team, job = await stuck(home)
    kit = team.engine.turns.kit
    # A crash came between the word and the task.
    asked = await kit.approvals.ask(PUSH, 60)
    await kit.approvals.answer(asked.id, yes, by="person:li", note="on a Monday")
    await kit.approvals.ask(ASIDE, 60)
    await overdue(kit.queue, kit.approvals)
    assert (await kit.queue.get(job.id)).state == "ready"
    no = await refusal(kit.approvals, PUSH.digest)
    assert (no is None) is yes and (no is None or no.note == "on a Monday")
    assert await refusal(kit.approvals, ASIDE.digest) is None
