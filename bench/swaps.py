# ruff: noqa: T201 -- a script, that prints
"""How often a machine with room for one model loads another one, over a day of tasks.

    python bench/swaps.py [--tasks 400] [--agents 8] [--load 0.8] [--seed 1] [--real]

The same day is worked through three times: by the team's engine, by turns of the agents one after
the other (round-robin), and in the order of arrival. A task takes a minute and a load of a model
half of one; tasks come at random, so many that the machine is busy for the share `--load` of the
day. With --real all tasks wait in the morning; the engine and round-robin ask two real models of
the embedded server, with a few tokens for each task, and the loads are counted where they happen.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from samovar.core.message import Message, Reply, Request
from samovar.core.seams import Model
from samovar.models.choices import structured
from samovar.models.scripted import Rules
from samovar.office import assemble, kit_on
from samovar.org.credits import Prices, Tariff
from samovar.org.kit import Silent
from samovar.org.roster import Folder
from samovar.org.team import Team
from samovar.pool import HERE, Pool
from samovar.settings import Settings
from samovar.store.store import memory

MODELS = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
TASK, LOAD = 1.0, 0.5
"""Minutes of a task, and of loading a model."""
FREE = Prices(tariffs={"*": Tariff(prompt=0, cached=0, generated=0)})


@dataclass(frozen=True)
class Order:
    """A task of the day."""

    at: float
    """Minutes since the morning."""
    agent: str


@dataclass
class Day:
    """Agents with their models, and what they are asked over a day."""

    models: dict[str, str]
    orders: list[Order]


@dataclass
class Slot:
    """Room for one model; counts how often another one is loaded, and the minutes that pass."""

    loaded: str = ""
    swaps: int = 0
    done: int = 0
    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    async def find(self, names: Sequence[str], /) -> tuple[str, Model]:
        name = names[0]
        return name, Rules(lambda _: self.use(name))

    def use(self, name: str) -> str:
        """Work on a task with a model."""
        if name != self.loaded:
            self.loaded = name
            self.swaps += 1
            self.now += LOAD
        self.now += TASK
        self.done += 1
        return "done"


def day(tasks: int, agents: int, load: float, seed: int) -> Day:
    """Return a day; of the agents, a random half has each model."""
    drawn = random.Random(seed)  # noqa: S311 -- a day, no secret
    names = [f"a{n}" for n in range(agents)]
    half = set(drawn.sample(names, agents // 2))
    models = {name: MODELS[name in half] for name in names}
    length = tasks * TASK / load
    at = sorted(drawn.uniform(0, length) for _ in range(tasks))
    return Day(models, [Order(t, drawn.choice(names)) for t in at])


def team_of(home: Path, plan: Day, slot: Slot | Pool) -> Team:
    """Return a team whose agents have the models of the day; its books are in memory."""
    for name, model in plan.models.items():
        folder = home / "agents" / name
        folder.mkdir(parents=True)
        resume = {"name": name, "instructions": "x", "model": model, "limits": {"reply": 16}}
        (folder / "resume.json").write_text(json.dumps(resume))
    store = memory()
    kit = kit_on(
        store,
        Silent(),
        models=slot,
        choose=structured,
        slot=lambda _: HERE,
        prices=lambda: FREE,
    )
    return assemble(home, kit, Folder(home))


async def by_engine(plan: Day, slot: Slot) -> Slot:
    """Let the team's engine work through the day, tick by tick."""
    orders = list(plan.orders)
    with home() as made:
        team = team_of(Path(made), plan, slot)
        while orders or slot.done < len(plan.orders):
            while orders and orders[0].at <= slot.now:
                order = orders.pop(0)
                await team.submit(f"task {order.at}", order.agent)
            before = slot.done
            await team.tick()
            if slot.done == before and orders:
                slot.now = max(slot.now, orders[0].at)
    return slot


def home() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder for a home, in memory where possible: how fast a disk is, is no matter."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    return tempfile.TemporaryDirectory(dir=where, prefix="samovar-swaps-")


def one_by_one(plan: Day, pick: Callable[[list[Order]], Order]) -> Slot:
    """Work through the day, each time on the task that is picked of those there are."""
    slot, orders, there = Slot(), list(plan.orders), list[Order]()
    while orders or there:
        while orders and orders[0].at <= slot.now:
            there.append(orders.pop(0))
        if not there:
            slot.now = orders[0].at
            continue
        order = pick(there)
        there.remove(order)
        slot.use(plan.models[order.agent])
        slot.waits.append(slot.now - order.at)
    return slot


def round_robin(plan: Day) -> Callable[[list[Order]], Order]:
    """Return what picks the next agent in turn that has a task."""
    names, place = sorted(plan.models), [0]

    def pick(there: list[Order]) -> Order:
        for step in range(len(names)):
            name = names[(place[0] + step) % len(names)]
            found = next((o for o in there if o.agent == name), None)
            if found is not None:
                place[0] = (names.index(name) + 1) % len(names)
                return found
        raise AssertionError("there is a task")

    return pick


def per_task(slot: Slot) -> float:
    """Return the loads for each finished task."""
    return slot.swaps / slot.done


async def compare(plan: Day) -> dict[str, float]:
    """Return the loads a task of each way to go through a day."""
    return {
        "engine": per_task(await by_engine(plan, Slot())),
        "round-robin": per_task(one_by_one(plan, round_robin(plan))),
        "arrival": per_task(one_by_one(plan, lambda there: there[0])),
    }


async def real(plan: Day, place: Path) -> dict[str, float]:
    """Do the same with two real models: the engine's loads, then those of round-robin."""
    found: dict[str, float] = {}
    pool = Pool(place, Settings(context=2048))
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pool.close)
        team = team_of(place, plan, pool)
        for order in plan.orders:
            await team.submit("Say one word about tea.", order.agent)
        while any(j.state != "done" for j in await team.tasks(limit=10_000)):
            await team.tick()
        found |= {"engine": pool.swaps / len(plan.orders), "engine s": time.monotonic() - began}
        before, began = pool.swaps, time.monotonic()
        turn, there = round_robin(plan), list(plan.orders)
        while there:
            order = turn(there)
            there.remove(order)
            await _ask(pool, plan.models[order.agent])
        found["round-robin"] = (pool.swaps - before) / len(plan.orders)
        found["round-robin s"] = time.monotonic() - began
    return found


async def _ask(pool: Pool, name: str) -> Reply:
    _, model = await pool.find((name,))
    message = Message("user", "Say one word about tea.")
    return await model.reply(Request(messages=(message,), limit=16))


def main() -> None:
    """Read the options and do what they say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=400)
    parser.add_argument("--agents", type=int, default=8)
    parser.add_argument("--load", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=5, help="days with seeds from --seed on")
    parser.add_argument("--real", action="store_true")
    given = parser.parse_args()
    if given.real:
        plan = day(given.tasks, given.agents, given.load, given.seed)
        with home() as made:
            print(json.dumps(asyncio.run(real(plan, Path(made)))))
        return
    rows: list[dict[str, float]] = []
    for seed in range(given.seed, given.seed + given.seeds):
        rows.append(asyncio.run(compare(day(given.tasks, given.agents, given.load, seed))))
        print(json.dumps({"seed": seed, **{k: round(v, 3) for k, v in rows[-1].items()}}))
    mean = {k: statistics.mean(r[k] for r in rows) for k in rows[0]}
    share = mean["engine"] / mean["round-robin"]
    print(json.dumps({**{k: round(v, 3) for k, v in mean.items()}, "of round-robin": share}))


if __name__ == "__main__":
    main()
