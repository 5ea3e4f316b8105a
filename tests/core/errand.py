"""Four agents on errands that cost: a number said, or planned, is made once, reported and asked of.

ada tells bob of a number, who has eve make it; zed plans numbers for eve to make. bob asks a person
to keep each that was made, and zed notes it. Whatever happens to them, `judge` finds it all once.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace

from samovar.core.message import Message, Reply, Request, Usage
from samovar.memory.notes import Notes, folder_of
from samovar.memory.recall import Memory
from samovar.office import assemble, kit_on
from samovar.org.credits import Prices, Tariff
from samovar.org.hold import Manner
from samovar.org.kit import Silent
from samovar.org.outbox import listed, outbox_of, read
from samovar.org.roster import Folder
from samovar.org.seams import Filter, Job
from samovar.org.team import Team
from samovar.store.store import Store, open_store

HEARD = {"ada": [], "bob": ["ada", "eve"], "eve": ["bob", "zed"], "zed": ["eve"]}
COST = 1000
OPEN = ("ready", "running", "waiting")
MANNER = Manner(lease=2.0, pause=0.02, patience=0.0)
TICKS = 1000


class Minds:
    """The agents' notes."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def of(self, agent: str) -> Memory:
        return Memory(Notes(folder_of(self.home, agent)))

    async def recall(self, _agent: str, _question: str, /) -> str:
        return ""

    async def note(self, agent: str, text: str, /) -> None:
        memory = self.of(agent)
        try:
            await memory.store(text, "agent")
        finally:
            memory.close()


class Clerk:
    """A model that says what it was asked to make; each call leaves a byte in a file."""

    loaded = "scripted"

    def __init__(self, calls: Path) -> None:
        self.calls = calls

    async def find(self, names, /):
        return names[0] or "scripted", self

    async def reply(self, request: Request, /) -> Reply:
        with self.calls.open("ab", buffering=0) as file:
            file.write(b".")
        found = re.findall(r"do (number \d+)", request.messages[-1].text)
        text = f"made {found[-1]}" if found else "nothing"
        return Reply(text=text, usage=Usage(1, 0, 1), model="scripted")


async def choose(model, messages: tuple[Message, ...], _type, **_limit):
    """Let a number go its way."""
    await model.reply(Request(messages=messages, limit=10))
    who = re.match(r"You are (\w+)", messages[0].text)[1]
    inbox = messages[1].text.partition("New messages:")[2].partition("What do you do now?")[0]
    numbers = ", ".join(re.findall(r"number \d+", inbox))
    match who:
        case "ada" if numbers:
            return SimpleNamespace(action="message", to="bob", text=numbers)
        case "bob" if "made" in inbox:
            made = re.findall(r"made (number \d+)", inbox)
            return SimpleNamespace(action="ask", to="person", text=f"keep {made}?")
        case "bob" if numbers:
            return SimpleNamespace(action="task", to="eve", text=f"do {numbers}")
        case "zed" if numbers:
            return SimpleNamespace(action="note", to="person", text=f"zed heard {numbers}")
        case "zed":
            planned = re.findall(r"plan (number \d+)", messages[1].text)
            return SimpleNamespace(
                tasks=[SimpleNamespace(to="eve", text=f"do {number}") for number in planned]
            )
        case _:
            return SimpleNamespace(action="nothing", to="person", text="")


def hire(home: Path) -> None:
    """Write the resumes."""
    for name, heard in HEARD.items():
        folder = home / "agents" / name
        folder.mkdir(parents=True)
        resume = {
            "name": name,
            "instructions": "x",
            "craft": "plan" if name == "zed" else "text",
            "model": "large-32b" if name in ("bob", "zed") else "",
            "permissions": {"read_outboxes": heard},
            "limits": {"read": 1},
        }
        (folder / "resume.json").write_text(json.dumps(resume))


async def opened(
    stack: AsyncExitStack, home: Path, calls: Path, manner: Manner = MANNER
) -> tuple[Store, Team]:
    """Open the team of a home; every call of its model costs, and is counted in a file."""
    store = await stack.enter_async_context(open_store(home))
    prices = Prices(tariffs={"*": Tariff(prompt=0, cached=0, generated=0, call=COST)})
    kit = kit_on(
        store,
        Silent(),
        models=Clerk(calls),
        choose=choose,
        prices=lambda: prices,
        memory=Minds(home),
        manner=manner,
    )
    return store, assemble(home, kit, Folder(home))


async def say(team: Team, number: int) -> None:
    """Tell ada of a number."""
    await team.send("ada", f"number {number}")


async def plan(store: Store, number: int) -> None:
    """Have zed plan a number."""
    job = Job(agent="zed", text=f"plan number {number}", created_by="person:p")
    await store.queue.add(job, key=f"plan {number}")


async def go_on(home: Path, calls: Path) -> None:
    """Tick until nothing is left to do."""
    async with AsyncExitStack() as stack:
        store, team = await opened(stack, home, calls)
        for _ in range(TICKS):
            ticked = await team.engine.tick()
            assert not ticked.failed, ticked.failed
            if ticked.turns:
                continue
            counts = await store.queue.counts()
            if not any(n for c in counts.values() for s, n in c.items() if s in OPEN):
                return
            await asyncio.sleep(MANNER.pause)
        raise AssertionError("it does not come to an end")


async def judge(home: Path, calls: Path, said: Sequence[int], planned: Sequence[int]) -> int:
    """Everything was said, filed, made, noted and asked once; return how often was paid for it."""
    numbers = (*said, *planned)
    # Each entry, each note and each plan came of an answer that was paid for.
    paid = _spoken(home, said, numbers) + len(numbers) + len(planned)
    noted = Counter(n for note in Notes(folder_of(home, "zed")).all() for n in heard(note.text))
    assert noted == Counter(map(str, numbers)), noted
    async with AsyncExitStack() as stack:
        store, _ = await opened(stack, home, calls)
        jobs = await store.queue.list(Filter(limit=10_000))
        assert {j.state for j in jobs} == {"done"}, [j for j in jobs if j.state != "done"]
        for agent, wanted in (("eve", numbers), ("zed", planned)):
            done = Counter(n for j in jobs if j.agent == agent for n in marks(j.text))
            assert done == Counter(map(str, wanted)), done
        asked = Counter(n for a in await store.approvals.list() for n in marks(a.text))
        assert asked == Counter(map(str, numbers)), asked
        charges = await _charges(store)
    assert paid <= charges <= calls.stat().st_size, (paid, charges, calls.stat().st_size)
    return charges


def _spoken(home: Path, said: Sequence[int], numbers: Sequence[int]) -> int:
    """The outboxes hold each number as often as they should; return how many entries that are."""
    spoken: dict[str, Counter[str]] = {}
    for name in HEARD:
        box = outbox_of(home, name)
        entries = [read(box, name, n) for n in listed(box)]
        assert [e.seq for e in entries] == list(range(1, len(entries) + 1)), name
        spoken[name] = Counter(f"{e.kind} {n}" for e in entries for n in marks(e.text, e.kind))
    assert spoken["ada"] == Counter(f"message {n}" for n in said), spoken["ada"]
    wanted = [*(f"task {n}" for n in said), *(f"question {n}" for n in numbers)]
    assert spoken["bob"] == Counter(wanted), spoken["bob"]
    assert spoken["eve"] == Counter(f"report {n}" for n in numbers), spoken["eve"]
    return sum(spoken[name].total() for name in ("ada", "bob", "eve"))


async def _charges(store: Store) -> int:
    """The ledger's lines and its balances are the same sums; return how many charges it has."""
    lines = await store.ledger.entries(limit=100_000)
    granted = Counter(line.agent for line in lines if line.by)
    assert granted == Counter(list(HEARD)), granted
    charges = [line for line in lines if not line.by]
    assert {line.amount for line in charges} == {-COST}, charges
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.agent] += line.amount
    assert sums == Counter(await store.ledger.balances())
    return len(charges)


def heard(text: str) -> set[str]:
    return set(re.findall(r"number (\d+)", text))


def marks(text: str, kind: str = "") -> list[str]:
    """Return the numbers of a text; of a report, those of what it says below its task."""
    body = text.partition("\n")[2] if kind == "report" else text
    return re.findall(r"number (\d+)", body)
