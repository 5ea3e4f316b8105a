"""The Hermes dialect: `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`.

Source: the chat templates of NousResearch's Hermes 2 Pro and of Qwen2.5, which were trained on it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from samovar.core.tool import Said
from samovar.models.dialects import marked, offered
from samovar.models.dialects.offered import Offered

_OFFER = """\
# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{tools}
</tools>

For each function call, return a json object with function name and arguments within \
<tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""
_OPEN = re.compile(r"<tool_call>")


@dataclass(frozen=True)
class Hermes:
    """Free text with calls in `<tool_call>` tags."""

    def offer(self, tools: Sequence[Offered], /) -> str:
        """Return the lines of the system prompt; nothing without tools."""
        return _OFFER.format(tools=_functions(tools)) if tools else ""

    def schema(self, _tools: Sequence[Offered], _reply: bool = True, /) -> dict[str, Any] | None:
        """Return None: answers are free text."""
        return None

    def read(self, text: str, tools: Sequence[Offered], /) -> Said:
        """Take an answer apart. Raises ToolError with one precise line for the model."""
        return marked.read(text, tools, _OPEN, "</tool_call>", marked.named)

    def show(self, said: Said, /) -> str:
        """Write an answer with each call in its tags."""
        calls = ({"name": call.tool, "arguments": call.arguments} for call in said.calls)
        written = (f"<tool_call>\n{offered.encoded(call)}\n</tool_call>" for call in calls)
        return "\n".join([*([said.text] if said.text else []), *written])


def _functions(tools: Sequence[Offered]) -> str:
    """Return the tools as the chat templates list them."""
    lines = offered.listing(tools).splitlines()
    return "\n".join(f'{{"type": "function", "function": {line}}}' for line in lines)
