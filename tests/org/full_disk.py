"""A team on a small disk that is filled, or made read-only, again and again.

Run by `test_full_disk.py` as `full_disk.py FOLDER`, a file system of its own.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import errand
from small_disk import fill

from samovar.core.errors import SamovarError
from samovar.org.hold import Manner
from samovar.org.team import Team
from samovar.org.ticked import Ticked
from samovar.worker import Worker

POINTS, ROUNDS = 40, 8
MANNER = Manner(lease=0.3, pause=0.02, patience=0.0)
CAUSES = (
    "No space left",
    "Read-only file system",
    "database or disk is full",
    "disk I/O error",
    "readonly database",
    "unable to open database file",
    "the database did not answer",
)


class Trial:
    """A home on a small disk, what a person asked of its team, and what its troubles were."""

    def __init__(self, place: Path) -> None:
        self.place, self.home = place, place / "home"
        # Beside the disk: a call is counted, however full that is.
        self.calls = place.with_name("calls")
        self.said: list[int] = []
        self.planned: list[int] = []
        self.troubles = {"full": 0, "agents": 0, "home": 0}

    async def ask(self, team: Team) -> None:
        """Ask for the next two numbers, one by a message and one by a task."""
        number = 2 * len(self.said)
        await errand.say(team, number)
        self.said.append(number)
        await errand.plan(team.engine.turns.kit, number + 1)
        self.planned.append(number + 1)

    async def full(self, team: Team, pages: int) -> None:
        """Let the team work while only so many pages are left, and then with all of them."""
        await self.ask(team)
        fill(self.place / "fill", pages)
        await self.held_up("full", team)
        (self.place / "fill").unlink()
        await self.tick(team, 8)

    async def read_only(self, team: Team) -> None:
        """Let the team and a worker work while the agents' folder is read-only, and then on."""
        await self.ask(team)
        remount(self.home / "agents", "bind,ro")
        await self.held_up("agents", team)
        await at_work(team, 0.5)
        remount(self.home / "agents", "bind,rw")
        await self.tick(team, 8)

    async def held_up(self, kind: str, team: Team) -> None:
        try:
            self.troubles[kind] += await self.tick(team, 3)
        except (SamovarError, OSError) as error:
            self.troubles[kind] += told(str(error))

    async def tick(self, team: Team, count: int) -> int:
        """Run ticks; return how many turns failed in them, each for a reason of the disk."""
        failed: list[str] = []

        def tell(ticked: Ticked) -> None:
            failed.extend(ticked.failed.values())

        await team.engine.run(0.01, count, tell)
        return sum(told(why) for why in failed)

    async def not_opened(self) -> None:
        """Start a team in a home that is read-only as a whole."""
        agents = self.home / "agents"
        remount(self.place, "ro")
        remount(agents, "bind,ro")
        try:
            async with AsyncExitStack() as stack:
                _, team = await errand.opened(stack, self.home, self.calls, MANNER)
                await team.tick()
        except (SamovarError, OSError) as error:
            self.troubles["home"] += told(str(error))
        remount(self.place, "rw")
        remount(agents, "bind,rw")


async def at_work(team: Team, seconds: float) -> None:
    """Have a worker try the tasks for longer than their attempts take."""
    kit, stop = team.engine.turns.kit, asyncio.Event()
    worker = Worker(kit.claims, kit.bell, team.engine.turns.crew.work, manner=MANNER, poll=0.02)
    asyncio.get_running_loop().call_later(seconds, stop.set)
    await worker.run(stop)


def told(why: str) -> int:
    """One line says what is the matter with the disk."""
    assert "\n" not in why and any(cause in why for cause in CAUSES), why
    return 1


def remount(path: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(path)], check=True)


async def main(place: Path) -> None:
    trial = Trial(place)
    agents = trial.home / "agents"
    errand.hire(trial.home)
    subprocess.run(["mount", "--bind", str(agents), str(agents)], check=True)
    for first in range(0, POINTS, ROUNDS):
        async with AsyncExitStack() as stack:
            _, team = await errand.opened(stack, trial.home, trial.calls, MANNER)
            for pages in range(first, first + ROUNDS):
                await trial.full(team, pages)
            await trial.read_only(team)
            await trial.read_only(team)
        await trial.not_opened()
    await errand.go_on(trial.home, trial.calls)
    await errand.judge(trial.home, trial.calls, trial.said, trial.planned)
    sys.stdout.write(json.dumps(trial.troubles))


asyncio.run(main(Path(sys.argv[1])))
