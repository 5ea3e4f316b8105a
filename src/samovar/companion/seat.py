"""Putting a conversation together: which model, dialect, tools and rules an agent gets."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from samovar.app import NOBODY
from samovar.boot import Choice, choose_model, first, manner, quiet, remember
from samovar.companion.tools import Place, tools, yard_of
from samovar.core.agent import Limits
from samovar.core.errors import UNREADABLE, SetupError
from samovar.core.rules import AskPerson, nobody
from samovar.core.seams import Host, Live
from samovar.core.tool import Dialect, Tool
from samovar.memory.notes import folder_of
from samovar.memory.project import ProjectFile
from samovar.memory.recall import Memory
from samovar.models.dialects.choose import dialect_for
from samovar.models.size import estimate, is_small
from samovar.org.choice import who
from samovar.org.credits import CREDIT
from samovar.org.purse import Purse
from samovar.org.resume import Resume
from samovar.repo.git import Git
from samovar.sandboxes.find import find_sandbox
from samovar.settings import Settings
from samovar.tools.ask import Company
from samovar.tools.remote import join

FEW, MANY = 5, 12
_REPLY = 0.25
"""Share of the context that one answer may take."""
_LONGEST = 1200
"""Generated tokens of one answer in a conversation, at most."""
RECALLED = 240
"""Tokens of notes that a message brings into the prompt, at most; a few lines."""
_OF_ROOM = 12
"""They take no more than one part in so many of the room."""
_ASKED = 2_000
"""Characters of a message by which notes are looked up."""
_NO_TEAM = (
    "a team is made for it by 'samovar bootstrap' in this repository, and one more agent then by "
    "'samovar agent new NAME'; agents of a team elsewhere are asked there"
)
_HERE = Path(__file__).parent / "prompts"

__all__ = ["Seat", "estimate", "manner"]


@dataclass
class Seat:
    """The place of an agent in one repository: what is there for every conversation of it."""

    repo: Git
    settings: Settings
    home: Path
    stack: AsyncExitStack
    ask: AskPerson = nobody
    live: Live = quiet
    wanted: str = ""
    agent: str = NOBODY
    no_sandbox: bool = False
    progress: Callable[[int, int], None] = lambda _have, _all: None
    resume: Resume | None = None
    mates: dict[str, str] = field(default_factory=dict[str, str])
    """Who hears an agent of a team, with what each is for."""
    company: Company | None = None
    """Whom the tool `ask` can ask; without anybody there is no such tool."""
    purse: Purse | None = None
    """What answers are paid from; without one they cost nothing."""
    choice: Choice | None = None
    sandbox: Host | None = None
    _memory: Memory | None = field(default=None, repr=False)

    @property
    def memory(self) -> Memory:
        """The agent's long-term memory."""
        if self._memory is None:
            self._memory = remember(self.home, self.agent)
            self.stack.callback(self._memory.close)
        return self._memory

    @property
    def project(self) -> ProjectFile:
        """The project's plan."""
        return ProjectFile(self.home)

    async def prepare(self) -> Choice:
        """Find a sandbox and a model. Raises SetupError or Unreachable with the way out."""
        if self.sandbox is None:
            self.sandbox = await find_sandbox(self.no_sandbox)
        if self.choice is None:
            self.choice = await self._chosen(self.wanted)
        return self.choice

    async def switch(self, wanted: str) -> Choice:
        """Take another model; the old one stays where there is no such model."""
        self.choice = await self._chosen(wanted)
        self.wanted = wanted
        return self.choice

    def dialect(self) -> Dialect:
        """Return how the model is offered tools."""
        assert self.choice is not None, "prepared"
        return dialect_for(self.choice.profile)

    def limits(self) -> Limits:
        """Return what a turn may spend."""
        assert self.choice is not None, "prepared"
        return limits(self.choice, self.settings, self.resume)

    async def recall(self, question: str) -> str:
        """Return what is remembered about a message; empty where nothing fits it.

        Notes that cannot be searched are no reason to end a conversation: the person is told.
        """
        try:
            budget = min(RECALLED, self.limits().room // _OF_ROOM)
            return await self.memory.recall(question[:_ASKED], budget)
        except SetupError as error:
            self.live("note", f"nothing is recalled: {error}")
            return ""

    def tools(
        self, root: Path, run: str, stack: AsyncExitStack, again: bool = False
    ) -> Callable[[], Sequence[Tool]]:
        """Return what lists the tools the agent is permitted, over the files in a folder.

        What they start ends with the stack; `again` is whether the run used `python` before.
        """
        assert self.sandbox is not None, "prepared"
        permitted = self.resume.permissions.tools if self.resume else None
        projects = self.repo.place.trees or (root,)
        place = Place(self.home, projects, root, self.agent, run, permitted, again, met=True)
        return tools(place, self.settings, self.sandbox, self.memory, self.company, stack)

    async def remote(
        self, root: Path, taken: Collection[str], stack: AsyncExitStack
    ) -> Sequence[Tool]:
        """Return the permitted tools of the MCP servers of the settings; what fails is told.

        The servers that are started end with the stack.
        """
        assert self.sandbox is not None, "prepared"
        yard = yard_of(root, self.sandbox, self.home)
        joined = await join(self.settings.mcp, taken, yard, stack)
        for line in joined.said:
            self.live("note", line)
        if self.resume is None:
            return joined.tools
        return [t for t in joined.tools if t.name in self.resume.permissions.tools]

    def system(self) -> str:
        """Return the standing instructions."""
        told = (_HERE / "chat.md").read_text().strip()
        if self.resume is None:
            return told
        return f"{who(self.resume, self.mates)}\n\n{told}"

    async def _chosen(self, wanted: str) -> Choice:
        async def choose(name: str) -> Choice:
            return await choose_model(
                self.settings, self.home, self.stack, name, self.live, self.progress
            )

        if wanted or self.resume is None:
            return await choose(wanted)
        return await first(self.resume.models, choose)


def limits(choice: Choice, settings: Settings, resume: Resume | None) -> Limits:
    """Return what a turn may spend, by the settings, the resume and what was measured.

    Who acts with tools also writes files with them: an answer may be twice as long as the resume
    says of messages.
    """
    context = choice.profile.context
    reply = 2 * resume.limits.reply if resume else _LONGEST
    return Limits(
        steps=settings.steps,
        tokens=settings.tokens,
        seconds=settings.turn_seconds,
        credits=round(settings.turn_credits * CREDIT),
        temperature=settings.temperature,
        context=context,
        reply=min(reply, int(context * _REPLY)),
        shown=FEW if is_small(choice.endpoint.model) else MANY,
    )


def read_resume(home: Path, agent: str) -> Resume | None:
    """Return the resume of an agent; None for the nameless one. Raises SetupError."""
    if agent in ("", NOBODY):
        return None
    path = folder_of(home, agent).parent / "resume.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Resume)
    except FileNotFoundError as error:
        known = sorted(p.parent.name for p in (home / "agents").glob("*/resume.json"))
        there = f"there are: {', '.join(known)}" if known else _NO_TEAM
        raise SetupError(f"no agent is called {agent!r} in {home}; {there}") from error
    except (OSError, *UNREADABLE) as error:
        raise SetupError(f"{path}: {error}") from error
