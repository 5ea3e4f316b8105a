"""Listing, reading and writing files of the workspace."""

import asyncio
from collections import Counter
from typing import Annotated

from msgspec import Meta

from samovar.core.errors import ToolError
from samovar.core.text import LONGEST, flat, letters
from samovar.core.tool import Tool, tool
from samovar.tools import ignore
from samovar.tools.soundness import check
from samovar.tools.workspace import Text, Workspace, left_out, megabytes, unlisted

NAMES = 150
"""Files named one by one; beyond that, folders are counted."""

Place = Annotated[str, Meta(description="path relative to the workspace")]
Line = Annotated[int, Meta(ge=1, description="first line, counted from 1")]
Lines = Annotated[int, Meta(ge=1, le=2000, description="how many lines")]


def list_files(place: Workspace) -> Tool:
    """Return the tool that lists files, without those .gitignore leaves out."""

    async def list_files(
        path: Annotated[str, Meta(description="a folder; '.' is the whole workspace")] = ".",
        pattern: Annotated[str, Meta(description="glob, such as *.py or src/**/test_*.py")] = "*",
    ) -> str:
        """List the files of a folder and below."""
        form, within = ignore.glob(pattern), place.find(path)
        shows = place.shows("list_files", within)
        walked = await asyncio.to_thread(lambda: list(ignore.walk(place.root, path)))
        found = [f for f in walked if shows(f.path)]
        names = [f for f in found if form.fullmatch(f.path)]
        left = left_out(len(walked) - len(found))
        if names:
            return _listing(path, names) + left
        more = await asyncio.to_thread(
            unlisted, place, within, lambda p: form.fullmatch(p) is not None and shows(p)
        )
        if found:
            return f"none of {len(found)} files fits {pattern!r}{left}{more}"
        return f"{path} has no files{' to be shown' * bool(left)}{left}{more}"

    return tool(list_files, "read", {"path": "src", "pattern": "*.py"})


def read_file(place: Workspace) -> Tool:
    """Return the tool that shows part of a text file."""

    async def read_file(path: Place, start: Line = 1, lines: Lines = 200) -> str:
        """Show lines of a text file, exactly as they are."""
        text = await asyncio.to_thread(place.read, path)
        rows = letters(text.text).split("\n")
        total = len(rows) - (rows[-1] == "")
        if start > max(total, 1):
            raise ToolError(f"{path} has {total} lines: start at 1 to {total}")
        shown = _fitting(rows[start - 1 : min(start - 1 + lines, total)])
        end = start - 1 + len(shown)
        more = f"\n[... {total - end} more lines: read_file with start {end + 1}]"
        odd = "" if text.encoding == "utf-8" else f", {text.encoding}"
        head = f"{path}, lines {min(start, total)}-{end} of {total}{odd}"
        return "\n".join([head, *shown]) + (more if end < total else "")

    return tool(read_file, "read", {"path": "src/app.py", "start": 1, "lines": 100})


def write_file(place: Workspace) -> Tool:
    """Return the tool that writes a whole file."""

    async def write_file(
        path: Place, content: Annotated[str, Meta(description="the whole new text of the file")]
    ) -> str:
        """Write a whole file, new or existing; folders are made as needed."""
        return await asyncio.to_thread(_write, place, path, content)

    return tool(write_file, "write", {"path": "notes/todo.md", "content": "# To do\n"})


def _write(place: Workspace, path: str, content: str) -> str:
    old = place.read(path) if place.exists(path) else None
    if old is not None and old.newline == "\r\n":
        content = content.replace("\r\n", "\n").replace("\n", "\r\n")
    new = Text(content) if old is None else Text(content, old.encoding, old.mark)
    if new == old:
        raise ToolError(f"nothing to do: {path} would stay as it is")
    check(path, new.text)
    place.write(path, new)
    verb = "wrote" if old is None else "replaced"
    rows = len(content.splitlines())
    return f"{verb} {path}: {rows} line{'s' * (rows != 1)}, {megabytes(len(new.data()))}"


def _fitting(rows: list[str]) -> list[str]:
    """Return as many rows as one result may hold; the first at least in part."""
    room, shown = LONGEST, list[str]()
    for row in rows:
        room -= len(row) + 1
        if room < 0 and shown:
            break
        cut = f"{row[:LONGEST]} [... {len(row) - LONGEST} more characters in this line]"
        shown.append(row if len(row) <= LONGEST else cut)
    return shown


def _listing(path: str, names: list[ignore.Found]) -> str:
    total = f"{len(names)} file{'s' * (len(names) != 1)}"
    rows = [f"{flat(f.path)} ({megabytes(f.size)})" for f in names[:NAMES]]
    if len(names) <= NAMES and sum(map(len, rows)) < LONGEST:
        return letters("\n".join([total, *rows]))
    start = "" if path in (".", "./") else path.rstrip("/") + "/"
    depth = len([p for p in start.split("/") if p])
    heads = Counter(_head(f.path, depth) for f in names)
    rows = [
        f"{flat(name)} ({n} files)" if name.endswith("/") else flat(name)
        for name, n in heads.items()
    ]
    kept = _fitting(rows[:NAMES])
    left = len(rows) - len(kept)
    more = [f"[... {left} more names]"] if left else []
    advice = "[folders are counted only: list_files with a path or a pattern shows their files]"
    return letters("\n".join([f"{total} in {path}", *kept, *more, advice]))


def _head(path: str, depth: int) -> str:
    parts = path.split("/")
    return path if len(parts) <= depth + 1 else "/".join(parts[: depth + 1]) + "/"
