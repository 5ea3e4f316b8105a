"""Find out by trying which dialect a model is read best in."""

import re

from samovar.core.errors import ToolError
from samovar.models.dialects.choose import NAMES, Name, dialect
from samovar.models.dialects.offered import Outline
from samovar.models.dialects.rescue import Rescued
from samovar.models.endpoint import Endpoint
from samovar.models.interview import Interview

_TEXT = {"type": "string"}
_TOOLS = (
    Outline(
        "read_file",
        "Show lines of a text file.",
        {"type": "object", "properties": {"path": _TEXT}, "required": ["path"]},
    ),
    Outline(
        "write_file",
        "Write a whole file.",
        {
            "type": "object",
            "properties": {"path": _TEXT, "content": _TEXT},
            "required": ["path", "content"],
        },
    ),
    Outline(
        "shell",
        "Run a command.",
        {"type": "object", "properties": {"command": _TEXT}, "required": ["command"]},
    ),
)
_CASES = (
    ("What does setup.cfg say?", "read_file", "setup.cfg"),
    ("Run the tests with pytest.", "shell", "pytest"),
    ("Create notes.txt with the text: buy milk", "write_file", "buy milk"),
    ("Show me which files git has changed.", "shell", "git"),
    ("What is the capital of France?", "", "Paris"),
)
"""What is asked, the tool that fits (none: an answer), and what must occur."""
_LIMIT = 120
_SECONDS = 60.0


async def best(endpoint: Endpoint, *, schemas: bool) -> Name | None:
    """Return the dialect with most of the trials right, the earlier name on a tie.

    `schemas` says whether the server obeys a JSON Schema. None when no trial went right at all.
    """
    interview = Interview(endpoint)
    right = {name: await _right(interview, name) for name in NAMES if schemas or name != "action"}
    name = max(right, key=lambda each: right[each])
    return name if right[name] else None


async def _right(interview: Interview, name: Name) -> int:
    speech = Rescued(dialect(name))
    offer, schema = speech.offer(_TOOLS), speech.schema(_TOOLS)
    form = {"name": "answer", "strict": True, "schema": schema}
    fields = {"response_format": {"type": "json_schema", "json_schema": form}} if schema else {}
    right = 0
    for asked, tool, part in _CASES:
        text = f"{offer}\n\n{asked}"
        answer = await interview.said(text, limit=_LIMIT, seconds=_SECONDS, **fields)
        if answer is None:
            continue
        try:
            said = speech.read(answer.text, _TOOLS)
        except ToolError:
            continue
        called = said.calls[0].tool if said.calls else ""
        shown = str(said.calls[0].arguments) if said.calls else said.text
        right += called == tool and re.search(re.escape(part), shown) is not None
    return right
