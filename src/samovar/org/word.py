"""A person's word and the task that waits for it, brought together whoever comes first."""

from samovar.core.errors import SetupError
from samovar.org.seams import Approval, Approvals, Filter, Queue

_MOST = 1000
"""Waiting tasks looked at in one go."""


async def go_on(queue: Queue, task: int) -> None:
    """Take up a task that waits for a person's word, whatever the word is: its agent is told.

    A task that does not wait yet, or no more, is left alone.
    """
    try:
        if (await queue.get(task)).state == "waiting":
            await queue.revive(task)
    except SetupError:
        # Somebody else was quicker.
        return


async def refusal(approvals: Approvals, digest: str) -> Approval | None:
    """Return a person's no to exactly this act, if there is one; it holds for the whole task."""
    said = [word for word in await approvals.list(("refused",)) if word.digest == digest]
    return said[-1] if said else None


async def overdue(queue: Queue, approvals: Approvals) -> None:
    """Go on with tasks that wait for no open question: their answers came before they waited.

    Or a crash came between the answer and the task, or nobody answered in time: then it asks again.
    """
    # In this order: a task waits after it asked.
    found = await queue.list(Filter(states=("waiting",), limit=_MOST))
    asked = {a.task for a in await approvals.list(("asked",)) if not a.entry}
    late = {job.id for job in found} - asked
    if not late:
        return
    words = await approvals.list(("granted", "refused", "expired"))
    for task in sorted(late & {word.task for word in words if not word.entry}):
        await go_on(queue, task)
