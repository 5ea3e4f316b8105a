"""The tools an agent has for one task: those its resume names, no others."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from samovar.companion.tools import Place, tools, yard_of
from samovar.core.errors import SandboxMissing
from samovar.core.seams import Command, Host, Live, Ran, Session
from samovar.core.tool import Tool
from samovar.hands.known import BUILT_IN, absent
from samovar.memory.recall import Memory
from samovar.memory.skills.shelf import Shelf
from samovar.org.resume import Resume
from samovar.sandboxes.find import find_sandbox
from samovar.settings import Settings
from samovar.tools.ask import Company
from samovar.tools.remote import join


@dataclass(frozen=True)
class Nowhere:
    """A sandbox where there is none: tools that need one say so, the others work."""

    error: SandboxMissing
    tier = "missing"

    async def run(self, _command: Command, /) -> Ran:
        """Raise what is missing."""
        raise self.error

    async def start(self, _command: Command, /) -> Session:
        """Raise what is missing."""
        raise self.error


async def shelter(allow_none: bool) -> Host:
    """Return the sandbox of this machine, or one that refuses everything."""
    try:
        return await find_sandbox(allow_none)
    except SandboxMissing as error:
        return Nowhere(error)


def here(home: Path, settings: Settings, resume: Resume) -> tuple[str, ...]:
    """Return the tools of a resume that are to be had here and now, by name."""
    skills = {kept.skill.name for kept in Shelf(home / "skills").all() if kept.enabled}
    built_in = BUILT_IN - absent(settings).keys()
    servers = tuple(f"{name}_" for name in settings.mcp)
    wanted = resume.permissions.tools
    return tuple(t for t in wanted if t in built_in or t in skills or t.startswith(servers))


@dataclass(frozen=True)
class Bench:
    """What the tools of one task work with."""

    place: Place
    settings: Settings
    sandbox: Host
    memory: Memory
    company: Company
    live: Live

    async def tools(self, stack: AsyncExitStack) -> Callable[[], Sequence[Tool]]:
        """Return what lists the permitted tools; what they start ends with the stack."""
        own = tools(self.place, self.settings, self.sandbox, self.memory, self.company, stack)
        others = await self._remote({t.name for t in own()}, stack)
        return lambda: (*own(), *others)

    async def _remote(self, taken: set[str], stack: AsyncExitStack) -> Sequence[Tool]:
        permitted = self.place.permitted or ()
        servers = {
            name: server
            for name, server in self.settings.mcp.items()
            if any(t.startswith(f"{name}_") for t in permitted)
        }
        if not servers:
            return ()
        yard = yard_of(self.place.root, self.sandbox, self.place.home)
        joined = await join(servers, taken, yard, stack)
        for line in joined.said:
            self.live("note", line)
        return [t for t in joined.tools if t.name in permitted]
