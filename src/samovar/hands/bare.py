"""Which tasks a small model does better without tools: those that bring all they need. Pure.

Or need nothing but a few files that are named: it reads them again and again, and then tells that
it has done so.
Measured with Qwen2.5-Coder-1.5B (docs/measured.md): given tools for such a task it looks for files
that are not there, in circles, or tells that it has read them.
"""

import re
from collections.abc import Collection

from samovar.companion.facts import mentioned
from samovar.core.offer import CALLED
from samovar.core.wish import orders

_LOOKS = frozenset(
    (
        *("file", "files", "folder", "folders", "directory", "directories", "search", "find"),
        *("fetch", "url", "website", "download", "run", "execute", "compute", "calculate"),
        *("count", "remember", "remind", "notebook"),
    )
)
"""Words of a task that cannot be done without a tool."""
_PATH = re.compile(r"https?://|\b\w+/\w+/|\w/(?!\S)|\b[\w-]{2,}\.[a-z]{2,5}\b", re.ASCII)
_FOLDER = re.compile(r"\b[\w/-]+/(?!\w)", re.ASCII)
_MATERIAL = re.compile(
    r"\S\s*\n\s*\S"
    r"|:\s+\S+\s+\S+\s+\S"
    r"|(?<!\w)[\"'“‘«„`][^\"'“”‘’«»„`]+[\"'”’»“`](?!\w)"
)
"""More than one line, words behind a colon, or a quotation."""
_READING = frozenset(("read_file", "list_files", "search", "memory", "notebook"))
"""Tools that change nothing but notes."""


def is_bare(
    text: str, instructions: str, known: Collection[str], tools: Collection[str] = ()
) -> bool:
    """Whether a task can be done with its own words and what its model knows.

    `known` are the files that lie where the agent works, `tools` the names of its tools, skills
    among them: a task may ask for one by name. Of a task that brings nothing along, what
    its words or the agent's instructions speak of may lie there, or in the agent's notes.
    """
    words = frozenset(re.findall(r"\w+", text.lower()))
    if mentioned(text, known) or _PATH.search(text) or words & _LOOKS.union(tools):
        return False
    return bool(_MATERIAL.search(text)) or not (
        words & CALLED["memory"] or _sent(instructions, known)
    )


def read_alone(
    text: str, instructions: str, known: Collection[str], tools: Collection[str]
) -> tuple[str, ...]:
    """Return the files that are all a task needs: it wants words about them, and no more.

    Those it names, else those that the agent's instructions name. None where something is to be
    changed, looked for or run, or the agent has tools for that.
    """
    words = frozenset(re.findall(r"\w+", text.lower())) - {"file", "files"}
    more = words & _LOOKS or words & CALLED["memory"] or orders(text)
    if more or "read_file" not in tools or not _READING.issuperset(tools):
        return ()
    return mentioned(text, known) or mentioned(instructions, known)


def _sent(instructions: str, known: Collection[str]) -> bool:
    """Whether instructions name a file that is there, or a folder that holds one."""
    folders = tuple(_FOLDER.findall(instructions))
    return bool(mentioned(instructions, known)) or any(path.startswith(folders) for path in known)
