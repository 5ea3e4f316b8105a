"""Working on the queue, beside the engine or on another machine: `samovar worker`."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from samovar.cli.end import say
from samovar.cli.home import find_home
from samovar.core.errors import SetupError
from samovar.office import open_team
from samovar.org.seams import StoreAway
from samovar.org.team import Team
from samovar.worker import Manner, Worker, run_workers

AGAIN = 2.0
"""Seconds between two looks for a database that is not there yet."""


async def work(
    folder: Path | None, agents: tuple[str, ...], slots: int, lease: float, no_sandbox: bool
) -> int:
    """Work on the tasks of these agents, of all by default, until told to stop."""
    home = await find_home(folder)
    async with AsyncExitStack() as stack:
        team = await _open(stack, home, no_sandbox)
        turns = team.engine.turns
        there = sorted(member.name for member in await team.agents())
        if unknown := sorted(set(agents) - set(there)):
            raise SetupError(f"no agent is called {unknown[0]}; there are: {', '.join(there)}")
        kit, manner = turns.kit, Manner(lease=lease)
        workers = [
            Worker(kit.claims, kit.bell, turns.crew.work, agents, manner) for _ in range(slots)
        ]
        whose = ", ".join(agents) or "all agents"
        say(f"samovar: working on the tasks of {whose}; Ctrl-C stops it")
        await run_workers(workers)
    return 0


async def _open(stack: AsyncExitStack, home: Path, no_sandbox: bool) -> Team:
    """Open the team; a database that is not there yet is waited for."""
    told = False
    while True:
        try:
            return await stack.enter_async_context(open_team(home, no_sandbox=no_sandbox))
        except StoreAway as error:
            if not told:
                say(f"samovar: {error}; waiting for it")
            told = True
        await asyncio.sleep(AGAIN)
