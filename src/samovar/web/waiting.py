"""What waits for a person, in one list: the oldest first, and nothing twice."""

from collections.abc import Collection, Sequence
from datetime import datetime
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from samovar.org.seams import Approval, Job
from samovar.web.happening import board_of
from samovar.web.shelf import Question
from samovar.web.words import cut, machine


class Item(Struct, frozen=True, kw_only=True):
    """One thing a person should look at."""

    at: datetime | None
    state: str
    href: str
    title: str
    text: str


def waiting(
    questions: Sequence[Question],
    approvals: Sequence[Approval],
    jobs: Sequence[Job],
    agents: Collection[str],
) -> list[Item]:
    """Return the questions of runs and agents, and the tasks that cannot go on by themselves.

    A task that waits for the answer to a question stands there as that question. A task of nobody
    among the agents waits for another one.
    """
    asked = {a.task for a in approvals if not a.entry}
    stuck = [j for j in jobs if j.state == "dead" or (j.state == "waiting" and j.id not in asked)]
    stuck += [
        replace(j, reason=f"no agent is called {j.agent}: give it to another one, or cancel it")
        for j in jobs
        if j.state == "ready" and j.agent not in agents
    ]
    found = [
        *(_run(q) for q in questions),
        *(_agent(a) for a in approvals),
        *(_task(j) for j in stuck),
    ]
    return sorted(found, key=lambda i: machine(i.at))


def _run(question: Question) -> Item:
    return Item(
        at=question.at,
        state="waiting",
        href=f"/approvals/{quote(question.run)}",
        title=f"May this run {question.asked.act}?",
        text=question.title,
    )


def _agent(approval: Approval) -> Item:
    asks = approval.act == "question"
    return Item(
        at=approval.asked,
        state="waiting",
        href=f"/approvals/{approval.id}",
        title=f"{approval.agent} asks" if asks else f"{approval.agent}: {approval.act}?",
        text=cut(approval.text),
    )


def _task(job: Job) -> Item:
    return Item(
        at=job.ended or job.started or job.created,
        state=job.state,
        href=board_of(job.agent),
        title=f"Task {job.id} of {job.agent}",
        text=f"{cut(job.text, 80)}: {cut(job.reason, 80)}",
    )
