"""Working on the queue, beside the engine or on another machine: `samovar worker`."""

import os
from contextlib import AsyncExitStack
from pathlib import Path

from samovar.cli.awaited import opened
from samovar.cli.end import say
from samovar.cli.home import VARIABLE, find_home
from samovar.core.errors import SetupError
from samovar.logs import configure
from samovar.office import Outpost, open_outpost, open_team
from samovar.org.hold import Manner
from samovar.settings import load
from samovar.traces.tracing import tracing
from samovar.worker import Worker, run_workers


async def work(
    folder: Path | None, agents: tuple[str, ...], slots: int, lease: float, no_sandbox: bool
) -> int:
    """Work on the tasks of these agents, of all by default, until told to stop."""
    home = await _place(folder)
    configure(load(home).log)
    async with tracing(home), AsyncExitStack() as stack:
        if load(home).carry_megabytes:
            home.mkdir(parents=True, exist_ok=True)
            outpost = await opened(stack, lambda: open_outpost(home, no_sandbox=no_sandbox))
        else:
            team = await opened(stack, lambda: open_team(home, no_sandbox=no_sandbox))
            there = sorted(member.name for member in await team.agents())
            if unknown := sorted(set(agents) - set(there)):
                raise SetupError(f"no agent is called {unknown[0]}; there are: {', '.join(there)}")
            kit = team.engine.turns.kit
            outpost = Outpost(kit.claims, kit.bell, team.engine.turns.crew.work)
        manner = Manner(lease=lease)
        workers = [
            Worker(outpost.claims, outpost.bell, outpost.work, agents, manner) for _ in range(slots)
        ]
        whose = ", ".join(agents) or "all agents"
        say(f"samovar: working on the tasks of {whose}; Ctrl-C stops it")
        await run_workers(workers)
    return 0


async def _place(folder: Path | None) -> Path:
    """Return the home, or where tasks of a home elsewhere are worked on. Raises SetupError."""
    try:
        return await find_home(folder)
    except SetupError:
        given = (folder or Path(os.environ.get(VARIABLE, ""))).absolute()
        if not load(given).carry_megabytes:
            raise
        return given
