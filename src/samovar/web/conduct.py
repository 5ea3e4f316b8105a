"""What a person may do with a run: by its task where it works for one of the team, else here.

A task has its agent's credits and its place in the queue, so nothing is begun past those: to go on
is to make the task ready again, to retry is to file it anew, to stop is to cancel it.
"""

from collections.abc import Sequence

from samovar.app import Wish
from samovar.core.errors import SetupError
from samovar.core.event import Opened
from samovar.org.seams import OPEN
from samovar.settings import load
from samovar.web.commission import Commission, commission, signed
from samovar.web.desk import Desk, office_of, workshop_of
from samovar.web.forking import fork
from samovar.web.shelf import Question, RunLine

Button = tuple[str, str]
"""A verb and its word."""
AGAIN = ("retry", "Retry as a new run")
GO_ON = ("resume", "Go on")


def buttons(
    desk: Desk, line: RunLine, waits: Question | None, bought: Commission | None
) -> Sequence[Button]:
    """Return what a person may do with a run now."""
    if desk.workshop is None or line.state == "damaged":
        return []
    undo = [("undo", "Undo")] if line.committed else []
    if bought is not None:
        return [*undo, *_of_task(line, bought)]
    if line.state == "running":
        return [("stop", "Stop")] if desk.workshop.works_on(line.run) else []
    if line.talk:
        # With whom a person talks, they go on in a terminal.
        return undo
    if line.state == "stopped":
        return [GO_ON, AGAIN]
    return [] if waits is not None else [*undo, AGAIN]


def _of_task(line: RunLine, bought: Commission) -> Sequence[Button]:
    latest = bought.job.run == line.run
    if latest and bought.job.state in OPEN:
        return [("stop", "Stop" if line.state == "running" else "Cancel its task")]
    return [GO_ON, AGAIN] if latest and line.state == "stopped" else [AGAIN]


async def stop(desk: Desk, run: str) -> str:
    """Stop a run; return what was done. Raises SetupError."""
    bought = await commission(desk, run)
    if bought is None:
        workshop_of(desk).stop(run)
        return "Stopped. What is done is kept; go on when you like."
    await office_of(desk).jobs.cancel(_latest(bought, run), "stopped by a person")
    return f"Task {bought.job.id} is cancelled. What is done is kept; go on when you like."


async def resume(desk: Desk, run: str) -> str:
    """Go on with a run; return what was done. Raises SetupError."""
    bought = await commission(desk, run)
    if bought is None:
        workshop_of(desk).resume(desk.shelf.app_of(run).home, run)
        return "The run goes on."
    line = desk.shelf.line(run)
    if line is None or signed(line, bought).state != "stopped":
        raise SetupError(f"run {run} was not stopped: retry it, or answer what it asks")
    job = await office_of(desk).jobs.revive(_latest(bought, run))
    return f"Task {job.id} is ready again; {job.agent} goes on with this run."


async def retry(desk: Desk, run: str) -> str:
    """Try the task of a run again, as a new run; return what was done. Raises SetupError."""
    bought = await commission(desk, run)
    if bought is not None:
        job = await office_of(desk).jobs.again(bought.job.id)
        return f"The task is filed anew: {job.id}, in the queue of {job.agent}."
    app = desk.shelf.app_of(run)
    opened = app.read(run)[0].event
    if not isinstance(opened, Opened):
        raise SetupError("only the run of a task can be tried again")
    task = opened.task
    workshop_of(desk).submit(app.home, wish(desk, task.text, task.files, task.test))
    return "The task is tried again, as a new run."


async def undo(desk: Desk, run: str) -> str:
    """Take back what a run committed; return what was done. Raises SetupError."""
    return await workshop_of(desk).undo(desk.shelf.app_of(run).home, run)


async def branch_off(desk: Desk, run: str, at: int, note: str) -> str:
    """Begin a new run from the front of another one; return its name. Raises SetupError."""
    app, bought = desk.shelf.app_of(run), await commission(desk, run)
    if bought is not None:
        name = fork(app, run, at, note)
        await office_of(desk).jobs.again(bought.job.id, name)
        return name
    shop = workshop_of(desk)
    name = fork(app, run, at, note)
    shop.resume(app.home, name)
    return name


def wish(
    desk: Desk, text: str, files: tuple[str, ...] = (), test: str = "", push: bool = False
) -> Wish:
    """Return a task with the budget of the settings."""
    settings = load(desk.home)
    return Wish(
        text=text,
        files=files,
        test=test,
        budget=settings.budget,
        candidates=settings.candidates,
        push=push,
    )


def _latest(bought: Commission, run: str) -> int:
    """Return the id of a run's task. Raises SetupError when another run works on it by now."""
    if bought.job.run != run:
        raise SetupError(f"task {bought.job.id} went on with run {bought.job.run or 'none'}")
    return bought.job.id
