"""A team killed at named points of its work, then let go on; run by `test_crash_points.py`.

Usage: crash_points.py FOLDER KILLS. A run without a kill counts how often each point is passed;
each kill is one process that ends itself with SIGKILL right before or right after one such call.
"""

import asyncio
import importlib
import json
import os
import random
import shutil
import signal
import sys
from collections import Counter
from contextlib import AsyncExitStack
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path

import errand

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
        "samovar.org.crew:Crew._lead",
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
SAID, PLANNED = (1, 2, 3), (9,)


async def begin(home: Path) -> None:
    """Do what a person does: three messages and a task."""
    async with AsyncExitStack() as stack:
        store, team = await errand.opened(stack, home, home / "calls")
        for number in SAID:
            await errand.say(team, number)
        for number in PLANNED:
            await errand.plan(store, number)


async def go_on(home: Path) -> None:
    await errand.go_on(home, home / "calls")


async def judge(home: Path, base: int) -> int:
    """Everything was done once; return how many charges, which a kill adds at most one to."""
    calls = home / "calls"
    charges = await errand.judge(home, calls, SAID, PLANNED)
    # A kill costs at most the one call that was under way: asked for again, and paid for again
    # where it had been paid for and came to nothing.
    assert calls.stat().st_size <= charges + 1, (calls.stat().st_size, charges)
    assert base <= charges <= base + 1 or not base, (base, charges)
    return charges


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
    errand.hire(first)
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
        errand.hire(home)
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
