"""How much of the machine a sandboxed command may take."""

import math
import os
import resource
from contextlib import suppress

from msgspec import Struct

from samovar.core.seams import Command

PRLIMIT = "/usr/bin/prlimit"
"""From util-linux, which every ordinary Linux has."""


class Limits(Struct, frozen=True, kw_only=True):
    """Sizes that are the same for every command; time, memory and output are the command's own."""

    processes: int = 256
    """Processes and threads at once."""
    file: int = 256 << 20
    """Bytes of one file."""
    files: int = 1024
    """Files a process may have open."""
    disk: int = 1 << 30
    """Bytes by which the workspace may grow."""
    names: int = 50_000
    """Files and folders by which the workspace may grow; also the most /tmp may hold."""
    temporary: int = 256 << 20
    """Bytes of /tmp, and as many of /dev/shm."""
    flood: int = 64 << 20
    """Bytes of output after which the command is killed, whatever of them is kept."""
    start: float = 10.0
    """Seconds the sandbox may take to stand."""
    spare: int = 256 << 20
    """Bytes of memory the machine must have left, or the command is killed."""


def around(command: Command, limits: Limits) -> list[str]:
    """Return the words that start a program under the kernel's limits, by util-linux' prlimit.

    Memory is limited as private memory (RLIMIT_DATA), not as address space: V8 and the JVM
    reserve far more addresses than they use. The whole tree is watched besides. Setting these
    from outside would need a capability that root in a container does not have.
    """
    seconds = math.ceil(command.seconds) * (os.cpu_count() or 1) + 5
    return _words(
        data=(resource.RLIMIT_DATA, command.memory),
        **{"as": (resource.RLIMIT_AS, command.memory + (64 << 30))},
        fsize=(resource.RLIMIT_FSIZE, limits.file),
        nofile=(resource.RLIMIT_NOFILE, limits.files),
        cpu=(resource.RLIMIT_CPU, seconds),
        core=(resource.RLIMIT_CORE, 0),
        memlock=(resource.RLIMIT_MEMLOCK, 8 << 20),
        msgqueue=(resource.RLIMIT_MSGQUEUE, 1 << 20),
    )


def within(limits: Limits) -> list[str]:
    """Return the words that start a program with few processes, from inside the sandbox.

    The kernel counts processes by user and user namespace (since 5.14): set inside, the limit is
    the sandbox's own; set outside, it would count everything else this user runs.
    """
    return _words(nproc=(resource.RLIMIT_NPROC, limits.processes))


def expendable(pid: int) -> None:
    """Tell the kernel to take this process before us when memory runs out."""
    with suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w") as file:
        file.write("1000")


def _words(**wanted: tuple[int, int]) -> list[str]:
    words = [PRLIMIT]
    for name, (kind, value) in wanted.items():
        hard = resource.getrlimit(kind)[1]
        size = value if hard == resource.RLIM_INFINITY else min(value, hard)
        words.append(f"--{name}={size}:{size}")
    return [*words, "--"]
