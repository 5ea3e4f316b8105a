"""Working on a task with tools: a conversation of an agent with itself, held to its resume."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from samovar.boot import Choice, first, shown
from samovar.companion.tools import Place
from samovar.core.errors import ToolError
from samovar.core.rules import sight
from samovar.core.seams import Live
from samovar.hands.bare import is_bare, read_alone
from samovar.hands.bench import Bench, here, shelter
from samovar.hands.errand import Errand, Means
from samovar.hands.ground import Ground, furnish, ground
from samovar.hands.leave import Leave
from samovar.hands.letters import Letters
from samovar.hands.slip import Slip
from samovar.memory.recall import Memory
from samovar.models.size import is_small
from samovar.org.credits import Prices
from samovar.org.journal import agent_log
from samovar.org.kept import at_work
from samovar.org.kit import Brief, Meter, Worked
from samovar.org.papers import papers
from samovar.org.resume import Resume
from samovar.org.roster import Roster
from samovar.org.seams import Approvals, Hold, Job
from samovar.settings import Settings
from samovar.tools.ask import Company
from samovar.tools.workspace import Workspace

SHOWN = 6000
"""Characters of files that stand in a task; longer ones are read with tools."""


@dataclass(frozen=True)
class Hands:
    """Works on tasks with the tools of agents."""

    home: Path
    settings: Settings
    choice: Callable[[str], Awaitable[Choice]]
    memory: Callable[[str], Memory]
    approvals: Approvals
    roster: Callable[[], Roster]
    prices: Callable[[], Prices]
    live: Live
    no_sandbox: bool = False

    async def work(
        self, job: Job, resume: Resume, brief: Brief, meter: Meter, hold: Hold, /
    ) -> Worked | str:
        """Work on a task; one that a crash, a question or empty credits stopped goes on.

        When none of the agent's tools is to be had here, or a small model needs none, returns the
        files that it is to be shown, which may be none.
        """
        if not (names := here(self.home, self.settings, resume)):
            return ""
        self._miss(resume, names)
        place = await ground(self.home, job, resume)
        slip = Slip(self.home, place.home, job)
        if place.repo is None:
            # A team of a thousand says much; nothing else may wait for it.
            await asyncio.to_thread(self._lay_out, place.own, resume, self.roster())
        async with AsyncExitStack() as stack:
            found = await first(resume.models, self.choice)
            model = shown(found.endpoint.model)
            if (shows := await self._shows(place, job, resume, model)) is not None:
                return shows
            errand = Errand(place, slip, brief, hold, resume)
            began = await errand.begin(model)
            if errand.over:
                return await errand.finish()
            stack.enter_context(at_work(slip.log(began.run).parent))
            leave = Leave(self.approvals, job, resume, hold)
            letters = Letters(self.home, job, self.roster(), hold)
            sandbox = await shelter(self.no_sandbox)
            # All its resume names: a skill may be made while the task lasts.
            who = (resume.name, began.run, resume.permissions.tools)
            desk = Place(self.home, place.projects, place.root, *who, again=errand.again)
            bench = Bench(
                desk,
                self.settings,
                sandbox,
                self.memory(resume.name),
                Company(leave.answerer(), letters.mates()),
                self.live,
            )
            tariff = self.prices().tariff(resume.name, model)
            paid = Choice(meter(found.model, model), found.endpoint, found.profile)
            means = Means(paid, self.settings, await bench.tools(stack), leave.gate(), tariff)
            return await errand.work(means)

    def _lay_out(self, own: Path, resume: Resume, roster: Roster) -> None:
        furnish(own, papers(self.home, resume, roster))

    def _miss(self, resume: Resume, names: tuple[str, ...]) -> None:
        """Say in the agent's log which of its tools it has to do without."""
        missing = [t for t in resume.permissions.tools if t not in names]
        if missing:
            text = f"not to be had here: {', '.join(missing)}; see 'samovar validate'"
            agent_log(self.home, resume.name).add("tools", text=text)

    async def _shows(self, place: Ground, job: Job, resume: Resume, model: str) -> str | None:
        """Return what a small model is shown outside any repository; None where it needs tools."""
        if place.repo is not None or not is_small(model):
            return None
        known, told, names = await place.files(), resume.instructions, resume.permissions.tools
        if is_bare(job.text, told, known, names):
            return ""
        paths = read_alone(job.text, told, known, names)
        shown = "\n\n".join(await asyncio.to_thread(self._read, place, paths))
        return shown if 0 < len(shown) <= SHOWN else None

    def _read(self, place: Ground, paths: tuple[str, ...]) -> list[str]:
        """Return files as far as an agent may read them; none where one cannot be read."""
        there = Workspace(place.root, sight=sight(self.settings.rules, str(place.root)))
        try:
            return [f"{path}:\n{there.read(path).text}" for path in paths]
        except ToolError:
            return []
