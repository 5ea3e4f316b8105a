"""Facts that belong to a figure: the machine, the weights, the commit."""

import asyncio
import hashlib
import os
import platform
import subprocess
from pathlib import Path

from msgspec import Struct

from samovar.boot import Choice


class Machine(Struct, frozen=True):
    """Where a figure was measured."""

    cores: int
    processor: str
    system: str
    python: str

    def __str__(self) -> str:
        return f"{self.processor}, {self.cores} cores, {self.system}, Python {self.python}"


def machine() -> Machine:
    """Return what is known of this machine."""
    cores = len(os.sched_getaffinity(0))
    return Machine(cores, _processor(), platform.system(), platform.python_version())


def commit() -> str:
    """Return samovar's own commit, with `+` when files were changed since; empty outside git."""
    here = Path(__file__).parent
    shown = _git(here, "rev-parse", "--short=12", "HEAD")
    return shown + "+" * bool(shown and _git(here, "status", "--porcelain", "-uno"))


async def digest(choice: Choice) -> str:
    """Return the SHA-256 of the weights, where the server tells it or names its file."""
    if choice.profile.digest:
        return choice.profile.digest
    path = Path(choice.endpoint.model)
    near = "//127." in choice.endpoint.url or "//localhost" in choice.endpoint.url
    if near and path.is_absolute() and path.is_file():
        return await asyncio.to_thread(_sha256, path)
    return ""


def _sha256(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (li.partition(":")[2].strip() for li in lines if li.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
