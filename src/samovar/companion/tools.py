"""The tools of a conversation: those of the files, of memory and of the project, and the skills."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from samovar.boot import scratch, surroundings
from samovar.companion.given import elsewhere
from samovar.core.rules import reach, sight
from samovar.core.seams import Host
from samovar.core.tool import Tool
from samovar.memory.notebook import Notebook, notebook
from samovar.memory.recall import Memory
from samovar.memory.remember import memory
from samovar.memory.skills.offer import offered
from samovar.memory.skills.promote import Maker, promote_skill, skill_source
from samovar.memory.skills.shelf import Shelf
from samovar.memory.skills.workshop import Workshop
from samovar.sandboxes.none import Unconfined
from samovar.settings import Settings, readable, variables
from samovar.tools import toolbox
from samovar.tools.ask import Company
from samovar.tools.interpreter import Interpreter
from samovar.tools.remote import Yard
from samovar.tools.toolbox import Bench
from samovar.tools.workspace import Workspace

FIRST = ("read_file", "edit_text", "shell", "search", "edit_symbol", "list_files", "write_file")
"""Of equals, these are put in front of a model before the rest, in this order."""


@dataclass(frozen=True)
class Place:
    """Where tools work, and for whom."""

    home: Path
    projects: Sequence[Path]
    """The person's own folders: their virtual environment runs the programs."""
    root: Path
    """The copy that may be changed."""
    agent: str
    run: str
    permitted: tuple[str, ...] | None
    """Names of the tools the agent may use; None permits all."""
    again: bool = False
    """Whether the run used `python` before, in a session that is gone."""
    met: bool = False
    """Whether a person sits here, who can hand over what lies in the folders alone."""


def tools(
    place: Place,
    settings: Settings,
    sandbox: Host,
    memories: Memory,
    company: Company | None,
    stack: AsyncExitStack,
) -> Callable[[], Sequence[Tool]]:
    """Return what lists the tools of an agent: a skill is one as soon as it is promoted."""
    found = surroundings(place.projects, settings, place.home)
    workspace = Workspace(place.root, sight=sight(settings.rules, str(place.root)))
    if place.met:
        workspace = replace(workspace, beyond=partial(elsewhere, place.projects[0]))
    bench = Bench(
        place=workspace,
        sandbox=sandbox,
        stack=stack,
        interpreter=Interpreter(found.python, found.readable, found.path),
        web=settings.web,
        reach=reach(settings.rules),
        company=company,
        again=place.again,
    )
    shelf = Shelf(place.home / "skills")
    workshop = Workshop(sandbox, scratch, found.python, found.readable)
    fixed = [
        *toolbox.toolbox(bench),
        memory(memories, place.run),
        notebook(Notebook(place.home), place.agent),
    ]
    names = tuple(t.name for t in fixed)
    servers = tuple(settings.mcp)
    maker = Maker(place.agent, place.run, workspace.data, names, servers, place.permitted)
    fixed += [promote_skill(shelf, workshop, maker), skill_source(shelf)]
    fixed.sort(key=_rank)
    if place.permitted is not None:
        fixed = [t for t in fixed if t.name in place.permitted]
    # A skill that is older than a server would answer in its place, and without the question.
    theirs = tuple(f"{name}_" for name in servers)
    skills = partial(offered, shelf, workshop, place.permitted)
    return lambda: (*fixed, *(s for s in skills() if not s.name.startswith(theirs)))


def yard_of(root: Path, sandbox: Host, home: Path) -> Yard:
    """Return where the commands of MCP servers run, in a workspace they may change."""
    shown = partial(readable, home=home)
    return Yard(root, sandbox, shown, Unconfined(), variables(home))


def lacking(settings: Settings) -> dict[str, str]:
    """Return the tools that cannot work here now, each with what would help."""
    return toolbox.lacking(settings.web)


def _rank(tool: Tool) -> int:
    return FIRST.index(tool.name) if tool.name in FIRST else len(FIRST)
