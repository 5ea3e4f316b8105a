"""Files on their way between homes that share a database and no folder."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from msgspec import Struct

from samovar.core.errors import SetupError

PART = 1 << 18
"""Bytes written at once."""


class Packed(Struct, frozen=True, kw_only=True):
    """One file of a parcel."""

    path: str
    """Where it lies in the parcel: relative, with forward slashes."""
    digest: str
    """SHA-256."""
    size: int
    """Bytes."""


class Parcels(Protocol):
    """Parcels under their names. Nobody sees one that is not complete."""

    async def send(self, name: str, note: Mapping[str, Any], files: Mapping[str, Path], /) -> None:
        """Store files, by their paths in the parcel, with a note of plain JSON.

        A parcel of that name is replaced. Nobody may change the files meanwhile. Raises SetupError
        when they are more than may travel.
        """
        ...

    async def names(self) -> Sequence[str]:
        """Return the names of all parcels, sorted."""
        ...

    async def take(self, name: str, folder: Path, /) -> Mapping[str, Any] | None:
        """Write the files of a parcel below a folder and return its note; None where there is none.

        The parcel stays. Raises SetupError when a file is damaged, or its path leaves the folder.
        """
        ...

    async def drop(self, names: Sequence[str], /) -> None:
        """Forget parcels, and what only they held."""
        ...


def pack(files: Mapping[str, Path], most: int) -> tuple[Packed, ...]:
    """Return the entries of files. Raises SetupError when they have more than `most` bytes."""
    found: list[Packed] = []
    size = 0
    for path, source in sorted(files.items()):
        digest, length = hashlib.sha256(), 0
        for data in parts(source):
            digest.update(data)
            length += len(data)
        found.append(Packed(path=path, digest=digest.hexdigest(), size=length))
        size += length
        if size > most:
            raise SetupError(
                f"the files of this task have more than {most >> 20} MB: raise carry_megabytes, or "
                "put the home on a folder that all workers share"
            )
    return tuple(found)


def parts(source: Path) -> Iterator[bytes]:
    """Yield the bytes of a file. Raises SetupError when it cannot be read."""
    try:
        with source.open("rb") as handle:
            while data := handle.read(PART):
                yield data
    except OSError as error:
        raise SetupError(f"cannot read {source}: {error.strerror}") from error


def place(folder: Path, path: str) -> Path:
    """Return where a file of a parcel belongs. Raises SetupError for a path that leaves it."""
    names = PurePosixPath(path).parts
    if not names or path.startswith("/") or "\0" in path or {"..", "."} & set(names):
        raise SetupError(f"a parcel holds the path {path!r}, which leaves its folder: refused")
    return folder.joinpath(*names)
