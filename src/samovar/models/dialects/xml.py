"""The XML dialect: `<tool name="read_file">{"path": "a.py"}</tool>`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from samovar.core.tool import Call, Said
from samovar.models.dialects import marked, offered
from samovar.models.dialects.offered import Offered

_OFFER = """\
You may use tools to do what the user asks. The tools are:
<tools>
{tools}
</tools>

To use a tool, write its name and its arguments as JSON, with nothing else in the answer:
<tool name="NAME">{{"ARGUMENT": VALUE}}</tool>
When no tool is needed or all is done, speak to the user in plain text."""
_OPEN = re.compile(r"""<tool name=["']([^"'<>]{1,100})["']>""")


@dataclass(frozen=True)
class Xml:
    """Free text with calls in `<tool>` tags."""

    def offer(self, tools: Sequence[Offered], /) -> str:
        """Return the lines of the system prompt; nothing without tools."""
        return offered.offer(_OFFER, tools)

    def schema(self, _tools: Sequence[Offered], _reply: bool = True, /) -> dict[str, Any] | None:
        """Return None: answers are free text."""
        return None

    def read(self, text: str, tools: Sequence[Offered], /) -> Said:
        """Take an answer apart. Raises ToolError with one precise line for the model."""
        return marked.read(text, tools, _OPEN, "</tool>", _call)

    def show(self, said: Said, /) -> str:
        """Write an answer with each call in its tags."""
        written = (
            f'<tool name="{c.tool}">{offered.encoded(c.arguments)}</tool>' for c in said.calls
        )
        return "\n".join([*([said.text] if said.text else []), *written])


def _call(found: re.Match[str], value: Any, tools: Sequence[Offered]) -> Call:
    return marked.call(found[1], value, tools)
