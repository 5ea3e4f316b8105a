"""The tools that make skills: a tested function of the workspace becomes a tool for all.

`promote_skill` keeps it, `skill_source` shows it again, to whoever is to better it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from samovar.core.errors import SetupError, ToolError
from samovar.core.text import LONGEST, letters
from samovar.core.tool import Tool, tool
from samovar.memory.skills.shelf import Shelf, Skill
from samovar.memory.skills.signature import fit_name, signature
from samovar.memory.skills.workshop import Workshop

BUILT_IN = frozenset(
    {"list_files", "read_file", "write_file", "search", "edit_text", "edit_symbol", "nvim"}
    | {"shell", "python", "data_view", "fetch", "web_search", "memory", "ask", "notebook"}
    | {"promote_skill", "skill_source", "project", "finish", "done", "submit", "answer"}
)
"""Names no skill may take, whether or not the tool is there at the moment."""


@dataclass(frozen=True)
class Maker:
    """Who promotes: an agent, in a run, from its workspace."""

    agent: str
    origin: str
    read: Callable[[str], bytes]
    """Returns a file of the workspace. Raises ToolError for a path outside."""
    taken: Collection[str] = ()
    """Names of the tools there are besides the built-in ones."""
    servers: Collection[str] = ()
    """Names of MCP servers: NAME_ is the begin of the names of their tools."""
    permitted: Collection[str] | None = None
    """Names of the tools the agent may use; None permits all."""


async def promote(
    shelf: Shelf, workshop: Workshop, maker: Maker, file: str, function: str, name: str = ""
) -> Skill:
    """Keep a function as a skill once its tests passed in the sandbox.

    Raises ToolError, in one line that says what to change, when it is not fit to be one.
    """
    called = fit_name(name or function)
    clash = _like(called, BUILT_IN | set(maker.taken))
    if clash:
        raise ToolError(f"the name {called} belongs to, or looks like, the tool {clash}: rename it")
    server = next((s for s in maker.servers if _seen(called).startswith(_seen(f"{s}_"))), "")
    if server:
        raise ToolError(f"{called} is a name for a tool of the MCP server {server}: rename it")
    shelf.claim(called, maker.agent)
    source = maker.read(file)
    found = signature(source, function)
    if not found.asserted:
        raise ToolError(_untested(file, function, found.tests))
    try:
        needed = await workshop.test(source, function, found.tests)
    except ToolError as error:
        raise ToolError(f"{function} was not promoted, its test is red: {error}") from error
    if not needed:
        why = f"its tests stay green without it: assert what {function} returns"
        raise ToolError(f"{function} was not promoted, {why}")
    facts = {"agent": maker.agent, "origin": maker.origin, "file": file[:200]}
    return shelf.add(called, source, function, facts)


def promote_skill(shelf: Shelf, workshop: Workshop, maker: Maker) -> Tool:
    """Return the tool that promotes for one agent."""

    async def promote_skill(
        file_path: Annotated[str, Meta(description="A Python file that also holds a test_.")],
        function_name: str,
        tool_name: Annotated[str, Meta(description="Empty takes the function's name.")] = "",
    ) -> str:
        """Make a tool of a tested function: it needs type hints, a docstring and a test_."""
        skill = await promote(shelf, workshop, maker, file_path, function_name, tool_name)
        kept = f"(version {skill.version}); its tests passed"
        if not shelf.read(skill.name).enabled:
            return (
                f"{skill.name} is kept {kept}, but a person disabled it: only a person enables it"
            )
        if maker.permitted is not None and skill.name not in maker.permitted:
            return (
                f"{skill.name} is kept {kept}, but your resume does not name it: others may use it"
            )
        return f"{skill.name} is now a tool {kept}"

    example = {"file_path": "prices.py", "function_name": "average_price"}
    return tool(promote_skill, "write", example)


def skill_source(shelf: Shelf) -> Tool:
    """Return the tool that shows the file a skill is made of."""

    async def skill_source(
        name: str,
        start: Annotated[int, Meta(ge=0, description="character to go on from")] = 0,
    ) -> str:
        """A promoted skill's source, for its next version."""
        try:
            kept = shelf.read(name)
        except SetupError as error:
            raise ToolError(str(error)) from error
        skill, end = kept.skill, start + LONGEST
        text = letters(kept.source.decode("utf-8", "replace"))
        head = f"{name}, version {skill.version} by {skill.agent}; function {skill.function}"
        more = f"\n[... {len(text) - end} more characters: skill_source with start {end}]"
        return f"{head}\n{text[start:end]}" + (more if len(text) > end else "")

    return tool(skill_source, "read", {"name": "average_price"})


def _untested(file: str, function: str, tests: Sequence[str]) -> str:
    what = f"{file} needs a test of {function}"
    if tests:
        beside = f"{tests[0]} names it, but asserts nothing about what it returns"
        return f"{what}: {beside}; write 'assert {function}(...) == ...' with what it must return"
    return f"{what}: add 'def test_{function}():' with an assert that calls it"


def _like(name: str, taken: Collection[str]) -> str:
    """Return the tool a name is, or could be taken for; empty when there is none."""
    return next((each for each in sorted(taken) if _looks(each) == _looks(name)), "")


def _looks(name: str) -> str:
    return _seen(name.replace("-", "").replace("_", ""))


def _seen(name: str) -> str:
    alike = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s"})
    return name.lower().translate(alike).replace("rn", "m").replace("vv", "w")
