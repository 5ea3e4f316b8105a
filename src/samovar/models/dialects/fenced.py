"""The JSON dialect: `{"name": ..., "arguments": {...}}` in a fence, or alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from samovar.core.tool import Said
from samovar.models.dialects import marked, offered
from samovar.models.dialects.offered import Offered

_OFFER = """\
You may use tools to do what the user asks. The tools are:
<tools>
{tools}
</tools>

To use a tool, answer with its name and its arguments in a JSON block, and nothing else:
```json
{{"name": NAME, "arguments": {{"ARGUMENT": VALUE}}}}
```
When no tool is needed or all is done, speak to the user in plain text."""
_FENCE = re.compile(r"```json\s*(?=\{)")
_BARE = re.compile(r"\A\s*(?=\{)")
_CALL = re.compile(r"""```json\s*\{\s*"name"\s*:\s*"[^"]+"\s*,\s*"arguments"\s*:""")


@dataclass(frozen=True)
class Fenced:
    """Free text with calls as JSON in fences."""

    def offer(self, tools: Sequence[Offered], /) -> str:
        """Return the lines of the system prompt; nothing without tools."""
        return offered.offer(_OFFER, tools)

    def schema(self, _tools: Sequence[Offered], _reply: bool = True, /) -> dict[str, Any] | None:
        """Return None: answers are free text."""
        return None

    def read(self, text: str, tools: Sequence[Offered], /) -> Said:
        """Take an answer apart. Raises ToolError with one precise line for the model."""
        if _BARE.match(text):
            return marked.read(text, tools, _BARE, "\0", marked.named)
        if not _CALL.search(text):
            return Said(text.strip())
        return marked.read(text, tools, _FENCE, "```", marked.named)

    def show(self, said: Said, /) -> str:
        """Write an answer with each call in a fence."""
        calls = ({"name": call.tool, "arguments": call.arguments} for call in said.calls)
        written = (f"```json\n{offered.encoded(call)}\n```" for call in calls)
        return "\n".join([*([said.text] if said.text else []), *written])
