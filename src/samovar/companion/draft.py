"""A draft: a copy of the files of a commit, in which an agent and its programs may write.

The person's own files stay as they are. Programs of the sandbox write here while we read: every
file is opened without following links. What is the difference is found by git's own hashes.
"""

import asyncio
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from samovar.companion import given
from samovar.companion.given import Gift
from samovar.core.errors import UNREADABLE, SetupError, ToolError
from samovar.core.log import write
from samovar.core.seams import Deed
from samovar.core.text import count, file_name, some
from samovar.repo.git import Git
from samovar.repo.tree import FILE, LINK, PROGRAM, Files
from samovar.sandboxes.workspace import remove
from samovar.tools import beneath, ignore
from samovar.tools.workspace import Text, Workspace

LARGEST = 8 << 20
"""Bytes of a file that can be committed or taken back."""
_FEW = 20
"""Files of a folder that is ignored as a whole, at most, that are told one by one."""
_NAMED = 5
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Change(Struct, frozen=True):
    """How a draft differs from its commit."""

    texts: dict[str, str] = {}
    removed: tuple[str, ...] = ()
    left_out: dict[str, str] = {}
    """Files that cannot be committed from here, and why."""
    modes: dict[str, str] = {}
    """Git modes of changed and new files that are not what they were, or what is usual."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that is not as it was."""
        return tuple(sorted({*self.texts, *self.removed, *self.left_out}))


class Made(Struct, frozen=True):
    """The new and changed files of a draft that no commit takes."""

    paths: tuple[str, ...] = ()
    folders: dict[str, int] = {}
    """Those of folders that are ignored as a whole and hold more than a few: only their number."""

    @property
    def rest(self) -> str:
        """What the paths do not name, in words; empty for nothing."""
        return some(
            [f"{file_name(p)} ({count(n, 'file')})" for p, n in self.folders.items()], _NAMED
        )


class Mark(Struct, frozen=True):
    """What a draft held at a moment: every file that was not as in the commit."""

    files: dict[str, bytes | None]
    """Their bytes, where a link leads, or None for what was removed."""
    modes: dict[str, str] = {}
    """Git modes; of what is not named, the one in the commit."""
    base: str = ""
    """The commit."""


class Held(Struct, frozen=True):
    """What stands at a path of a draft."""

    data: bytes
    """At most LARGEST bytes of a file, or where a link leads."""
    mode: str
    """As git has it: FILE, PROGRAM or LINK."""


class Draft:
    """The working copy of one conversation; it lies in the folder of the run."""

    def __init__(self, folder: Path, repo: Git, tree: Files, base: str) -> None:
        self.root = folder / "work"
        self.repo = repo
        self.tree = tree
        self.base = base
        """The commit it started from, later the last one that was made of it."""
        self._given = given.taken(folder)
        """Paths of what the person handed over, which no commit takes."""
        self._marks = folder / "marks"
        self._place = Workspace(self.root)
        self._stored = _stored(tree)
        """Mode and hash by path, as the commit has them."""
        self._same: dict[str, tuple[int, int, int, int]] = {}
        """Inode, time, size and mode of files found to be as in the commit."""

    async def change(self) -> Change:
        """Return how it differs from its commit."""
        return await asyncio.to_thread(self._change)

    async def paths(self) -> frozenset[str]:
        """Return every file there is."""
        return frozenset(await asyncio.to_thread(self._names))

    async def diff(self) -> str:
        """Return the unified difference to its commit; files left out are named at its end."""
        change = await self.change()
        text = ""
        if change.texts or change.removed:
            text = await self.repo.diff(self.base, change.texts, change.removed, change.modes)
        rest = "".join(f"# {file_name(path)}: {why}\n" for path, why in change.left_out.items())
        return text + rest

    async def made(self) -> Made:
        """Return the new and changed files that no commit from here takes.

        Those that `change` leaves out and those that a .gitignore does; links are not among them.
        """
        return await asyncio.to_thread(self._made)

    async def commit(self, branch: str, message: str) -> str:
        """Commit the difference on a branch and return the hash. Raises ToolError for none."""
        change = await self.change()
        if not change.texts and not change.removed:
            raise ToolError("there is nothing to commit")
        made = await self.repo.commit(
            Deed(
                base=self.base,
                branch=branch,
                message=message,
                changed=change.texts,
                removed=change.removed,
                modes=change.modes,
            )
        )
        await self.moved(made)
        return made

    async def give(self, gifts: Sequence[Gift]) -> None:
        """Put files of the person's into it, which no commit takes. Raises SetupError."""
        if gifts:
            try:
                await asyncio.to_thread(given.hand_over, self.root, gifts)
            finally:
                self._given = given.taken(self.root.parent)

    async def moved(self, base: str) -> None:
        """Take another commit for the one it differs from; what was before it stays committed."""
        self.tree = await self.repo.tree(base)
        self.base = base
        self._stored, self._same = _stored(self.tree), {}

    async def mark(self, number: int) -> None:
        """Remember the state under a number, for `undo`."""
        await asyncio.to_thread(self._mark, number)

    async def undo(self) -> tuple[str, ...]:
        """Go back to the last mark at which something was different; return the paths.

        Marks count for the commit they were made over. An empty answer means there is nothing to
        take back.
        """
        return await asyncio.to_thread(self._undo)

    def _change(self) -> Change:
        change = Change(texts={}, left_out={}, modes={})
        removed: list[str] = []
        for path, held in self._differing():
            was = self._stored.get(path, (FILE, ""))[0]
            why = _why_left_out(held, was)
            if why:
                change.left_out[path] = why
            elif held is None:
                removed.append(path)
            elif self.tree.points(path):
                change.left_out[path] = "kept by Git LFS, so it cannot be committed from here"
            else:
                change.texts[path] = held.data.decode()
                if held.mode != was:
                    change.modes[path] = held.mode
        return replace(change, removed=tuple(removed))

    def _made(self) -> Made:
        known = self._stored.keys() | self._given
        found = [f for f in ignore.hidden(self.root) if f.path not in known]
        counts = Counter(f.within for f in found if f.within)
        folders = {folder: n for folder, n in counts.items() if n > _FEW}
        paths = {f.path for f in found if f.within not in folders}
        rest = self._change().left_out.keys()
        return Made(tuple(sorted(filter(self._plain, paths | rest))), folders)

    def _plain(self, path: str) -> bool:
        """Whether a regular file is there, and no link on the way to it."""
        try:
            return self._place.regular(path) == path
        except ToolError:
            return False

    def _differing(self) -> Iterator[tuple[str, Held | None]]:
        """Yield each path that is not as in the commit with what stands there now."""
        found = (f.path for f in ignore.entries(self.root) if not _junk(f.path))
        for path in sorted({*found, *self._stored} - self._given):
            try:
                yield from self._compared(path)
            except ToolError:
                # It went away, or turned into something that is no file.
                if path in self._stored:
                    yield path, None

    def _names(self) -> set[str]:
        return {f.path for f in ignore.walk(self.root) if not _junk(f.path)} | self._given

    def _compared(self, path: str) -> Iterator[tuple[str, Held | None]]:
        held: Held | None
        with self._above(path) as (folder, name):
            if stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
                held = Held(os.fsencode(os.readlink(name, dir_fd=folder)), LINK)
            else:
                spot = beneath.Spot(folder, name, tuple(path.split("/")))
                held = self._changed(spot)
        if held and not self._as_stored(path, held):
            yield path, held

    def _changed(self, place: beneath.Spot) -> Held | None:
        """Return what a file holds; None where it is as in the commit."""
        with open(beneath.opened(place), "rb") as file:
            found = os.fstat(file.fileno())
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode)
            if self._same.get(place.path) == stamp:
                return None
            data = file.read(LARGEST)
        held = Held(data, PROGRAM if found.st_mode & stat.S_IXUSR else FILE)
        if not self._as_stored(place.path, held):
            return held
        self._same[place.path] = stamp
        return None

    def _as_stored(self, path: str, held: Held) -> bool:
        mode, digest = self._stored.get(path, ("", ""))
        return held.mode == mode and _hash(held.data, digest) == digest

    @contextmanager
    def _above(self, path: str) -> Iterator[tuple[int, str]]:
        """Open the folder of a path, and yield it with the name in it.

        Raises ToolError where there is none, and where a link leads there.
        """
        above, _, name = path.rpartition("/")
        with beneath.spot(self.root, above or ".") as place:
            if place.path != (above or "."):
                raise ToolError(f"{path} lies behind a link")
            folder = os.open(place.name, _FOLDER, dir_fd=place.folder)
            try:
                yield folder, name
            finally:
                os.close(folder)

    def _mark(self, number: int) -> None:
        now = dict(self._differing())
        files = {path: held.data if held else None for path, held in now.items()}
        modes = {path: held.mode for path, held in now.items() if held}
        mark = Mark(files, modes, self.base)
        write(self._marks / f"{number:05}.json", msgspec.json.encode(mark))

    def _undo(self) -> tuple[str, ...]:
        for path in sorted(self._marks.glob("*.json"), reverse=True):
            mark = _read(path)
            if mark.base != self.base:
                continue
            now = dict(self._differing())
            wanted = {each: self._wanted(each, mark) for each in {*now, *mark.files}}
            paths = tuple(sorted(p for p, held in wanted.items() if self._at(p, now) != held))
            if any(held and len(held.data) >= LARGEST for held in map(wanted.get, paths)):
                raise SetupError(f"a file of more than {LARGEST >> 20} MB cannot be taken back")
            # What stands in the way of others goes first, the innermost before its folder.
            for each in reversed(paths):
                if self._at(each, now):
                    self._clear(each, wanted[each])
            for each in paths:
                self._restore(each, wanted[each])
            path.unlink()
            if paths:
                return paths
        return ()

    def _wanted(self, path: str, mark: Mark) -> Held | None:
        """Return what stood at a path at a mark."""
        if path not in mark.files:
            return self._original(path)
        data = mark.files[path]
        mode = mark.modes.get(path) or self._stored.get(path, (FILE, ""))[0]
        return None if data is None else Held(data, mode)

    def _at(self, path: str, now: Mapping[str, Held | None]) -> Held | None:
        return now[path] if path in now else self._original(path)

    def _clear(self, path: str, wanted: Held | None) -> None:
        """Take away what is not to stand at a path; writing would go through a link."""
        with self._above(path) as (folder, name):
            link = stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode)
            if link or wanted is None or wanted.mode == LINK:
                os.unlink(name, dir_fd=folder)

    def _restore(self, path: str, held: Held | None) -> None:
        if held is None:
            return
        with beneath.spot(self.root, path, make=True) as place:
            # A folder may stand there; what was in it is gone.
            with suppress(FileNotFoundError, NotADirectoryError):
                os.rmdir(place.name, dir_fd=place.folder)
            if held.mode == LINK:
                os.symlink(held.data, os.fsencode(place.name), dir_fd=place.folder)
                return
        # Latin-1 has a letter for every byte.
        self._place.write(path, Text(held.data.decode("latin-1"), "latin-1"))
        with self._above(path) as (folder, name):
            spot = beneath.Spot(folder, name, tuple(path.split("/")))
            with open(beneath.opened(spot), "rb") as file:
                os.fchmod(file.fileno(), 0o755 if held.mode == PROGRAM else 0o644)

    def _original(self, path: str) -> Held | None:
        if path not in self._stored:
            return None
        return Held(self.tree.stored(path), self._stored[path][0])


async def open_draft(folder: Path, repo: Git, start: str, base: str) -> Draft:
    """Return the draft in the folder of a run; its files are written at the first time.

    `start` is the commit it was made of, `base` the last one that was made of it.
    """
    root = folder / "work"
    if not root.exists():
        half = folder / "work.half"
        await remove(half)
        # The sandbox may run under another user, who must be able to enter.
        half.mkdir(parents=True, mode=0o711)
        await asyncio.to_thread((await repo.tree(start)).write_to, half, {})
        half.rename(root)
    return Draft(folder, repo, await repo.tree(base), base)


def _read(path: Path) -> Mark:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Mark)
    except UNREADABLE as error:
        raise SetupError(f"{path} is damaged: {error}") from error


def _stored(tree: Files) -> dict[str, tuple[str, str]]:
    """Return mode and hash of everything in a commit; of modes of old only two are left."""
    modes = {path: mode if mode in (PROGRAM, LINK) else FILE for path, mode in tree.modes().items()}
    return {path: (modes[path], digest) for path, digest in tree.hashes().items()}


def _junk(path: str) -> bool:
    return not ignore.JUNK.isdisjoint(path.split("/"))


def _why_left_out(held: Held | None, was: str) -> str:
    """Return why a difference cannot be committed from here; nothing where it can."""
    if held is None:
        return "a link that is gone; links cannot be committed from here" if was == LINK else ""
    if LINK in (held.mode, was):
        kind = "a link" if held.mode == LINK else "a file where a link was"
        return f"{kind}; links cannot be committed from here"
    if len(held.data) >= LARGEST:
        return "too large to be committed from here"
    return "" if _is_text(held.data) else "not text, so it cannot be committed from here"


def _hash(data: bytes, like: str) -> str:
    """Return git's hash of a file, by the algorithm of a known one."""
    head = b"blob %d\0" % len(data)
    if len(like) == 64:
        return hashlib.sha256(head + data).hexdigest()
    return hashlib.sha1(head + data, usedforsecurity=False).hexdigest()


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False
