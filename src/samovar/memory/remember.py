"""The tool `memory`: what an agent keeps, finds and forgets of its own accord."""

import asyncio
from typing import Annotated, Literal

from msgspec import Meta

from samovar.core.errors import ToolError
from samovar.core.tool import Tool, tool
from samovar.memory.recall import Memory, quoted, shown

_ANSWER = 1_200
"""Tokens of an answer, at most."""
_NOTE = 600
"""Characters of a note an agent may write; long notes are never found again."""

Text = Annotated[str, Meta(description="What to keep, what to look for, or the name of a note.")]
Tags = Annotated[list[str], Meta(description="Words to file it under.", max_length=8)]


def memory(known: Memory, origin: str = "") -> Tool:
    """Return the tool over one agent's memory; `origin` is kept with what it stores.

    What comes in by this tool is said by an agent, a tool or the web, never by the owner: only a
    surface at which a person sits may say that, and take it back.
    """

    async def memory(
        action: Literal["store", "search", "forget"],
        text: Text,
        tags: Tags = [],  # noqa: B006 - msgspec copies it
        said_by: Literal["agent", "tool", "web"] = "agent",
    ) -> str:
        """Long-term memory: store one fact, search by a question, forget a note by its name."""
        match action:
            case "store":
                if len(text) > _NOTE:
                    raise ToolError(f"memory: a note has at most {_NOTE} characters: keep the gist")
                note = await known.store(text, said_by, tags, origin)
                return f"kept as {note.id}"
            case "forget":
                id = text.strip()
                if (await asyncio.to_thread(known.notes.read, id)).said_by == "owner":
                    raise ToolError(f"memory: the owner said {id}: only a person forgets that")
                return f"forgotten: {quoted(await known.forget(id))}"
            case "search":
                return shown(await known.search(text, 8), _ANSWER) or "nothing is remembered there"

    example = {"action": "search", "text": "when are backups made"}
    return tool(memory, "write", example, looks=("search",))
