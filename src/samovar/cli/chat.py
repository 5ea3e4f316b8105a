"""An interactive session with an agent: `samovar chat`."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from samovar.app import App, onward
from samovar.boot import shown
from samovar.cli.chat_commands import COMMANDS, arguments, is_quit, made, run
from samovar.cli.chat_input import Input, hushed, mentioned, person
from samovar.cli.chat_view import View
from samovar.cli.end import STOPPED, say
from samovar.cli.lines import Line, unseen_line
from samovar.cli.spoken import whole
from samovar.companion.companion import Companion, companion, earlier
from samovar.companion.given import gifts, listed
from samovar.companion.seat import Seat
from samovar.core.errors import SamovarError, SetupError
from samovar.core.event import Entry
from samovar.core.talk import End, Heard, Looked, Replied, Started
from samovar.core.tool import Call
from samovar.hands.letters import Letters
from samovar.org.crew import mates
from samovar.org.roster import Folder
from samovar.org.seams import Job
from samovar.repo import git
from samovar.repo.home import home_of
from samovar.tools.ask import Company
from samovar.traces.tracing import tracing

_CODES: Mapping[End, int] = {"answered": 0, "model": 3}
"""The exit codes of a script by how its last turn ended; any other end is 1."""


class Order(Struct, frozen=True, kw_only=True):
    """What `samovar chat` was told."""

    repo: Path = Path()
    agent: str = ""
    model: str = ""
    resume: str = ""
    """Begin of the name of a conversation; `last` for the latest."""
    given: tuple[Path, ...] = ()
    """Files and folders the agent gets beside the repository."""
    no_sandbox: bool = False
    plain: bool = False


async def chat(order: Order) -> int:
    """Talk until the person leaves; return the exit code."""
    repo = await git.open(order.repo)
    home = home_of(repo)
    view = View(order.plain)
    unseen = await repo.dirty()
    tree = await repo.tree(await repo.head())
    given = gifts(order.given, repo.place.work, tree.modes())
    session = Session(view, list(tree.paths()))
    session.input = person(
        home / "chat_history", COMMANDS, lambda: session.paths, session.below, session.arguments
    )
    async with (
        tracing(home),
        companion(
            order.repo,
            ask=session.ask,
            live=view.live,
            agent=order.agent,
            wanted=order.model,
            no_sandbox=order.no_sandbox,
        ) as talker,
    ):
        session.talker, talker.given = talker, given
        talker.seat.progress = view.progress
        await _join(talker.seat, session)
        if order.resume:
            await talker.resume(_found(talker, order.resume))
        view.working("starting")
        await talker.seat.prepare()
        view.idle()
        if unseen:
            rest = "the agent works in a copy of the last commit and does not see them"
            say(unseen_line(unseen, f"{rest}; --with PATH hands a new one over"))
        if given:
            say(f"samovar: the agent gets copies, which no commit takes: {listed(given)}")
        view.show(_head(talker))
        return await session.run()


class Session:
    """One sitting of a person."""

    def __init__(self, view: View, paths: list[str]) -> None:
        self.view = view
        self.paths = paths
        self.input: Input
        self.talker: Companion
        self.allowed: set[str] = set()
        """Tools the person allowed once and for all in this sitting."""
        self.code = 0
        """What a script is told at the end: how the last turn ended."""
        self._made: Sequence[Line] = ()
        """Where the files the agent made lie, as it was shown last."""
        self._step: asyncio.Task[None] | None = None
        self._presses = 0

    async def run(self) -> int:
        """Go on until the person leaves."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        try:
            if self.talker.talk.turn is not None:
                self.view.show([Line("a turn was broken off: it goes on", "dim")])
                await self._follow(self.talker.go_on())
            return await self._converse()
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            self.view.idle()
            if self.talker.talk.began is not None:
                say(f"samovar: {onward(self.talker.talk.began)}")

    async def _converse(self) -> int:
        while True:
            try:
                text = await self._message()
            except KeyboardInterrupt:
                self._presses += 1
                if self._presses > 1:
                    return STOPPED
                self.view.show([Line("Ctrl-C again, or /quit, leaves", "dim")])
                continue
            if text is None or is_quit(text):
                return self.code if self.input.scripted else 0
            self._presses = 0
            if text.strip().startswith("/"):
                await self._command(text)
            elif text.strip():
                await self._follow(self.talker.say(mentioned(text, self.paths)))
            if self._presses > 1:
                return STOPPED

    async def _message(self) -> str | None:
        """Return the next message; which files there are is learnt while the person writes."""
        listing = asyncio.create_task(self._list())
        try:
            return await self.input.message()
        finally:
            await listing

    async def _list(self) -> None:
        """Learn which files there are now; what cannot be read leaves the list as it was."""
        draft, repo = self.talker.draft, self.talker.seat.repo
        with suppress(SamovarError, OSError):
            found = await draft.paths() if draft else (await repo.tree(await repo.head())).paths()
            self.paths = sorted(found)

    async def ask(self, call: Call, why: str) -> bool:
        """Ask the person to allow a call; a core AskPerson."""
        if call.tool in self.allowed:
            return True
        self.view.idle()
        tool, *rows = whole(call)
        head, reason = Line(f"  ? {tool}", "strong"), Line(f"    {why}", "dim")
        self.view.show([head, *(Line(row) for row in rows), reason])
        said = (await self._put("    Allow it? [y]es, [a]lways this tool, [N]o")).lower()
        if said.strip() in ("a", "always"):
            self.allowed.add(call.tool)
        return said.strip() in ("y", "yes", "a", "always")

    async def answer(self, question: str) -> str:
        """Put a question of the agent to the person; what the tool `ask` calls."""
        self.view.idle()
        self.view.show([Line(f"  ? {question}", "strong")])
        return await self._put("    Your answer:")

    async def _put(self, question: str) -> str:
        """Return what the person answers; Ctrl-C breaks off the step that wants to know it."""
        try:
            return await self.input.answer(question)
        except KeyboardInterrupt:
            self._interrupt()
            ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            # The step ends here, where it waits.
            return await ended

    async def arguments(self, command: str) -> Sequence[str]:
        """Return what may stand behind a command; nothing where it cannot be learnt."""
        with suppress(SamovarError, OSError):
            return await arguments(self.talker, command)
        return ()

    def below(self) -> str:
        """Return the line at the foot of the terminal."""
        talk, choice = self.talker.talk, self.talker.seat.choice
        model = shown(choice.endpoint.model) if choice else "no model"
        spent = f"{talk.usage.prompt:,} tokens in, {talk.usage.generated:,} out"
        return f" {model} · {spent} · /help"

    async def _command(self, text: str) -> None:
        failed = await self._done(self._obey(text))
        if not failed and self.talker.talk.turn is not None:
            await self._follow(self.talker.go_on())

    async def _obey(self, text: str) -> None:
        self.view.show(await run(self.talker, text))

    async def _follow(self, entries: AsyncIterator[Entry]) -> None:
        """Show a turn to its end, whatever ends it."""
        failed = await self._done(self._show(entries))
        ended = self.talker.talk.ended
        self.code = failed or (_CODES.get(ended.end, 1) if ended else 0)
        await self._done(self._facts())

    async def _done(self, step: Coroutine[Any, Any, None]) -> int:
        """Do something that Ctrl-C breaks off; return 0, or the exit code for what ended it."""
        self._step = asyncio.create_task(step)
        try:
            with hushed():
                await self._step
        except asyncio.CancelledError:
            if not self._step.cancelled() or not self._presses:
                raise
            self._stopped()
            return STOPPED
        except SamovarError as error:
            self.view.show([Line(str(error), "bad")])
            return error.exit_code
        finally:
            self._step = None
            self.view.idle()
        return 0

    def _stopped(self) -> None:
        """Say that a step was broken off; a turn ends with it."""
        ends = self.talker.stop()
        for entry in ends:
            self.view.entry(entry)
        if not ends:
            self.view.show([Line("stopped", "dim")])

    async def _facts(self) -> None:
        """Show what is really so after a turn that did something: an answer may be wrong."""
        present = self.talker.talk.present
        if not any(isinstance(i, Started) for i in present):
            return
        looked = [i.facts for i in present if isinstance(i, Looked) and i.facts]
        self.view.show([Line(f"  {facts}", "dim") for facts in looked[-1:]])
        before, self._made = self._made, await made(self.talker)
        self.view.show(self._made if self._made != before else [])

    async def _show(self, entries: AsyncIterator[Entry]) -> None:
        self.view.working("reading")
        async for entry in entries:
            self.view.entry(entry)
            if not isinstance(entry.event, Heard | Replied):
                self.view.working("reading")

    def _interrupt(self) -> None:
        """Stop the step that is being done; the second time, leave."""
        self._presses += 1
        if self._step is not None:
            self._step.cancel()
        else:
            raise KeyboardInterrupt


async def _join(seat: Seat, session: Session) -> None:
    """Let the agent ask the person; one of a team asks its mates too, and pays as for its tasks."""
    seat.company = Company(session.answer)
    if seat.resume is None:
        return
    from samovar.office import open_purse

    job, roster = Job(agent=seat.resume.name), Folder(seat.home).read()
    seat.mates = mates(seat.resume, roster)
    seat.company = Company(session.answer, Letters(seat.home, job, roster, _unleased).mates())
    seat.purse = await seat.stack.enter_async_context(open_purse(seat.home))


async def _unleased() -> None:
    """Hold nothing: a conversation is no task of the queue, so nobody can take it over."""


def _head(talker: Companion) -> list[Line]:
    seat = talker.seat
    assert seat.choice is not None and seat.sandbox is not None, "prepared"
    where = seat.choice.endpoint.shown
    rows = [
        Line(
            f"{seat.agent} with {shown(seat.choice.endpoint.model)} at {where}, "
            f"{seat.choice.profile.context:,} tokens of context",
            "strong",
        ),
        Line(
            f"on a copy of {seat.repo.place.root}, sandbox {seat.sandbox.tier}; "
            "your files stay as they are until you take a /commit over",
            "dim",
        ),
    ]
    if talker.talk.began is not None:
        rows.append(Line(f"on with: {talker.talk.began.title}", "good"))
    return rows


def _found(talker: Companion, name: str) -> str:
    """Return the conversation whose name begins so. Raises SetupError."""
    if name == "last":
        found = [s.run for s in earlier(talker.seat)[:1]]
    else:
        known = [s.run for s in App(talker.seat.home).runs() if s.state == "talk"]
        found = [r for r in known if r.startswith(name)]
    if len(found) > 1:
        raise SetupError(f"{len(found)} conversations are called {name!r}: write more of the name")
    if not found:
        raise SetupError(f"there is no conversation {name!r} here; begin one with: samovar chat")
    return found[0]
