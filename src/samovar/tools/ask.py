"""Asking a person or a teammate."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from msgspec import Meta

from samovar.core.errors import ToolError
from samovar.core.text import shorten, visible
from samovar.core.tool import Tool, tool

Answerer = Callable[[str, str], Awaitable[str]]
"""From whom and what to an answer; an empty one means that nobody will answer now."""


def ask(answerer: Answerer, teammates: Sequence[str] = ()) -> Tool:
    """Return the tool that asks; `teammates` may be asked besides the person."""
    known = ("person", *teammates)

    async def ask(
        question: Annotated[
            str, Meta(min_length=1, description="one question, with what is known")
        ],
        whom: Annotated[str, Meta(description=f"one of: {', '.join(known)}")] = "person",
    ) -> str:
        """Ask a person or a teammate when you cannot find out or decide by yourself."""
        if whom not in known:
            raise ToolError(f"there is no {whom!r} to ask; ask one of: {', '.join(known)}")
        answer = await answerer(whom, question)
        if not answer.strip():
            raise ToolError(f"{whom} does not answer now: decide by yourself and say so")
        return shorten(visible(f"{whom} answers: {answer.strip()}"), "ask for a shorter answer")

    return tool(ask, "ask", {"question": "May I drop Python 3.9?", "whom": "person"})
