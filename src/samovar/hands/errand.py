"""One task of one agent with tools: its conversation from the first word to what came of it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from samovar import __version__
from samovar.app import MADE
from samovar.boot import Choice
from samovar.coder import name_work
from samovar.companion import facts
from samovar.companion.scribe import equip
from samovar.companion.seat import estimate, limits, manner
from samovar.core.agent import Agent, converse, used
from samovar.core.errors import ModelError
from samovar.core.event import Done, Event, Intended, branch_of, marker
from samovar.core.log import JsonlLog
from samovar.core.message import Reply, Request, Usage
from samovar.core.rules import AskPerson, Broker
from samovar.core.seams import Model
from samovar.core.talk import Began, Conversation, Heard, Looked, Stopped, Talk, fold
from samovar.core.text import file_names
from samovar.core.tool import Tool
from samovar.hands.ground import Ground, listing
from samovar.hands.leave import Waits
from samovar.hands.slip import Slip
from samovar.memory.notebook import Notebook
from samovar.memory.project import standing
from samovar.models.dialects.choose import dialect_for
from samovar.org.credits import Tariff, price
from samovar.org.kept import Kept
from samovar.org.kit import Brief, Worked
from samovar.org.resume import Resume
from samovar.org.seams import Ended, Hold
from samovar.settings import Settings

_NAMED = 6
"""Files a report names."""
_READS = ("read_file", "list_files", "search")


@dataclass(frozen=True)
class Means:
    """What an agent has for a task."""

    choice: Choice
    """Its model, which charges it."""
    settings: Settings
    tools: Callable[[], Sequence[Tool]]
    gate: AskPerson
    tariff: Tariff


@dataclass
class _Remembering:
    """A model whose last failure is remembered: whether the task counts depends on its kind."""

    model: Model
    failed: ModelError | None = None

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer. Raises what the model raises."""
        try:
            return await self.model.reply(request)
        except ModelError as error:
            self.failed = error
            raise


@dataclass
class Errand:
    """The work on one task."""

    place: Ground
    slip: Slip
    brief: Brief
    hold: Hold
    resume: Resume
    talk: Conversation = field(default_factory=Conversation)
    _log: JsonlLog | None = None

    async def begin(self, model: str) -> Began:
        """Take up the conversation where its log ends, or begin one; its files are ready then."""
        _, self.talk = self.slip.open()
        began = self.talk.began or await self._began(model)
        self._log = JsonlLog(self.slip.log(began.run))
        if self.talk.began is None:
            self.slip.keep(Kept(began.run, self.resume.name))
            # Before its files: a copy of one commit must never be taken for that of another.
            self._append(began)
        if not self._committed():
            await self.place.open(began)
        return began

    @property
    def over(self) -> bool:
        """Whether the conversation has ended; a crash cut off what comes after it."""
        return self.talk.ended is not None

    @property
    def again(self) -> bool:
        """Whether `python` was used before a stop; its session is gone."""
        assert self._log is not None, "begun"
        return facts.begun((e.event for e in self._log.read()), "python")

    async def work(self, means: Means) -> Worked:
        """Go on to the end and return what came of it.

        Raises ModelError when the model fails, and what charging for it raises.
        """
        agent = self._agent(means)
        model = agent.model
        assert isinstance(model, _Remembering), "made here"
        try:
            await self._hear(agent)
            await self._settle(agent)
            async for event in converse(self.talk, agent):
                if isinstance(event, Stopped) and event.end == "model":
                    # The turn stays open: it goes on when the model is back.
                    raise model.failed or ModelError(event.why)
                # First the lease: whoever lost the task writes nothing more.
                await self.hold()
                self._append(event)
        except Waits:
            lost = self.talk.lost
            kept = self.slip.read()
            self.slip.keep(replace(kept, waits=lost[0].id if lost else ""))
            return Worked(Ended(state="waiting", text=f"run {kept.run} waits for a person's word"))
        return await self.finish()

    async def _began(self, model: str) -> Began:
        job, homes = self.slip.job, (self.slip.home, self.slip.runs)
        run = await name_work(job, homes, self.place.repo)
        return Began(
            run=run,
            system=self.brief.system,
            agent=self.resume.name,
            task=job.id,
            title=" ".join(job.text.split())[:120],
            repo=self.place.named,
            base=await self.place.base(job),
            branch=branch_of(run) if self.place.repo else "",
            model=model,
            version=__version__,
        )

    async def _hear(self, agent: Agent) -> None:
        """Give the agent its task, with the files it names; a small model forgets to read them."""
        if self.talk.turn is not None:
            return
        names = {t.name for t in agent.tools()}
        held = await listing(self.place) if names.intersection(_READS) else ""
        text = f"{self.brief.text.strip()}\n\n{held}".strip()
        self._append(Heard(text=text))
        for event in await facts.attached(self.slip.job.text, await self.place.files(), agent):
            self._append(event)

    async def _settle(self, agent: Agent) -> None:
        """Carry out the call that waited for a person's word; nothing was done of it so far."""
        waits = self.slip.read().waits
        lost = [c for c in self.talk.lost if c.id == waits]
        if waits and lost:
            # First: of what a crash cuts off, nobody knows whether it was done.
            self.slip.keep(replace(self.slip.read(), waits=""))
            self._append(await used(lost[0], agent))

    def _agent(self, means: Means) -> Agent:
        found = means.choice
        edits = self.place.draft is not None and "edit_text" in {t.name for t in means.tools()}

        def cost(usage: Usage, seconds: float) -> int:
            return price(means.tariff, usage, seconds)

        agent = Agent(
            model=_Remembering(found.model),
            dialect=dialect_for(found.profile),
            tools=means.tools,
            estimate=estimate,
            limits=limits(found, means.settings, self.resume),
            broker=Broker(means.settings.rules, means.gate, str(self.place.root)),
            draw=manner(found.endpoint.model),
            look=self._look,
            note=self._note,
            doubt=facts.doubt if edits else _trusting,
            price=cost,
        )
        return equip(agent, lambda: self.talk)

    async def finish(self) -> Worked:
        """Return what came of the conversation; what it changed in a repository is committed.

        What no commit takes is kept with the run, and named.
        """
        ended, began = self.talk.ended, self.talk.began
        assert ended is not None and began is not None, "the conversation is over"
        if ended.end != "answered":
            said = f"\n{self.talk.answer}" if self.talk.answer else ""
            text = f"{ended.why or ended.end} (run {began.run}){said}"
            return Worked(Ended(state="failed", text=text))
        committed = self._committed() or await self._commit(began)
        kept, rest = await self.place.leave(began)
        notes = [f"branch {began.branch}"] if committed else []
        notes += [f"kept in runs/{began.run}/{MADE}: {file_names(kept, _NAMED)}"] if kept else []
        notes += [f"not kept: {rest}"] if rest else []
        if not notes:
            return Worked(Ended(text=self.talk.answer))
        told = Ended(text=f"{self.talk.answer}\n\n({', '.join([f'run {began.run}', *notes])})")
        return Worked(told, began.run, began.repo) if committed else Worked(told)

    async def _commit(self, began: Began) -> bool:
        """Commit what was changed; return whether anything was."""
        change = await self.place.change()
        if not change.texts and not change.removed:
            return False
        await self.hold()
        key = marker(began.run)
        self._append(Intended(act="commit", key=key))
        made = await self.place.commit(began, began.title[:200])
        self._append(Done(act="commit", key=key, result=made))
        return True

    def _committed(self) -> bool:
        assert self._log is not None, "begun"
        return any(isinstance(e.event, Done) for e in self._log.read())

    async def _look(self) -> Looked:
        plan = await asyncio.to_thread(standing, self.slip.home)
        if self.place.draft is None:
            return Looked(plan=plan)
        last = facts.ran(self.talk)
        return Looked(
            facts=facts.line((await self.place.change()).paths, last), plan=plan, ran=last
        )

    async def _note(self, summary: str) -> None:
        # The team's, which the tool `notebook` reads too, wherever the run itself lies.
        Notebook(self.slip.home).sum_up(summary, self.resume.name)

    def _append(self, event: Event) -> None:
        assert self._log is not None, "begun"
        self._log.append(event)
        if isinstance(event, Talk):
            self.talk = fold(self.talk, event)


def _trusting(_answer: str, _talk: Conversation) -> str:
    return ""
