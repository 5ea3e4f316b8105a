"""A draft: a copy of the files of a commit, in which an agent and its programs may write.

The person's own files stay as they are. Programs of the sandbox write here while we read: every
file is opened without following links. What is the difference is found by git's own hashes.
"""

import asyncio
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.core.errors import SetupError, ToolError
from samovar.core.log import write
from samovar.core.seams import Deed
from samovar.repo.git import Git
from samovar.repo.tree import Files
from samovar.sandboxes.workspace import remove
from samovar.tools import beneath, ignore
from samovar.tools.workspace import Text, Workspace

LARGEST = 8 << 20
"""Bytes of a file that can be committed or taken back."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
JUNK = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "node_modules"})
"""Folders that programs leave behind, and no project keeps in git."""


class Change(Struct, frozen=True):
    """How a draft differs from its commit."""

    texts: dict[str, str] = {}
    removed: tuple[str, ...] = ()
    left_out: dict[str, str] = {}
    """Files that cannot be committed from here, and why."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that is not as it was."""
        return tuple(sorted({*self.texts, *self.removed, *self.left_out}))


class Mark(Struct, frozen=True):
    """What a draft held at a moment: every file that was not as in the commit."""

    files: dict[str, bytes | None]
    """None for a file that was removed."""


class Draft:
    """The working copy of one conversation; it lies in the folder of the run."""

    def __init__(self, folder: Path, repo: Git, tree: Files, base: str) -> None:
        self.root = folder / "work"
        self.repo = repo
        self.tree = tree
        self.base = base
        """The commit it started from, later the last one that was made of it."""
        self._marks = folder / "marks"
        self._place = Workspace(self.root)
        self._hashes = dict(tree.hashes())
        self._seen: dict[str, tuple[tuple[int, int, int], str]] = {}
        """Hash by path, as long as inode, time and size are the same."""

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
            text = await self.repo.diff(self.base, change.texts, change.removed)
        rest = "".join(f"# {path}: {why}\n" for path, why in change.left_out.items())
        return text + rest

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
            )
        )
        await self.moved(made)
        return made

    async def moved(self, base: str) -> None:
        """Take another commit for the one it differs from; what was before it stays committed."""
        self.tree = await self.repo.tree(base)
        self.base = base
        self._hashes = dict(self.tree.hashes())
        for path in self._marks.glob("*.json"):
            path.unlink()

    async def mark(self, number: int) -> None:
        """Remember the state under a number, for `undo`."""
        await asyncio.to_thread(self._mark, number)

    async def undo(self) -> tuple[str, ...]:
        """Go back to the last mark at which something was different; return the paths.

        An empty answer means there is nothing to take back.
        """
        return await asyncio.to_thread(self._undo)

    def _change(self) -> Change:
        texts: dict[str, str] = {}
        left_out: dict[str, str] = {}
        removed: list[str] = []
        for path, data in self._differing():
            if data is None:
                removed.append(path)
            elif len(data) >= LARGEST:
                left_out[path] = "too large to be committed from here"
            elif (text := _text(data)) is None:
                left_out[path] = "not text, so it cannot be committed from here"
            else:
                texts[path] = text
        return Change(texts, tuple(removed), left_out)

    def _differing(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield each path that is not as in the commit with its content, at most LARGEST bytes."""
        for path in sorted(self._names() | self._hashes.keys()):
            try:
                yield from self._compared(path)
            except ToolError:
                # It went away, or turned into something that is no file.
                if path in self._hashes:
                    yield path, None

    def _names(self) -> set[str]:
        return {f.path for f in ignore.walk(self.root) if not JUNK & set(f.path.split("/"))}

    def _compared(self, path: str) -> Iterator[tuple[str, bytes | None]]:
        with beneath.spot(self.root, path) as place:
            number = beneath.opened(place)
            if place.path != path:
                os.close(number)
                raise ToolError(f"{path} is a link")
            with open(number, "rb") as file:
                found = os.fstat(number)
                stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
                known = self._seen.get(path)
                if known and known[0] == stamp and known[1] == self._hashes.get(path):
                    return
                data = file.read(LARGEST)
        digest = _hash(data, self._hashes.get(path, ""))
        self._seen[path] = (stamp, digest)
        if digest != self._hashes.get(path):
            yield path, data

    def _mark(self, number: int) -> None:
        mark = Mark(dict(self._differing()))
        write(self._marks / f"{number:05}.json", msgspec.json.encode(mark))

    def _undo(self) -> tuple[str, ...]:
        for path in sorted(self._marks.glob("*.json"), reverse=True):
            mark = msgspec.json.decode(path.read_bytes(), type=Mark).files
            now = dict(self._differing())
            paths = tuple(sorted(p for p in {*now, *mark} if not _alike(p, now, mark)))
            if any(len(mark.get(p) or b"") >= LARGEST for p in paths):
                raise SetupError(f"a file of more than {LARGEST >> 20} MB cannot be taken back")
            for each in paths:
                self._restore(each, mark)
            path.unlink()
            if paths:
                return paths
        return ()

    def _restore(self, path: str, mark: Mapping[str, bytes | None]) -> None:
        data = mark[path] if path in mark else self._original(path)
        if data is None:
            with beneath.spot(self.root, path) as place:
                os.unlink(place.name, dir_fd=place.folder)
        else:
            self._clear(path)
            # Latin-1 has a letter for every byte.
            self._place.write(path, Text(data.decode("latin-1"), "latin-1"))

    def _clear(self, path: str) -> None:
        """Take away a link that stands where a file stood: writing would go through it."""
        above, _, name = path.rpartition("/")
        with beneath.spot(self.root, above or ".") as place:
            folder = os.open(place.name, _FOLDER, dir_fd=place.folder)
        try:
            if stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
                os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            return
        finally:
            os.close(folder)

    def _original(self, path: str) -> bytes | None:
        return self.tree.data(path) if path in self._hashes else None


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


def _alike(path: str, one: Mapping[str, bytes | None], other: Mapping[str, bytes | None]) -> bool:
    return (path in one) == (path in other) and one.get(path) == other.get(path)


def _hash(data: bytes, like: str) -> str:
    """Return git's hash of a file, by the algorithm of a known one."""
    head = b"blob %d\0" % len(data)
    if len(like) == 64:
        return hashlib.sha256(head + data).hexdigest()
    return hashlib.sha1(head + data, usedforsecurity=False).hexdigest()


def _text(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
