"""The files of a project at one commit, taken from git's objects and from nowhere else."""

import os
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from samovar.core.errors import SetupError, ToolError
from samovar.core.text import file_names
from samovar.repo import paths
from samovar.repo.command import FLAGS, OFFLINE, Private, environment

TEXT = 8 << 20
"""Largest file read as text, in bytes."""
FILE, PROGRAM = "100644", "100755"
POINTER, SHORT = b"version https://git-lfs.github.com/spec/v1\n", 1024
"""How the text begins that stands for a file kept by Git LFS, and its length in bytes, at most
(git-lfs docs/spec.md)."""
LINK, FOLDER, MODULE = "120000", "040000", "160000"


@dataclass(frozen=True)
class Entry:
    """One name in a tree."""

    mode: str
    hash: str
    path: str


def parse(listing: bytes) -> tuple[Entry, ...]:
    """Return the entries of `git ls-tree -r -z`."""
    entries = []
    for row in listing.split(b"\0"):
        if not row:
            continue
        head, _, name = row.partition(b"\t")
        mode, _, digest = head.decode().split(" ")
        entries.append(Entry(mode, digest, os.fsdecode(name)))
    return tuple(entries)


class Files:
    """A core Tree over one commit; its calls block, a large `write_to` for about a second."""

    def __init__(self, private: Private, entries: Sequence[Entry]) -> None:
        self._private = private
        self._entries = {entry.path: entry for entry in entries if entry.mode != MODULE}
        self._modules = {entry.path: MODULE for entry in entries if entry.mode == MODULE}
        self._lock = threading.Lock()
        self._reader: subprocess.Popen[bytes] | None = None

    def paths(self) -> Sequence[str]:
        """Return every regular file's path; names that are not UTF-8 are left out."""
        return tuple(e.path for e in self._entries.values() if e.mode != LINK and _utf8(e.path))

    def modes(self) -> Mapping[str, str]:
        """Return the git mode of every file, symbolic link and submodule."""
        return self._modules | {path: entry.mode for path, entry in self._entries.items()}

    def hashes(self) -> Mapping[str, str]:
        """Return git's hash of what every file holds, and of where every link leads."""
        return {path: e.hash for path, e in self._entries.items()}

    def read(self, path: str, /) -> str:
        """Return the text of one file, line ends as stored. Raises ToolError when it has none."""
        data = self.data(path)
        if _pointer(data):
            raise ToolError(f"{path!r} is kept by Git LFS: git has no more than a pointer to it")
        if len(data) > TEXT or b"\0" in data:
            raise ToolError(f"{path!r} is not a text file")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ToolError(f"{path!r} is not UTF-8 text") from error

    def data(self, path: str) -> bytes:
        """Return the bytes of one regular file. Raises ToolError when there is none."""
        if path in self._entries and self._entries[path].mode == LINK:
            raise ToolError(f"{path!r} is a symbolic link")
        return self.stored(path)

    def stored(self, path: str) -> bytes:
        """Return the bytes of a file, or the target of a link. Raises ToolError for neither."""
        entry = self._entries.get(path)
        if entry is None:
            raise ToolError(f"there is no file {path!r} in the project")
        return self._blob(entry.hash)

    def points(self, path: str) -> bool:
        """Return whether git has no more of a file than a pointer of Git LFS."""
        entry = self._entries.get(path)
        return entry is not None and _pointer(self._blob(entry.hash))

    def lacking(self) -> str:
        """Return in one line what a copy lacks of what a checkout has; empty if nothing."""
        files = [e for e in self._entries.values() if e.mode != LINK]
        short = [e for e, size in self._sizes(files) if size <= SHORT]
        pointers = [e.path for e, data in self._blobs(short) if _pointer(data)]
        kinds = {"Git LFS files, here as pointers": pointers, "submodules": list(self._modules)}
        said = [f"{kind}: {file_names(names, 3)}" for kind, names in kinds.items() if names]
        return f"not in the copy: {'; '.join(said)}; tests that need them fail" if said else ""

    def check(self, changed: Collection[str], removed: Collection[str] = ()) -> None:
        """Raise ToolError for a changed path that is not allowed once others are removed."""
        left = {path: mode for path, mode in self.modes().items() if path not in removed}
        for path in changed:
            paths.check_against(path, left)
            if self.points(path):
                raise ToolError(f"{path!r} is kept by Git LFS and cannot be edited here")
        paths.collisions(changed, left)

    def write_to(self, folder: Path, changed: Mapping[str, str], /) -> None:
        """Write all files into an empty folder, the changed ones with their new text.

        Modes and symbolic links are kept; no link is ever followed, no filter is run.
        Raises ToolError for a changed path that is not allowed, SetupError when it cannot write.
        """
        self.check(changed)
        try:
            self._write(folder, changed)
        except OSError as error:
            raise SetupError(f"cannot write the files to {folder}: {error.strerror}") from error

    def _write(self, folder: Path, changed: Mapping[str, str]) -> None:
        stored = [e for e in self._entries.values() if e.path not in changed]
        _make_folders(folder, [*(e.path for e in stored), *changed])
        for path, text in changed.items():
            entry = self._entries.get(path)
            executable = entry is not None and entry.mode == PROGRAM
            _write_file(folder / path, encode(path, text), executable=executable)
        links: list[tuple[Path, bytes]] = []
        for entry, data in self._blobs(stored):
            if entry.mode == LINK:
                links.append((folder / entry.path, data))
            else:
                _write_file(folder / entry.path, data, executable=entry.mode == PROGRAM)
        for place, target in links:
            os.symlink(target, os.fsencode(place))

    def _blobs(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        with _batch(self._private, entries, "--batch") as stream:
            for entry in entries:
                yield entry, _next(stream, entry.hash)

    def _sizes(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, int]]:
        """Yield the bytes of each file without reading it."""
        with _batch(self._private, entries, "--batch-check") as stream:
            for entry in entries:
                yield entry, _size(stream, entry.hash)

    def _blob(self, digest: str) -> bytes:
        with self._lock:
            if self._reader is None:
                self._reader = _start(self._private, subprocess.PIPE, "--batch")
                weakref.finalize(self, _end, self._reader)
            assert self._reader.stdin is not None, "started with a pipe"
            assert self._reader.stdout is not None, "started with a pipe"
            # Past the buffer: what an interrupt left in it would go to a git that is gone.
            os.write(self._reader.stdin.fileno(), f"{digest}\n".encode())
            return _next(self._reader.stdout, digest)


def encode(path: str, text: str) -> bytes:
    """Return the bytes of a file. Raises ToolError when the text cannot be stored."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ToolError(f"the text for {path!r} holds half a character (a surrogate)") from error


def _make_folders(folder: Path, files: Sequence[str]) -> None:
    """Make every folder first, so that no link can stand where a folder belongs."""
    folders: set[str] = set()
    names = set(files)
    for path in files:
        parts = path.split("/")
        if any(p in ("", ".", "..") or p.lower() == ".git" for p in parts):
            raise SetupError(f"the repository holds a path that leaves it, {path!r}: nothing done")
        folders.update("/".join(parts[:n]) for n in range(1, len(parts)))
    if len(names) != len(files) or folders & names:
        raise SetupError("the repository holds a name twice, as a file and as a folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(folders):
        (folder / name).mkdir()


def _write_file(place: Path, data: bytes, *, executable: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(place, flags, 0o755 if executable else 0o644), "wb") as handle:
        handle.write(data)


@contextmanager
def _batch(private: Private, entries: Sequence[Entry], how: str) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as wanted:
        wanted.write("".join(f"{e.hash}\n" for e in entries).encode())
        wanted.seek(0)
        process = _start(private, wanted, how)
        assert process.stdout is not None, "started with a pipe"
        try:
            yield process.stdout
        finally:
            _end(process)


def _start(private: Private, stdin: IO[bytes] | int, how: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["git", *FLAGS, *OFFLINE, "cat-file", how],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=environment(private.env(keep=True)),
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _next(stream: IO[bytes], digest: str) -> bytes:
    size = _size(stream, digest)
    data = stream.read(size + 1)
    return data[:size]


def _size(stream: IO[bytes], digest: str) -> int:
    """Return the bytes of the file that git tells of next. Raises SetupError where it lacks it."""
    head = stream.readline().split()
    if len(head) != 3 or head[1] != b"blob":
        raise SetupError(
            f"git has lost the object {digest[:12]}: run 'git fsck', or in a partial clone "
            "'git fetch --refetch --no-filter'"
        )
    return int(head[2])


def _pointer(data: bytes) -> bool:
    return len(data) <= SHORT and data.startswith(POINTER)


def _utf8(path: str) -> bool:
    return path.isascii() or not any("\udc80" <= c <= "\udcff" for c in path)
