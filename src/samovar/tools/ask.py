"""Asking a person or a teammate."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from samovar.core.errors import ToolError
from samovar.core.text import shorten, visible
from samovar.core.tool import Tool, tool

Answerer = Callable[[str], Awaitable[str]]
"""From a question to an answer; an empty one means that nobody will answer now."""
Send = Callable[[str], Awaitable[None]]
"""Takes a question away; its answer does not come back here."""


@dataclass(frozen=True)
class Company:
    """Whom an agent can ask."""

    person: Answerer
    mates: Mapping[str, Send] = field(default_factory=dict[str, Send])
    """Teammates by name; they answer later, by a message of their own."""


def ask(company: Company) -> Tool:
    """Return the tool that asks."""
    mates = company.mates
    known = ", ".join(("person", *mates))
    later = "; a teammate answers later, by a message" if mates else ""

    async def ask(
        question: Annotated[
            str, Meta(min_length=1, description="one question, with what is known")
        ],
        whom: Annotated[str, Meta(description=f"one of: {known}{later}")] = "person",
    ) -> str:
        """Ask a person, or a teammate if one is named, when you cannot find out or decide."""
        if whom in mates:
            await mates[whom](question)
            return (
                f"sent to {whom}; an answer, if any, comes as a message in a later turn, not in "
                "this task: go on with what you can, and say in your result what is open"
            )
        if whom != "person":
            raise ToolError(f"there is no {whom!r} to ask; ask one of: {known}")
        answer = await company.person(question)
        if not answer.strip():
            raise ToolError(f"{whom} does not answer now: decide by yourself and say so")
        return shorten(visible(f"{whom} answers: {answer.strip()}"), "ask for a shorter answer")

    return tool(ask, "ask", {"question": "May I drop Python 3.9?", "whom": "person"})
