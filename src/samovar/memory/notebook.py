"""The lab notebook of a project: observations, one after the other, in one Markdown file."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from samovar.core.errors import SetupError, ToolError
from samovar.core.log import now, sync
from samovar.core.text import ends, visible
from samovar.core.tool import Tool, tool

FILE = "notebook.md"
_TITLE = "# Notebook\n"
_HEAD = re.compile(r"^## (\d{4}-\d\d-\d\d \d\d:\d\d) UTC · (.+)$", re.MULTILINE)
_LONGEST = 2_000
_SHOWN = 3_500
"""Characters of an answer of the tool."""


class Observation(Struct, frozen=True):
    """One entry."""

    at: datetime
    by: str
    text: str


class Notebook:
    """The notebook in a folder; people may edit it like any file."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = now) -> None:
        self.path = folder / FILE
        self.clock = clock

    def add(self, text: str, by: str) -> Observation:
        """Append an observation; it is on the disk before this returns.

        Raises ToolError for an empty or long text, SetupError when the disk is full.
        """
        plain = text.encode("utf-8", "replace").decode().strip()
        if not plain or len(plain) > _LONGEST:
            raise ToolError(
                f"an observation has 1 to {_LONGEST:,} characters, not {len(plain):,}: "
                "say what was tried and what came of it"
            )
        seen = Observation(self.clock().astimezone(UTC), " ".join(by.split())[:60], plain)
        try:
            self._append(_entry(seen))
        except OSError as error:
            raise SetupError(f"cannot write {self.path}: {error.strerror}") from error
        return seen

    def sum_up(self, summary: str, by: str) -> Observation:
        """Append a summary of any length; of a long one the middle is left out, and that is said.

        Raises as `add` does.
        """
        return self.add(ends(summary.strip(), "the log of the run has them", _LONGEST - 100), by)

    def read(self) -> list[Observation]:
        """Return every observation, the oldest first; text before the first one is a person's."""
        try:
            text = self.path.read_text("utf-8", "replace")
        except FileNotFoundError:
            return []
        parts = _HEAD.split(text)[1:]
        rows = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
        return [Observation(_time(at), by, _bare(body)) for at, by, body in rows]

    def _append(self, entry: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            data = ((_TITLE if new else "") + entry).encode()
            if os.write(handle, data) != len(data):
                raise OSError(28, "no space left on device")
            os.fsync(handle)
        finally:
            os.close(handle)
        if new:
            sync(self.path.parent)


def notebook(book: Notebook, by: str) -> Tool:
    """Return the tool over a project's notebook; what it adds is signed with the agent's name."""

    async def notebook(
        action: Literal["add", "read"],
        text: Annotated[str, Meta(description="The observation; empty to read.")] = "",
    ) -> str:
        """The project's lab notebook: add what was tried and what came of it, or read it."""
        if action == "add":
            book.add(text, by)
            return "noted"
        return latest(book.read(), _SHOWN) or "the notebook is empty"

    example = {"action": "add", "text": "the cache makes the test flaky: 3 of 20 runs fail"}
    return tool(notebook, "write", example, looks=("read",))


def latest(seen: list[Observation], size: int) -> str:
    """Return the latest observations that fit into `size` characters, the oldest of them first."""
    kept: list[str] = []
    for number, each in enumerate(reversed(seen)):
        row = f"[{each.at:%Y-%m-%d %H:%M}, {visible(each.by)}] {visible(each.text)}"
        if sum(map(len, kept)) + len(row) + 80 > size:
            kept.append(f"[{len(seen) - number} older entries are in {FILE}]")
            break
        kept.append(row)
    return "\n".join(reversed(kept))


def _entry(seen: Observation) -> str:
    # A line that looks like a heading would pass for the begin of somebody's entry.
    body = re.sub(r"^(?=\\*## )", r"\\", seen.text, flags=re.MULTILINE)
    return f"\n## {seen.at:%Y-%m-%d %H:%M} UTC · {seen.by}\n\n{body}\n"


def _bare(body: str) -> str:
    return re.sub(r"^\\(?=\\*## )", "", body.strip(), flags=re.MULTILINE)


def _time(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
