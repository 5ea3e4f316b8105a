"""The Python dialect: `read_file(path="a.py")`, on a line of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from samovar.core.tool import Said
from samovar.models.dialects import lines, offered
from samovar.models.dialects.offered import Offered

_OFFER = """\
You may use tools to do what the user asks. The tools are:
<tools>
{tools}
</tools>

To use a tool, write a call with named arguments on a line of its own, and nothing else:
NAME(ARGUMENT=VALUE)
When no tool is needed or all is done, speak to the user in plain text."""


@dataclass(frozen=True)
class Python:
    """Free text with calls as lines of Python. The calls are parsed, never run."""

    def offer(self, tools: Sequence[Offered], /) -> str:
        """Return the lines of the system prompt; nothing without tools."""
        return offered.offer(_OFFER, tools)

    def schema(self, _tools: Sequence[Offered], _reply: bool = True, /) -> dict[str, Any] | None:
        """Return None: answers are free text."""
        return None

    def read(self, text: str, tools: Sequence[Offered], /) -> Said:
        """Take an answer apart; what is no call is text."""
        at, around, calls = 0, "", []
        for start, end, found in sorted(lines.find(text, tools), key=lambda span: span[0]):
            around += text[at:start]
            calls += found
            at = end
        return Said((around + text[at:]).strip(), tuple(calls))

    def show(self, said: Said, /) -> str:
        """Write an answer with each call on its line."""
        return "\n".join(
            [*([said.text] if said.text else []), *(lines.written(call) for call in said.calls)]
        )
