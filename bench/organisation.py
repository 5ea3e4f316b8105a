"""How fast an organisation is: idle ticks, status, messages, memory. Scripted model, real files.

python bench/organisation.py [--agents 1000] [--entries 10000] [--ticks 2000] [FOLDER]
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
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from samovar.core.message import Message, Request
from samovar.core.seams import Model
from samovar.models.scripted import Rules
from samovar.office import assemble, kit_on
from samovar.org.credits import Prices, Tariff
from samovar.org.outbox import OutboxEntry, encode, name_of, outbox_of
from samovar.org.roster import Folder
from samovar.org.team import Team
from samovar.store.store import open_store


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


def fill(home: Path, agents: int, entries: int) -> None:
    """Make agents who read three others each, and entries that were written before."""
    for n in range(agents):
        hire(home, f"a{n}", [f"a{(n + k) % agents}" for k in (1, 2, 3)])
        box = outbox_of(home, f"a{n}")
        box.mkdir()
        for seq in range(1, entries // agents + 1):
            entry = OutboxEntry(sender=f"a{n}", tick=0, seq=seq, text="hello " * 20)
            data = encode(entry)
            (box / name_of(entry, data).file).write_bytes(data)


def shown(name: str, value: str) -> None:
    print(f"{name:<44} {value}", flush=True)  # noqa: T201


def memory() -> float:
    """Return the megabytes this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


async def idle(home: Path, ticks: int) -> None:
    """Measure reading everything once, then ticks with nothing to do, then status and memory."""
    async with AsyncExitStack() as stack:
        team = await open_team(home, stack, silent)
        began = time.perf_counter()
        count = 0
        while (await team.tick()).turns:
            count += 1
        shown("first ticks, all entries read (s)", f"{time.perf_counter() - began:.2f} in {count}")
        # Folders that changed within two seconds are looked at again; that is over then.
        await asyncio.sleep(2.5)
        await team.tick()
        spans, cpu = [], time.process_time()
        for _ in range(20):
            began = time.perf_counter()
            await team.tick()
            spans.append(time.perf_counter() - began)
        cpu = (time.process_time() - cpu) / 20
        shown(
            "idle tick (s): median, worst, CPU",
            f"{statistics.median(spans):.4f} {max(spans):.4f} {cpu:.4f}",
        )
        began = time.perf_counter()
        await team.status()
        shown("Team.status() (s)", f"{time.perf_counter() - began:.4f}")
        before = memory()
        for _ in range(ticks):
            await team.tick()
        shown(f"memory over {ticks} ticks (MB): before, after", f"{before:.1f} {memory():.1f}")


def command_status(home: Path) -> None:
    """Measure the command as a whole process."""
    command = [sys.executable, "-c", "from samovar.cli.main import main; main()", "status"]
    spans = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([*command, "--home", str(home)], check=True, stdout=subprocess.DEVNULL)
        spans.append(time.perf_counter() - began)
    shown(
        "samovar status, whole process (s): best, median",
        f"{min(spans):.3f} {statistics.median(spans):.3f}",
    )


async def messages(home: Path, agents: int, ticks: int) -> None:
    """Measure messages delivered per second; all are counted, and their order is checked."""
    names = [f"a{n}" for n in range(agents)]
    for n, name in enumerate(names):
        hire(home, name, [names[(n + k) % agents] for k in (1, 2, 3, 4)])
    heard: dict[tuple[str, str], list[int]] = {}
    async with AsyncExitStack() as stack:
        team = await open_team(home, stack, talkative)
        take = team.engine.turns.take

        async def noted(scene: Any, roster: Any) -> Any:
            for entry in scene.unread:
                heard.setdefault((scene.resume.name, entry.sender), []).append(entry.seq)
            plain = [replace_hops(e) for e in scene.unread]
            return await take(replace(scene, unread=tuple(plain)), roster)

        object.__setattr__(team.engine.turns, "take", noted)
        await team.send("", "begin")
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(ticks):
            await team.tick()
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    between = {k: v for k, v in heard.items() if not k[1].startswith("person:")}
    count = sum(len(v) for v in between.values())
    ordered = all(v == list(range(1, len(v) + 1)) for v in between.values())
    wanted = agents * 4 * (ticks - 1)
    shown("delivered messages", f"{count} of {wanted}, order kept: {ordered}")
    shown("delivered messages per second: wall, CPU", f"{count / wall:.0f} {count / cpu:.0f}")


async def chatter(home: Path, ticks: int) -> None:
    """Measure memory over ticks in which everybody speaks: four agents, each hears one."""
    for n in range(4):
        hire(home, f"a{n}", [f"a{(n + 1) % 4}"])
    async with AsyncExitStack() as stack:
        team = await open_team(home, stack, talkative)
        take = team.engine.turns.take

        async def fresh(scene: Any, roster: Any) -> Any:
            plain = [replace_hops(e) for e in scene.unread]
            return await take(replace(scene, unread=tuple(plain)), roster)

        object.__setattr__(team.engine.turns, "take", fresh)
        await team.send("", "begin")
        for _ in range(ticks // 10):
            await team.tick()
        before = memory()
        for _ in range(ticks - ticks // 10):
            await team.tick()
    shown(
        f"memory over {ticks} busy ticks (MB): at a tenth, at the end",
        f"{before:.1f} {memory():.1f}",
    )


def replace_hops(entry: OutboxEntry) -> OutboxEntry:
    """Return an entry that begins a chain: the chatter is what is measured."""
    return replace(entry, hops=0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--ticks", type=int, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="samovar-bench-") as made:
        large, small = Path(made) / "large", Path(made) / "small"
        large.mkdir()
        small.mkdir()
        fill(large, given.agents, given.entries)
        shown("agents, entries", f"{given.agents} {given.entries}")
        asyncio.run(idle(large, given.ticks))
        command_status(large)
        asyncio.run(messages(small, 20, 50))
        ring = Path(made) / "ring"
        ring.mkdir()
        asyncio.run(chatter(ring, given.ticks))


if __name__ == "__main__":
    main()
