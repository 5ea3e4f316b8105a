"""Which size a running command exceeds, if any: memory ten times a second, disk when it shrinks."""

import asyncio
from contextlib import suppress
from pathlib import Path
from time import monotonic

from samovar.core.seams import Command
from samovar.sandboxes import watch
from samovar.sandboxes.limits import Limits
from samovar.sandboxes.watch import Size

SWEEP = 2.0
"""Seconds between two counts of the workspace when the disk gives no sign."""


class Gauge:
    """Measures one command's tree, from before its start."""

    def __init__(self, command: Command, limits: Limits) -> None:
        self.command = command
        self.limits = limits
        self.root: Path | None = None
        """What the kernel shows of the inside, once it stands."""
        self._most = 50 * limits.names
        self._before = watch.tree_size(command.workspace, most=self._most)
        self._free = watch.free(command.workspace)
        self._next = monotonic() + SWEEP

    async def __call__(self) -> str:
        """Return "memory" or "disk" when that limit is exceeded, else an empty string."""
        if watch.available() < self.limits.spare:
            return "memory"
        if self.root is not None and watch.memory(self.root / "proc") > self.command.memory:
            return "memory"
        if self.root is not None and self._temporary() > self.limits.names:
            return "disk"
        now = watch.free(self.command.workspace)
        shrunk = (
            self._free.bytes - now.bytes > self.limits.disk
            or self._free.names - now.names > self.limits.names
        )
        if not shrunk and monotonic() < self._next:
            return ""
        return await asyncio.to_thread(self._disk)

    def _disk(self) -> str:
        start = monotonic()
        size = watch.tree_size(self.command.workspace, most=self._before.names + self.limits.names)
        hidden = watch.unlinked(self.root / "proc") if self.root is not None else 0
        grown = Size(size.bytes + hidden - self._before.bytes, size.names - self._before.names)
        self._next = monotonic() + max(SWEEP, 20 * (monotonic() - start))
        return "disk" if grown.bytes > self.limits.disk or grown.names > self.limits.names else ""

    def _temporary(self) -> int:
        assert self.root is not None, "asked only with a root"
        names = 0
        for place in ("tmp", "dev/shm"):
            with suppress(OSError):
                names = max(names, watch.used(self.root / place).names)
        return names
