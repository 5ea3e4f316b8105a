"""A person's word and the task that waits for it, brought together whoever comes first."""

from samovar.core.errors import SetupError
from samovar.org.seams import Approval, Approvals, Filter, Queue

_MOST = 1000
"""Waiting tasks looked at in one go."""


async def go_on(queue: Queue, word: Approval) -> None:
    """Take up the task that waits for a word, or end it.

    A task that does not wait yet, or no more, is left alone.
    """
    # A question is answered by either word; an act is done or not.
    no = word.state == "refused" and word.act != "question"
    try:
        if (await queue.get(word.task)).state != "waiting":
            return
        if no:
            await queue.cancel(word.task, f"{word.by} refused: {word.note or word.act}")
        else:
            await queue.revive(word.task)
    except SetupError:
        # Somebody else was quicker.
        return


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
    # Of several words, the latest is the one it waited for.
    for word in {w.task: w for w in words if w.task in late and not w.entry}.values():
        await go_on(queue, word)
