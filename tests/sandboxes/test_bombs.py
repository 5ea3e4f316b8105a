"""Fifteen ways to use a machine up: each ends in time, and the engine goes on meanwhile."""

import asyncio
import os
import resource
import time
from contextlib import suppress
from pathlib import Path

import pytest

from samovar.core.seams import Command
from samovar.sandboxes.bubblewrap import Bubblewrap
from samovar.sandboxes.limits import Limits
from samovar.sandboxes.workspace import remove

SECONDS = 1.0
SMALL = Limits(
    processes=64, file=32 << 20, disk=48 << 20, names=4000, temporary=16 << 20, flood=8 << 20
)
MEMORY = 256 << 20
OVERSHOT = 1 << 30
"""Bytes that many processes may take more, until a busy machine counts them; they want 2 GiB."""
BOMBS = {
    "memory": "a = []\nwhile True: a.append(bytearray(1 << 20))",
    "memory of many": "import os, time\nfor _ in range(5): os.fork()\na = bytearray(60 << 20)\n"
    "for i in range(0, len(a), 4096):\n  a[i] = 1\n  if not i % (1 << 20): time.sleep(0.02)\n"
    "time.sleep(9)",
    "processes": "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass",
    "threads": "import threading, time\nwhile True:\n"
    "  try: threading.Thread(target=time.sleep, args=(99,)).start()\n  except RuntimeError: pass",
    "open files": "import os, time\nf = []\nwhile True:\n"
    "  try: f.append(os.open('/dev/null', 0))\n  except OSError: time.sleep(0.01)",
    "disk": "n = 0\nwhile True:\n  n += 1\n"
    "  with open(f'f{n}', 'wb') as f: f.write(b'x' * (8 << 20))",
    "unlinked disk": "import os\nf = []\nwhile True:\n  f.append(open('f', 'wb')); os.unlink('f')\n"
    "  f[-1].write(b'x' * (8 << 20)); f[-1].flush()",
    "inodes": "n = 0\nwhile True:\n  n += 1\n  open(f'f{n}', 'w').close()",
    "inodes in /tmp": "n = 0\nwhile True:\n  n += 1\n  open(f'/tmp/f{n}', 'w').close()",
    "output": "while True: print('x' * 100000)",
    "time": "while True: pass",
    "waiting for input": "import sys, time\nsys.stdin.read()\ntime.sleep(99)",
    "zombies": "import os\nwhile True:\n  try:\n    if os.fork() == 0: os._exit(0)\n"
    "  except OSError: pass",
    "ignores signals": "import signal, time\nfor s in range(1, 64):\n"
    "  try: signal.signal(s, signal.SIG_IGN)\n  except (OSError, ValueError): pass\ntime.sleep(99)",
    "deep folders": "import os\nwhile True:\n  os.mkdir('d'); os.chdir('d')",
}
STOPS = {
    "memory of many": {"memory"},
    "disk": {"disk"},
    "unlinked disk": {"disk"},
    "inodes": {"disk"},
    "inodes in /tmp": {"disk"},
    "output": {"output"},
    "memory": {"", "memory"},
    "deep folders": {"disk", "time", ""},
}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_over_in_time(name, bwrap, workspace, python):
    ticks = most = 0

    async def tick():
        nonlocal ticks, most
        while True:
            await asyncio.sleep(0.05)
            ticks += 1

    async def measure():
        nonlocal most
        while True:
            most = max(most, await asyncio.to_thread(_resident))
            await asyncio.sleep(0.05)

    besides = [asyncio.create_task(each()) for each in (tick, measure)]
    start, memory = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = 6.0 if "disk" in STOPS.get(name, set()) - {""} else SECONDS
    command = Command(
        argv=(python[0], "-c", BOMBS[name]),
        workspace=workspace,
        seconds=seconds,
        memory=MEMORY,
        output=10_000,
        readable=python[1],
    )
    ran = await Bubblewrap(bwrap, SMALL).run(command)
    taken = time.monotonic() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    for task in besides:
        task.cancel()
    assert taken <= seconds + 2, (taken, ran)
    assert ran.stopped in STOPS.get(name, {"time"}), ran
    assert ran.exit != 0
    assert grown < 64 << 10, "kilobytes by which the engine itself grew"
    assert most <= MEMORY + OVERSHOT, "what its processes held at once"
    assert ticks >= int(taken / 0.05 * 0.2), (ticks, taken)
    await remove(workspace)
    assert not workspace.exists()


def _resident() -> int:
    """Return the bytes of memory that all processes below this one hold."""
    parents, sizes = {}, {}
    for place in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            told = dict(row.split(":\t", 1) for row in place.read_text().splitlines())
            pid = int(place.parent.name)
            parents[pid] = int(told["PPid"])
            held = (told.get(name, "0 kB").split()[0] for name in ("RssAnon", "RssShmem"))
            sizes[pid] = 1024 * sum(map(int, held))
    below, waiting = set(), {os.getpid()}
    while waiting:
        waiting = {pid for pid, parent in parents.items() if parent in waiting} - below
        below |= waiting
    return sum(sizes[pid] for pid in below)


async def test_a_file_stays_below_its_limit(bwrap, workspace):
    command = Command(
        argv=("/bin/dd", "if=/dev/zero", "of=big", "bs=1M", "count=100"), workspace=workspace
    )
    ran = await Bubblewrap(bwrap, SMALL).run(command)
    assert ran.exit != 0
    assert (workspace / "big").stat().st_size <= SMALL.file


async def test_the_private_folders_are_small(bwrap, workspace):
    script = (
        "for d in /tmp /dev/shm; do head -c 30M /dev/zero > $d/x; stat -c %s $d/x; done;"
        "echo x > /x; echo x > /dev/x"
    )
    ran = await Bubblewrap(bwrap, SMALL).run(
        Command(argv=("/bin/sh", "-c", script), workspace=workspace)
    )
    sizes = [int(row) for row in ran.output.splitlines() if row.isdecimal()]
    assert sizes and all(size <= SMALL.temporary for size in sizes), ran.output
    assert ran.output.count("Read-only file system") == 2


async def test_the_number_of_processes_is_the_sandbox_s_own(bwrap, tmp_path):
    """Two sandboxes with 64 each: the second may still start its own."""
    script = "for i in $(seq 50); do sleep 1 & done; wait; echo done"
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    commands = [Command(argv=("/bin/sh", "-c", script), workspace=f) for f in folders]
    results = await asyncio.gather(*(Bubblewrap(bwrap, SMALL).run(c) for c in commands))
    assert [r.output for r in results] == ["done\n"] * 2
