"""How fast an organisation is: idle ticks, status, messages, memory. Scripted model, real files.

    python bench/organisation.py [--agents 1000] [--entries 10000] [--ticks 2000] [FOLDER]

Prints a line of JSON for each measure. Times are in seconds, memory is what this process holds, in
megabytes; `cpu` is this process's own, which a busy machine does not lengthen.
`tests/org/test_speed.py` holds the figures against what was promised.
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from samovar.core.message import Message, Request
from samovar.core.seams import Model
from samovar.models.scripted import Rules
from samovar.office import assemble, kit_on
from samovar.org.choice import Scene
from samovar.org.credits import Prices, Tariff
from samovar.org.found import HISTORY
from samovar.org.kit import Silent
from samovar.org.outbox import OutboxEntry, encode, name_of, outbox_of
from samovar.org.roster import Folder, Roster
from samovar.org.team import Team
from samovar.org.turn import Took
from samovar.store.store import open_store

Figures = dict[str, float]
"""What was measured, by name."""


class Free:
    """One scripted model under every name."""

    loaded = "scripted"

    async def find(self, _names: Sequence[str], /) -> tuple[str, Model]:
        return "scripted", Rules(lambda _: "")


async def silent(model: Model, messages: Sequence[Message], _type: type, /, *, limit: int) -> Any:
    """Choose nothing."""
    await model.reply(Request(messages=tuple(messages), limit=limit))
    return SimpleNamespace(action="nothing", to="person", text="")


async def talkative(
    model: Model, messages: Sequence[Message], _type: type, /, *, limit: int
) -> Any:
    """Speak to everyone who listens."""
    await model.reply(Request(messages=tuple(messages), limit=limit))
    return SimpleNamespace(action="message", to="all", text="ping")


async def open_team(home: Path, stack: AsyncExitStack, choose: Any) -> Team:
    store = await stack.enter_async_context(open_store(home))
    # Every turn is a call of a model and is charged; nobody runs out.
    cheap = Prices(tariffs={"*": Tariff(prompt=0, cached=0, generated=0, call=1)})
    kit = kit_on(
        store,
        Silent(),
        models=Free(),
        choose=choose,
        prices=lambda: cheap,
    )
    return assemble(home, kit, Folder(home))


def hire(home: Path, name: str, reads: Sequence[str]) -> None:
    folder = home / "agents" / name
    folder.mkdir(parents=True, exist_ok=True)
    resume = {"name": name, "instructions": "x", "permissions": {"read_outboxes": list(reads)}}
    (folder / "resume.json").write_text(json.dumps(resume))


def gather(home: Path, agents: int, others: int) -> None:
    """Make agents who read so many others each."""
    for n in range(agents):
        hire(home, f"a{n}", [f"a{(n + k) % agents}" for k in range(1, others + 1)])


def fill(home: Path, agents: int, entries: int) -> None:
    """Make entries of these agents that were written before, and a history as bootstrap does."""
    subprocess.run(["git", "init", "--quiet", "--bare", home / HISTORY], check=True)
    for n in range(agents):
        box = outbox_of(home, f"a{n}")
        box.mkdir()
        for seq in range(1, entries // agents + 1):
            entry = OutboxEntry(sender=f"a{n}", tick=0, seq=seq, text="hello " * 20)
            data = encode(entry)
            (box / name_of(entry, data).file).write_bytes(data)


def memory() -> float:
    """Return the megabytes this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


async def idle(home: Path, ticks: int) -> Figures:
    """Measure reading everything once, then ticks with nothing to do, then status and memory."""
    async with AsyncExitStack() as stack:
        team = await open_team(home, stack, silent)
        began = time.perf_counter()
        while (await team.tick()).turns:
            pass
        first = time.perf_counter() - began
        # Folders that changed within two seconds are looked at again; that is over then.
        await asyncio.sleep(2.5)
        await team.tick()
        spans, cpu = [], time.process_time()
        for _ in range(20):
            began = time.perf_counter()
            await team.tick()
            spans.append(time.perf_counter() - began)
        cpu = (time.process_time() - cpu) / 20
        began = time.perf_counter()
        await team.status()
        status = time.perf_counter() - began
        before = memory()
        for _ in range(ticks):
            await team.tick()
        return {
            "all_read": first,
            "tick": statistics.median(spans),
            "worst_tick": max(spans),
            "cpu": cpu,
            "status": status,
            "memory_before": before,
            "memory_after": memory(),
        }


def command_status(home: Path) -> Figures:
    """Measure the command as a whole process."""
    command = [sys.executable, "-c", "from samovar.cli.main import main; main()", "status"]
    spans = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([*command, "--home", str(home)], check=True, stdout=subprocess.DEVNULL)
        spans.append(time.perf_counter() - began)
    return {"best": min(spans), "median": statistics.median(spans)}


async def messages(home: Path, wanted: int, ticks: int) -> Figures:
    """Measure messages delivered per second; all are counted, and their order is checked.

    Every agent of the home speaks in each tick; `wanted` is how many hear it, added up. The first
    tick, in which all hear a person's word and begin, is not timed: the next ones deliver.
    """
    heard: dict[tuple[str, str], list[int]] = {}

    def note(scene: Scene) -> None:
        for entry in scene.unread:
            if not entry.sender.startswith("person:"):
                heard.setdefault((scene.resume.name, entry.sender), []).append(entry.seq)

    async with AsyncExitStack() as stack:
        team = await chattering(home, stack, note)
        await team.tick()
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(ticks - 1):
            await team.tick()
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    count = sum(len(v) for v in heard.values())
    return {
        "delivered": count,
        "wanted": wanted * (ticks - 1),
        "in_order": all(v == list(range(v[0], v[0] + len(v))) for v in heard.values()),
        "per_second": count / wall,
        "per_cpu_second": count / cpu,
    }


async def chatter(home: Path, ticks: int) -> Figures:
    """Measure memory over ticks in which everybody speaks."""
    async with AsyncExitStack() as stack:
        team = await chattering(home, stack, lambda _: None)
        # What is kept for good is there after a tenth of them.
        for _ in range(ticks // 10):
            await team.tick()
        before = memory()
        for _ in range(ticks - ticks // 10):
            await team.tick()
    return {"memory_before": before, "memory_after": memory()}


async def chattering(home: Path, stack: AsyncExitStack, note: Callable[[Scene], None]) -> Team:
    """Return a team that speaks whenever it is spoken to; what each of it hears is noted."""
    team = await open_team(home, stack, talkative)
    take = team.engine.turns.take

    async def fresh(scene: Scene, roster: Roster) -> Took:
        note(scene)
        # Every entry begins a chain: the chatter is what is measured.
        plain = tuple(replace(e, hops=0) for e in scene.unread)
        return await take(replace(scene, unread=plain), roster)

    object.__setattr__(team.engine.turns, "take", fresh)
    await team.send("all", "begin")
    return team


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--ticks", type=int, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="samovar-bench-") as made:
        large, small, ring = (Path(made) / name for name in ("large", "small", "ring"))
        for home in (large, small, ring):
            home.mkdir()
        gather(large, given.agents, 3)
        gather(small, 20, 4)
        gather(ring, 4, 1)
        fill(large, given.agents, given.entries)
        told("idle", asyncio.run(idle(large, given.ticks)))
        told("command", command_status(large))
        # What was written before is read by now.
        told("messages, large", asyncio.run(messages(large, given.agents * 3, 4)))
        told("messages", asyncio.run(messages(small, 20 * 4, 50)))
        told("chatter", asyncio.run(chatter(ring, given.ticks)))


def told(measure: str, figures: Figures) -> None:
    rounded = {name: round(value, 4) for name, value in figures.items()}
    print(json.dumps({"measure": measure, **rounded}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
