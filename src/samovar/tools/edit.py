"""Changing a piece of a text file by quoting it."""

import asyncio
from difflib import unified_diff
from typing import Annotated

from msgspec import Meta

from samovar.core.errors import ToolError
from samovar.core.text import letters, shorten
from samovar.core.tool import Tool, tool
from samovar.tools import match
from samovar.tools.soundness import check
from samovar.tools.workspace import Text, Workspace

SHOWN = 2000
"""Characters of a difference."""


def edit_text(place: Workspace) -> Tool:
    """Return the tool that replaces one piece of a file by another."""

    async def edit_text(
        path: Annotated[str, Meta(description="path relative to the workspace")],
        search: Annotated[str, Meta(description="the lines to change, quoted from the file")],
        replace: Annotated[str, Meta(description="what stands there instead")],
    ) -> str:
        """Replace one piece of a text file; quote it as read_file shows it."""
        return await asyncio.to_thread(_edit, place, path, search, replace)

    example = {"path": "app.py", "search": "    return a + b", "replace": "    return a - b"}
    return tool(edit_text, "write", example)


def put(place: Workspace, path: str, old: Text, text: str) -> str:
    """Write the new text of a file that had another one; return what to tell the model.

    Raises ToolError, and writes nothing, when it did parse and would not any more, when nothing
    would change, or when somebody else changed the file meanwhile.
    """
    if text == old.text:
        raise ToolError(f"nothing to do: {path} would stay as it is")
    note = check(path, text, old.text)
    new = Text(text, old.encoding, old.mark)
    if place.data(path) != old.data():
        raise ToolError(f"{path} was changed by somebody else just now: read it again")
    place.write(path, new)
    return f"{note}\n{difference(old.text, text)}"


def difference(old: str, new: str) -> str:
    """Return the changed lines with one line around them, short and without hidden letters."""
    rows = unified_diff(old.split("\n"), new.split("\n"), n=1, lineterm="")
    text = letters("\n".join(row for row in rows if not row.startswith(("---", "+++"))))
    return shorten(text, "read_file shows the whole", SHOWN)


def _edit(place: Workspace, path: str, search: str, replace: str) -> str:
    old = place.read(path)
    try:
        found = match.locate(old.text, search)
    except ToolError as error:
        raise ToolError(f"{path}: {letters(str(error))}") from error
    text = match.replaced(old.text, found, replace)
    how = "" if found.how == "exactly" else f" (found {found.how})"
    line = match.line_of(old.text, found.start)
    return f"changed {path} at line {line}{how}" + put(place, path, old, text)
