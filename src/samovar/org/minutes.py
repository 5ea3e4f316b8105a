"""What an agent without tools is asked for a task, and answers: a conversation, kept as a run.

So every question of a task can be read afterwards, whoever worked on it: on the run's page, with
`samovar show`, and in traces.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from samovar import __version__
from samovar.core.errors import SamovarError, SetupError
from samovar.core.log import JsonlLog, hold
from samovar.core.message import Message, Reply, Request, Usage
from samovar.core.seams import Model
from samovar.core.talk import Began, End, Heard, Replied, Stopped, Told, replay
from samovar.core.tool import Said
from samovar.org.kept import Kept, at_work, keep, kept, run_name
from samovar.org.seams import Job, NoCredit

Price = Callable[[Usage, float], int]


@dataclass
class _Noted:
    """A model whose every question and answer is written down."""

    model: Model
    log: JsonlLog
    price: Price
    asked: int
    """Messages of the first question; what stands behind them was wrong with an answer."""

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer. Raises what the model raises."""
        if len(request.messages) > self.asked:
            self.log.append(Told(text=request.messages[-1].text))
        reply = await self.model.reply(request)
        self.log.append(
            Replied(
                text=reply.text,
                said=Said(reply.text),
                model=reply.model,
                usage=reply.usage,
                seconds=round(reply.seconds, 3),
                credits=self.price(reply.usage, reply.seconds),
            )
        )
        return reply


@dataclass(frozen=True)
class Minutes:
    """What an agent says of a task without using tools becomes a run of this home."""

    home: Path
    job: Job
    name: str
    """The model's."""
    price: Price

    @contextmanager
    def taken(self, model: Model, question: Sequence[Message]) -> Iterator[Model]:
        """Give the model, to be asked within. Raises SetupError when the disk is full."""
        _close(self.home, self.job)
        runs = self.home / "runs"
        run = next(r for n in count(1) if not (runs / (r := run_name(self.job, n))).exists())
        log = JsonlLog(runs / run / "events.jsonl")
        log.append(_began(run, self.job, question, self.name))
        keep(self.home, self.job.id, Kept(run))
        with at_work(runs / run):
            log.append(Heard(text=question[-1].text))
            try:
                yield _Noted(model, log, self.price, len(question))
            except BaseException as error:
                log.append(Stopped(end=_end(error), why=str(error) or "broken off"))
                raise
            log.append(Stopped(end="answered"))


def _began(run: str, job: Job, question: Sequence[Message], model: str) -> Began:
    return Began(
        run=run,
        system="\n\n".join(m.text for m in question if m.role == "system"),
        agent=job.agent,
        task=job.id,
        title=" ".join(job.text.split())[:120],
        model=model,
        version=__version__,
    )


def _end(error: BaseException) -> End:
    match error:
        case NoCredit():
            return "credits"
        case SamovarError():
            return "model"
    return "interrupted"


def _close(home: Path, job: Job) -> None:
    """End the minutes of an earlier attempt that a crash cut off; they are taken anew."""
    slip = kept(home, job.id)
    folder = home / "runs" / slip.run
    if not slip.run or slip.agent or not folder.exists():
        return
    try:
        handle = hold(folder)
    except SetupError:
        return  # Somebody is at it.
    try:
        log = JsonlLog(folder / "events.jsonl")
        talk = replay(entry.event for entry in log.read())
        if talk.began is not None and talk.turn is not None:
            log.append(Stopped(end="interrupted", why="broken off; asked anew"))
    finally:
        os.close(handle)
