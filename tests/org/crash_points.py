"""A team killed at named points of its work, then let go on; run by `test_crash_points.py`.

Usage: crash_points.py FOLDER KILLS. A run without a kill counts how often each point is passed;
each kill is one process that ends itself with SIGKILL right before or right after one such call.
"""

import asyncio
import importlib
import json
import os
import random
import re
import shutil
import signal
import sys
from collections import Counter
from contextlib import AsyncExitStack
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from types import SimpleNamespace

from samovar.core.message import Message, Reply, Request, Usage
from samovar.memory.notes import Notes, folder_of
from samovar.memory.recall import Memory
from samovar.office import assemble, kit_on
from samovar.org.credits import Prices, Tariff
from samovar.org.hold import Manner
from samovar.org.outbox import listed, outbox_of, read
from samovar.org.roster import Folder
from samovar.org.seams import Filter, Job
from samovar.store.store import open_store

POINTS = [
    f"{moment} {place}"
    for place in (
        "os:replace",
        "os:fsync",
        "samovar.core.log:write",
        "samovar.org.outbox:post",
        "samovar.org.bookmark:load",
        "samovar.org.bookmark:save",
        "samovar.org.hold:carry",
        "samovar.org.journal:Journal.add",
        "samovar.org.mailroom:Mailroom.unread",
        "samovar.org.filing:Filing.file",
        "samovar.org.filing:Filing.follow_up",
        "samovar.org.crew:Crew.work",
        "samovar.org.crew:Crew._plan",
        "samovar.org.crew:Crew._hand_out",
        "samovar.org.crew:Crew._report",
        "samovar.org.turn:Turns.recover",
        "samovar.org.turn:Turns.take",
        "samovar.org.turn:Turns._choose",
        "samovar.org.turn:Turns._act",
        "samovar.org.turn:Turns._kept",
        "samovar.org.turn:Turns.work",
        "samovar.org.engine:Engine.grant",
        "samovar.org.engine:Engine._settle",
        "samovar.org.engine:Engine._finish",
        "samovar.org.engine:Engine._note",
        "samovar.org.works:Works.begin",
        "samovar.org.metered:Metered.reply",
        "samovar.memory.notes:Notes.add",
        "samovar.store.queue:SqlQueue.add",
        "samovar.store.queue:SqlQueue.counts",
        "samovar.store.claims:SqlClaims.claim",
        "samovar.store.claims:SqlClaims.finish",
        "samovar.store.ledger:SqlLedger.charge",
        "samovar.store.ledger:SqlLedger.grant",
        "samovar.store.approvals:SqlApprovals.ask",
        "samovar.store.effects:SqlEffects.intend",
        "samovar.store.effects:SqlEffects.complete",
    )
    for moment in ("before", "after")
]
HEARD = {"ada": [], "bob": ["ada", "eve"], "eve": ["bob", "zed"], "zed": ["eve"]}
PLANNED, SENT, COST = 9, (1, 2, 3), 1000
NUMBERS = (*SENT, PLANNED)
STEP, LEASE, TICKS = 0.02, 2.0, 1000


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
        await memory.store(text, "agent")
        memory.close()


class Clerk:
    """A model that says what it was asked to make; each call leaves a byte in a file."""

    loaded = "scripted"

    def __init__(self, home: Path) -> None:
        self.calls = home / "calls"

    async def find(self, names, /):
        return "scripted", self

    async def reply(self, request: Request, /) -> Reply:
        with self.calls.open("ab", buffering=0) as file:
            file.write(b".")
        found = re.findall(r"do (number \d+)", request.messages[-1].text)
        text = f"made {found[-1]}" if found else "nothing"
        return Reply(text=text, usage=Usage(1, 0, 1), model="scripted")


async def choose(model, messages: tuple[Message, ...], _type, **_limit):
    """Let a number go its way: ada tells bob, who has eve make it, and asks a person to keep it."""
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
            order = SimpleNamespace(to="eve", text=f"do number {PLANNED}")
            return SimpleNamespace(tasks=[order])
        case _:
            return SimpleNamespace(action="nothing", to="person", text="")


def hire(home: Path) -> None:
    for name, heard in HEARD.items():
        folder = home / "agents" / name
        folder.mkdir(parents=True)
        resume = {
            "name": name,
            "instructions": "x",
            "craft": "plan" if name == "zed" else "text",
            "permissions": {"read_outboxes": heard},
            "limits": {"read": 1},
        }
        (folder / "resume.json").write_text(json.dumps(resume))


async def opened(stack: AsyncExitStack, home: Path):
    store = await stack.enter_async_context(open_store(home))
    free = Tariff(prompt=0, cached=0, generated=0, call=COST)
    prices = Prices(tariffs={"*": free})
    kit = kit_on(
        store,
        models=Clerk(home),
        choose=choose,
        prices=lambda: prices,
        memory=Minds(home),
        manner=Manner(lease=LEASE, pause=STEP, patience=0.0),
    )
    return store, assemble(home, kit, Folder(home))


async def begin(home: Path) -> None:
    """Do what a person does: two messages and a task."""
    async with AsyncExitStack() as stack:
        store, team = await opened(stack, home)
        for number in SENT:
            await team.send("ada", f"number {number}")
        await store.queue.add(Job(agent="zed", text="plan it", created_by="person:p"), key="plan")


async def go_on(home: Path) -> None:
    """Tick until nothing is left to do."""
    async with AsyncExitStack() as stack:
        store, team = await opened(stack, home)
        for _ in range(TICKS):
            ticked = await team.engine.tick()
            assert not ticked.failed, ticked.failed
            if ticked.turns:
                continue
            counts = await store.queue.counts()
            if not any(n for c in counts.values() for s, n in c.items() if s in OPEN):
                return
            await asyncio.sleep(STEP)
        raise AssertionError("it does not come to an end")


OPEN = ("ready", "running", "waiting")


async def judge(home: Path, base: int) -> int:
    """Everything was said, filed, made and asked once, and paid for; return how many charges."""
    said: dict[str, Counter[str]] = {}
    for name in HEARD:
        box = outbox_of(home, name)
        entries = [read(box, name, n) for n in listed(box)]
        assert [e.seq for e in entries] == list(range(1, len(entries) + 1)), name
        said[name] = Counter(f"{e.kind} {n}" for e in entries for n in marks(e.text, e.kind))
    assert said["ada"] == Counter(f"message {n}" for n in SENT), said["ada"]
    wanted = [*(f"task {n}" for n in SENT), *(f"question {n}" for n in NUMBERS)]
    assert said["bob"] == Counter(wanted), said["bob"]
    assert said["eve"] == Counter(f"report {n}" for n in NUMBERS), said["eve"]
    noted = Counter(n for note in Notes(folder_of(home, "zed")).all() for n in heard(note.text))
    assert noted == Counter(map(str, NUMBERS)), noted
    async with AsyncExitStack() as stack:
        store, _ = await opened(stack, home)
        jobs = await store.queue.list(Filter())
        done = Counter(n for j in jobs if j.agent == "eve" for n in marks(j.text))
        assert done == Counter(map(str, NUMBERS)), done
        assert {j.state for j in jobs} == {"done"}, jobs
        asked = Counter(n for a in await store.approvals.list() for n in marks(a.text))
        assert asked == Counter(map(str, NUMBERS)), asked
        lines = await store.ledger.entries()
        charges = [line for line in lines if not line.by]
        granted = Counter(line.agent for line in lines if line.by)
        assert granted == Counter(list(HEARD)), granted
        left = await store.ledger.balances()
        assert sum(left.values()) == sum(line.amount for line in lines)
        assert {line.amount for line in charges} == {-COST}, charges
    calls = (home / "calls").stat().st_size
    # A kill costs at most the one call that was under way: asked for again, and paid for again
    # where it had been paid for and came to nothing.
    assert len(charges) <= calls <= len(charges) + 1, (calls, len(charges))
    assert base <= len(charges) <= base + 1 or not base, (base, len(charges))
    return len(charges)


def heard(text: str) -> set[str]:
    return set(re.findall(r"number (\d+)", text))


def marks(text: str, kind: str = "") -> list[str]:
    body = text.partition("\n")[2] if kind == "report" else text
    return re.findall(r"number (\d+)", body)


def watch(point: str, passed) -> None:
    """Have a function called at a point, under whatever names the code knows it by."""
    moment, _, place = point.partition(" ")
    module, _, path = place.partition(":")
    owner = importlib.import_module(module)
    *above, name = path.split(".")
    for part in above:
        owner = getattr(owner, part)
    inner = getattr(owner, name)
    if iscoroutinefunction(inner):

        @wraps(inner)
        async def outer(*words, **named):
            if moment == "before":
                passed(point)
            result = await inner(*words, **named)
            if moment == "after":
                passed(point)
            return result
    else:

        @wraps(inner)
        def outer(*words, **named):
            if moment == "before":
                passed(point)
            result = inner(*words, **named)
            if moment == "after":
                passed(point)
            return result

    users = [owner] if above else list(sys.modules.values())
    for user in users:
        if getattr(user, "__dict__", {}).get(name) is inner:
            setattr(user, name, outer)


def child(doing) -> int:
    """Do something in a process of its own; return how it ended."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        doing()
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)
    os._exit(0)


def counted(home: Path) -> None:
    """Go on to the end, and keep how often each point was passed."""
    seen: Counter[str] = Counter()
    for point in POINTS:
        watch(point, lambda at: seen.update([at]))
    asyncio.run(go_on(home))
    (home / "passed.json").write_text(json.dumps(seen))


def killed(home: Path, point: str, number: int) -> None:
    """Go on, and end at the so manieth time a point is passed."""
    left = number

    def passed(_at: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(point, passed)
    asyncio.run(go_on(home))


def main(place: Path, kills: int) -> None:
    first = place / "first"
    hire(first)
    assert child(lambda: asyncio.run(begin(first))) == 0
    assert child(lambda: counted(first)) == 0
    passed = json.loads((first / "passed.json").read_text())
    missed = [p for p in POINTS if p not in passed]
    assert not missed, f"never passed: {missed}"
    base = asyncio.run(judge(first, 0))
    dice = random.Random(kills)
    # Each point once, then again and again at other calls, until there are enough.
    calls = {p: dice.sample(range(1, passed[p] + 1), passed[p]) for p in POINTS}
    most = max(passed.values())
    ways = [(p, calls[p][k]) for k in range(most) for p in POINTS if k < len(calls[p])]
    for count in range(kills):
        point, number = ways[count % len(ways)]
        home = place / str(count)
        hire(home)
        assert child(lambda home=home: asyncio.run(begin(home))) == 0
        ended = child(lambda home=home, p=point, n=number: killed(home, p, n))
        assert ended == -signal.SIGKILL, f"{point}, call {number}: was not killed ({ended})"
        assert child(lambda home=home: asyncio.run(go_on(home))) == 0, f"{point}, call {number}"
        try:
            asyncio.run(judge(home, base))
        except AssertionError as error:
            raise AssertionError(f"{point}, call {number}: {error}") from error
        shutil.rmtree(home)
    sys.stdout.write(json.dumps({"points": len(passed), "ways": len(ways), "kills": kills}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
