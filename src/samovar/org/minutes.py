"""What an agent without tools is asked for a task, and answers: a conversation, kept as a run.

So it can be read afterwards like the work of agents with tools: on the run's page, with `samovar
show`, in traces.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from samovar import __version__
from samovar.core.errors import SetupError
from samovar.core.log import JsonlLog, read
from samovar.core.message import Message, Reply, Request, Usage
from samovar.core.seams import Model
from samovar.core.talk import Began, Heard, Replied, Stopped, Told, replay
from samovar.core.tool import Said
from samovar.org.kept import Kept, at_work, keep, kept, run_name
from samovar.org.seams import Hold, Job

Price = Callable[[Usage, float], int]


@dataclass
class _Noted:
    """A model whose every question and answer is written down."""

    model: Model
    log: JsonlLog
    price: Price
    asked: int
    """Messages of the first question; what stands behind them was wrong with an answer."""
    hold: Hold

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer. Raises what the model raises."""
        if len(request.messages) > self.asked:
            self.log.append(Told(text=request.messages[-1].text))
        reply = await self.model.reply(request)
        # First the lease: whoever lost the task writes nothing more.
        await self.hold()
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
    """What an agent says of a task without having tools becomes a run of this home."""

    home: Path
    job: Job
    name: str
    """The model's."""
    price: Price
    hold: Hold

    @asynccontextmanager
    async def taken(self, model: Model, question: Sequence[Message]) -> AsyncIterator[Model]:
        """Give the model, to be asked within.

        One run takes all attempts. Where the task's slip names a run of another kind, that is what
        the task goes on with: nothing is written then. Raises Unwritable when the disk is full.
        """
        run = self._run()
        if not run:
            yield model
            return
        log = JsonlLog(self.home / "runs" / run / "events.jsonl")
        said = replay(entry.event for entry in log.read()).items
        if not log.path.exists():
            log.append(_began(run, self.job, question, self.name))
            keep(self.home, self.job.id, Kept(run))
        with at_work(log.path.parent):
            heard = Heard(text=question[-1].text)
            if said[-1:] != (heard,):
                log.append(heard)
            # What breaks it off leaves it open, as with tools: the next attempt goes on with it.
            yield _Noted(model, log, self.price, len(question), self.hold)
            await self.hold()
            log.append(Stopped(end="answered"))

    def _run(self) -> str:
        """Return the run to write to, new or that of an earlier attempt; empty for none."""
        slip, runs = kept(self.home, self.job.id), self.home / "runs"
        if not slip.run:
            names = (run_name(self.job, number) for number in count(1))
            return next(name for name in names if not (runs / name).exists())
        own = not slip.agent and _is_of(runs / Path(slip.run).name / "events.jsonl", self.job)
        return Path(slip.run).name if own else ""


def _is_of(path: Path, job: Job) -> bool:
    """Whether a log holds minutes of a task; a damaged one is written to no more."""
    try:
        began = replay(entry.event for entry in read(path)).began
    except (OSError, SetupError):
        return False
    return began is not None and (began.task, began.agent) == (job.id, job.agent)


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
