"""The verbs of a conversation: say, stop, undo, diff, commit, and what a person may look at."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from samovar import __version__
from samovar.app import NOBODY, App, Summary, name_run, onward
from samovar.boot import Choice, quiet, shown
from samovar.companion.draft import Draft, open_draft
from samovar.companion.facts import TOOK_BACK, attached, begun, doubt, line, ran, stands
from samovar.companion.given import Gift, listed
from samovar.companion.scribe import equip
from samovar.companion.seat import Seat, estimate, manner, read_resume
from samovar.core.agent import Agent, converse, interrupt
from samovar.core.errors import SetupError, ToolError
from samovar.core.event import RUN, Done, Entry, Event, Intended, branch_of, committed, marker
from samovar.core.log import JsonlLog, hold
from samovar.core.rules import AskPerson, Broker, nobody
from samovar.core.seams import Live
from samovar.core.talk import (
    Began,
    Conversation,
    Heard,
    Looked,
    Stopped,
    Talk,
    Told,
    Used,
    fold,
    replay,
)
from samovar.core.text import file_name, file_names
from samovar.core.tool import Tool
from samovar.flow.commits import compose
from samovar.memory.notebook import Notebook
from samovar.memory.project import standing
from samovar.org.seams import Charge, NoCredit
from samovar.repo import git
from samovar.repo.home import home_of
from samovar.sandboxes.workspace import remove
from samovar.settings import load

Result = TypeVar("Result")
LONGEST = 200_000
"""Characters of a message."""


@dataclass
class Companion:
    """A conversation with an agent over one repository; it begins with the first message."""

    seat: Seat
    run: str = ""
    talk: Conversation = field(default_factory=Conversation)
    draft: Draft | None = None
    """The copy of the files it works in; None before the first message."""
    given: Sequence[Gift] = ()
    """What the person hands over: it comes into the draft once there is one."""
    _log: JsonlLog | None = None
    _agent: Agent | None = None
    _tools: Callable[[], Sequence[Tool]] | None = None
    """What lists the tools of this conversation; another model goes on with the same ones."""
    _desk: AsyncExitStack = field(default_factory=AsyncExitStack)
    """Ends what those tools started."""
    _lock: int = -1

    def __post_init__(self) -> None:
        """End with the seat what the conversation leaves behind."""
        self.seat.stack.push_async_callback(self._desk.aclose)

    async def say(self, text: str) -> AsyncIterator[Entry]:
        """Hand over a message and yield what happens until the turn ends.

        Raises SetupError for a message that is too long.
        """
        if len(text) > LONGEST:
            raise SetupError(
                f"the message has {len(text):,} characters, more than {LONGEST:,}: "
                "put the material into a file of the project and name it"
            )
        if self._log is None:
            yield await self._begin(text)
        assert self.draft is not None, "begun"
        await self.draft.mark(self.talk.turns + 1)
        yield self._append(Heard(text=text))
        for event in await self._attached(text):
            yield self._append(event)
        async for entry in self.go_on():
            yield entry

    async def go_on(self) -> AsyncIterator[Entry]:
        """Go on where the log ends, to the end of the turn, or of the agent's credits."""
        agent = await self._ready()
        try:
            async for event in converse(self.talk, agent):
                yield self._append(event)
        except NoCredit as error:
            yield self._append(Stopped(end="credits", why=f"{error}; the work is kept"))

    def stop(self) -> Sequence[Entry]:
        """End the turn after its step was broken off; return what was noted."""
        return [self._append(event) for event in interrupt(self.talk)]

    async def undo(self) -> tuple[str, ...]:
        """Take back what the last turn changed in the files; the agent is told.

        Once begun it is done as a whole, also when its step is broken off.
        """
        return await _whole(self._undo(self.draft)) if self.draft else ()

    async def _undo(self, draft: Draft) -> tuple[str, ...]:
        paths = await draft.undo()
        if paths:
            as_before = f"as before are: {file_names(paths, 9)}"
            self._append(Told(text=f"{TOOK_BACK}; {as_before}"))
        return paths

    async def diff(self) -> str:
        """Return the difference between the draft and its commit."""
        return await self.draft.diff() if self.draft else ""

    async def commit(self, message: str = "") -> str:
        """Commit the draft on the conversation's branch; return what was done in one line.

        Once begun it is done as a whole, also when its step is broken off.
        """
        if self.draft is None or self._log is None:
            raise ToolError("there is nothing to commit")
        change = await self.draft.change()
        if not change.texts and not change.removed:
            left = f" ({file_names([*change.left_out], 1)} left out)" if change.left_out else ""
            raise ToolError(f"there is nothing to commit{left}")
        count = sum(isinstance(e.event, Done) for e in self._log.read())
        name = self.run + (f"/{count + 1}" if count else "")
        text = compose(
            message or self._asked(),
            paths=change.paths,
            trailers={RUN: name, "Samovar-Model": self._model},
        )
        made = await _whole(self._commit(self.draft, marker(name), text))
        rest = "".join(f"; left out: {file_name(p)} ({w})" for p, w in change.left_out.items())
        return f"committed {made[:12]} on {branch_of(self.run)}: {text.splitlines()[0]}{rest}"

    async def _commit(self, draft: Draft, key: str, text: str) -> str:
        self._append(Intended(act="commit", key=key))
        made = await draft.commit(branch_of(self.run), text)
        self._append(Done(act="commit", key=key, result=made))
        self._append(Told(text=f"the person committed the changes: {text.splitlines()[0]}"))
        return made

    async def resume(self, run: str) -> None:
        """Go over to an earlier conversation with the same agent.

        Another agent has other permissions and another memory, and a task is its team's.
        Raises SetupError when it cannot.
        """
        folder = self.seat.home / "runs" / run
        path = folder / "events.jsonl"
        if not re.fullmatch(r"[\w-]+", run) or not path.exists():
            raise SetupError(f"there is no conversation {run!r} here; see 'samovar runs'")
        log = JsonlLog(path)
        entries = log.read()
        talk = replay(e.event for e in entries)
        if talk.began is None:
            raise SetupError(f"run {run} is no conversation; go on with: samovar resume {run}")
        if talk.began.task or talk.began.agent != self.seat.agent:
            whose = f"run {run} is a conversation of {talk.began.agent}"
            raise SetupError(f"{whose}; {onward(talk.began)}")
        await _whole(self._open(log, talk, [e.event for e in entries]))

    async def tools(self) -> Sequence[Tool]:
        """Return the tools the agent may use; those of MCP servers come with the first message."""
        if self.draft is not None:
            return (await self._ready()).tools()
        await self.seat.prepare()
        async with AsyncExitStack() as stack:
            return self.seat.tools(self.seat.repo.place.root, "", stack)()

    async def switch(self, model: str) -> Choice:
        """Go on with another model. Raises SetupError when there is none of that name."""
        choice = await self.seat.switch(model)
        self._agent = None
        return choice

    def close(self) -> None:
        """Let others go on with this conversation."""
        self._release()

    @property
    def _model(self) -> str:
        return shown(self.seat.choice.endpoint.model) if self.seat.choice else ""

    async def _begin(self, text: str) -> Entry:
        await self.seat.prepare()
        base = await self.seat.repo.head()
        run = name_run(text)
        folder = self.seat.home / "runs" / run
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        assert self.seat.sandbox is not None, "prepared"
        began = Began(
            run=run,
            system=self.seat.system(),
            agent=self.seat.agent,
            title=" ".join(text.split())[:120],
            repo=str(self.seat.repo.place.root),
            base=base,
            branch=branch_of(run),
            model=self._model,
            sandbox=self.seat.sandbox.tier,
            version=__version__,
        )
        log = JsonlLog(folder / "events.jsonl")
        entry = log.append(began)
        opening = asyncio.ensure_future(self._open(log, fold(Conversation(), began), ()))
        try:
            await asyncio.shield(opening)
        finally:
            # Also when it is broken off: half a conversation could not go on.
            await opening
        return entry

    async def _open(self, log: JsonlLog, talk: Conversation, events: Sequence[Event]) -> None:
        """Go over to a conversation, a new one without events; a failure leaves all as it was."""
        assert talk.began is not None, "a conversation"
        lock = hold(log.path.parent)
        try:
            draft = await self._settled(log, talk.began, events)
        except BaseException:
            os.close(lock)
            if not events:
                await remove(log.path.parent)
            raise
        self._release()
        self._lock, self._log, self.draft = lock, log, draft
        self.run, self.talk = log.path.parent.name, talk
        if self.given:
            what = listed(self.given)
            self._append(Told(text=f"the person gave you files, which no commit takes: {what}"))
            self.given = ()
        self._agent = self._tools = None
        await self._desk.aclose()

    async def _settled(self, log: JsonlLog, began: Began, events: Sequence[Event]) -> Draft:
        """Return the draft; a commit, or its end, that a crash left unrecorded is recorded."""
        repo, folder = self.seat.repo, log.path.parent
        done = {(e.act, e.key) for e in events if isinstance(e, Done)}
        found = [e for e in events if isinstance(e, Done)]
        lost = [e for e in events if isinstance(e, Intended) and (e.act, e.key) not in done]
        for each in lost:
            if there := await self._happened(branch_of(folder.name), each, committed(found)):
                found.append(Done(act=each.act, key=each.key, result=there))
                log.append(found[-1])
        base = [began.base, *committed(found).values()][-1]
        draft = await open_draft(folder, repo, began.base, base)
        if lacking := await asyncio.to_thread(draft.tree.lacking):
            self.seat.live("note", lacking)
        await draft.give(self.given)
        return draft

    async def _happened(self, branch: str, one: Intended, made: Mapping[str, str]) -> str:
        """Return the commit that an intended act made or took back; empty where it did not."""
        held, taken = await self.seat.repo.find(branch, one.key), made.get(one.key, "")
        if one.act == "commit" or held or not taken:
            return held if one.act == "commit" else ""
        try:
            await self.seat.repo.undo(branch, one.key.removeprefix(marker("")), taken)
        except SetupError:
            return ""  # it was refused: the commit is held elsewhere
        return taken

    async def _ready(self) -> Agent:
        if self._agent is not None:
            return self._agent
        choice = await self.seat.prepare()
        assert self.draft is not None, "begun"
        agent = Agent(
            model=choice.model,
            dialect=self.seat.dialect(),
            tools=await self._equipped(self.draft.root),
            estimate=estimate,
            limits=self.seat.limits(),
            broker=Broker(self.seat.settings.rules, self.seat.ask, str(self.draft.root)),
            draw=manner(choice.endpoint.model),
            look=self._look,
            note=self._note,
            doubt=doubt,
        )
        self._agent = equip(self._charged(agent), lambda: self.talk)
        return self._agent

    def _charged(self, agent: Agent) -> Agent:
        """Return an agent that pays for its answers, if it is one that has credits."""
        purse = self.seat.purse
        if purse is None:
            return agent
        about = Charge(
            agent=self.seat.agent, amount=0, run=self.run, model=self._model, note="chat"
        )
        return replace(agent, model=purse.paid(agent.model, about), price=purse.price(about))

    async def _equipped(self, root: Path) -> Callable[[], Sequence[Tool]]:
        """Return what lists the tools; what they start lasts as long as the conversation."""
        if self._tools is None:
            assert self._log is not None, "begun"
            again = begun((e.event for e in self._log.read()), "python")
            own = self.seat.tools(root, self.run, self._desk, again)
            others = await self.seat.remote(root, {t.name for t in own()}, self._desk)
            self._tools = lambda: (*own(), *others)
        return self._tools

    async def _attached(self, text: str) -> Sequence[Used]:
        """Read the files a message names, but for what the context shows as it is."""
        assert self.draft is not None, "begun"
        found = await attached(text, await self.draft.paths(), await self._ready())
        return [e for e in found if not stands(self.talk, e.result)]

    async def _look(self) -> Looked:
        assert self.draft is not None, "begun"
        last = ran(self.talk)
        return Looked(
            facts=line((await self.draft.change()).paths, last),
            ran=last,
            plan=await asyncio.to_thread(standing, self.seat.home),
            recalled=await self._recalled(),
        )

    async def _recalled(self) -> str:
        """Return what is remembered about the last message; it is looked up once for each."""
        for item in reversed(self.talk.items):
            if isinstance(item, Looked):
                return item.recalled
            if isinstance(item, Heard):
                return await self.seat.recall(item.text)
        return ""

    async def _note(self, summary: str) -> None:
        Notebook(self.seat.home).sum_up(summary, self.seat.agent)

    def _asked(self) -> str:
        """Return what was asked last, for a commit message."""
        heard = [i.text for i in self.talk.items if isinstance(i, Heard)]
        return " ".join(heard[-1].split())[:200] if heard else "change"

    def _append(self, event: Event) -> Entry:
        assert self._log is not None, "begun"
        entry = self._log.append(event)
        if isinstance(event, Talk):
            self.talk = fold(self.talk, event)
        return entry

    def _release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


@asynccontextmanager
async def companion(
    folder: Path,
    *,
    ask: AskPerson = nobody,
    live: Live = quiet,
    agent: str = "",
    wanted: str = "",
    no_sandbox: bool = False,
) -> AsyncIterator[Companion]:
    """Sit down at a repository; servers that are started for it end with the block."""
    repo = await git.open(folder)
    home = home_of(repo)
    resume = read_resume(home, agent)
    async with AsyncExitStack() as stack:
        seat = Seat(repo, load(home), home, stack, ask, live, wanted, agent or NOBODY, no_sandbox)
        seat.resume = resume
        made = Companion(seat)
        try:
            yield made
        finally:
            made.close()


async def _whole(act: Coroutine[Any, Any, Result]) -> Result:
    """Carry an act to its end: half of one is worse than a step that cannot be broken off."""
    doing = asyncio.ensure_future(act)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        return await doing


def earlier(seat: Seat) -> list[Summary]:
    """Return the conversations that can be gone on with from here, the latest first."""
    return [s for s in App(seat.home).runs() if (s.state, s.agent) == ("talk", seat.agent)]
