"""The two clocks of a machine: the wall's, which people read, and a steady one, for leases."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from samovar.core.log import now

BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Clock:
    """What time it is."""

    wall: Callable[[], datetime] = now
    """UTC; people and time servers set it, so it may jump."""
    steady: Callable[[], float] = time.monotonic
    """Seconds since the machine started, the same in all its processes; nothing sets it."""
    boot: str = ""
    """Which start of the machine the steady clock counts from; a lease of another one is over."""


def machine() -> Clock:
    """Return the clocks of this machine."""
    try:
        return Clock(boot=BOOT.read_text().strip())
    except OSError:
        return Clock()
