"""The engine: one tick after the other, every agent by itself, each kind of model in one go."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import ModelError, SamovarError
from samovar.core.log import now, write
from samovar.org import bookmark
from samovar.org.bookmark import Bookmark
from samovar.org.choice import Scene
from samovar.org.credits import EVERY
from samovar.org.crew import mates
from samovar.org.journal import Journal, agent_log
from samovar.org.mailroom import Mailroom, Unread
from samovar.org.roster import Folder, Roster
from samovar.org.seams import Filter, Job, NoCredit, Overtaken, StoreAway
from samovar.org.standing import present
from samovar.org.tick import Turn, due, order
from samovar.org.turn import Took, Turns

LONGEST_REST = 64
"""Ticks an agent that fails again and again is left alone, at most."""
_BROKE_REST = 8
"""Ticks before an agent without credits is asked again; its model is not."""
_JOBS = 6

T = TypeVar("T")


class Ticked(Struct, frozen=True, kw_only=True):
    """What happened in a tick."""

    tick: int
    turns: Mapping[str, str] = {}
    """What each agent did, by agent."""
    failed: Mapping[str, str] = {}
    """Why a turn was not finished, by agent."""
    unreachable: bool = False
    """Whether a turn failed for want of a model."""
    seconds: float = 0.0


@dataclass
class Engine:
    """The agents of a home, tick by tick. Whoever calls it holds the home's lock."""

    home: Path
    turns: Turns
    folder: Folder
    log: Journal
    mailroom: Mailroom = field(init=False)
    after: Callable[[int], Awaitable[None]] | None = None
    """Called after each tick in which something happened."""
    _marks: dict[str, Bookmark] = field(default_factory=dict)
    _rest: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Until which tick an agent is left alone, and after how many failures."""
    _granted: set[str] = field(default_factory=set)
    _problems: tuple[object, ...] = ()
    _errors: dict[str, Exception] = field(default_factory=dict)
    _stopped: bool = False

    def __post_init__(self) -> None:
        self.mailroom = Mailroom(self.home)

    async def tick(self) -> Ticked:
        """Let every agent that has something to do have its turn.

        Raises StoreAway when the database is, and SetupError when the tick cannot be recorded.
        """
        began = time.monotonic()
        number = present(self.home) + 1
        self._errors = {}
        roster = self._look()
        queued = await self._queued(roster)
        await self._grant(roster)
        scenes: dict[str, Scene] = {}
        for name in self._candidates(roster, queued, number):
            found = self._scene(name, roster, number, name in queued)
            scene = await self._guarded(name, number, found)
            if scene is not None:
                scenes[name] = scene
        did: dict[str, str] = {}
        turns = [Turn(s.resume.name, s.resume.model) for s in scenes.values()]
        for turn in order(turns, self.turns.kit.models.loaded):
            if self._stopped:
                break
            taken = self._take(scenes[turn.agent], roster)
            took = await self._guarded(turn.agent, number, taken)
            if took is not None:
                did[turn.agent] = took.action
        if self._stopped:
            # The rest of the tick has its turn when the engine is started again.
            return Ticked(tick=number, turns=did, seconds=time.monotonic() - began)
        write(self.home / "tick.json", b'{"tick": %d}\n' % number)
        if (did or self._errors) and self.after is not None:
            await self.after(number)
        return Ticked(
            tick=number,
            turns=did,
            failed={n: _said(e) for n, e in self._errors.items()},
            unreachable=any(isinstance(e, ModelError) for e in self._errors.values()),
            seconds=time.monotonic() - began,
        )

    async def run(self, pace: float, ticks: int = 0) -> None:
        """Tick until cancelled, or so many times; quiet ticks come every `pace` seconds."""
        count = 0
        while not self._stopped and (not ticks or count < ticks):
            count += 1
            try:
                quiet = not (await self.tick()).turns
            except StoreAway as error:
                # What was not done stays undone until the database is back.
                self.log.add("store away", text=str(error))
                quiet = True
            if quiet and count != ticks:
                await self.turns.kit.bell.wait((), pace)

    def stop(self) -> None:
        """End `run` after the present turn."""
        self._stopped = True

    def _look(self) -> Roster:
        roster = self.folder.read()
        if roster.problems != self._problems:
            self._problems = roster.problems
            for problem in roster.problems:
                self.log.add("problem", agent=problem.agent, text=problem.line)
        self.mailroom.look(roster)
        for gone in self._marks.keys() - roster.resumes.keys():
            del self._marks[gone]
        return roster

    async def _queued(self, roster: Roster) -> set[str]:
        """Return the agents with ready tasks."""
        counts = await self.turns.kit.queue.counts()
        return {n for n, c in counts.items() if c.get("ready") and n in roster.resumes}

    def _candidates(self, roster: Roster, queued: set[str], number: int) -> list[str]:
        waiting = self.mailroom.waiting()
        found = queued | {
            n for n in waiting if n in roster.resumes and due(roster.resumes[n].schedule, number)
        }
        return sorted(n for n in found if self._rest.get(n, (0, 0))[0] <= number)

    async def _scene(self, name: str, roster: Roster, number: int, queued: bool) -> Scene | None:
        """Return what an agent knows in this turn; None when there is nothing to do."""
        resume = roster.resumes[name]
        mark = await self._mark(name, number)
        found = self.mailroom.unread(name, mark.read, number, resume.limits.read)
        for line in self.mailroom.refused():
            self.log.add("refused", text=line)
        jobs = await self._jobs(name) if queued else ()
        # A task goes before teammates' talk, which waits unread; a person is heard at once.
        if jobs and not any(e.sender.startswith("person:") for e in found.entries):
            found = Unread(place=mark.read)
        if found.entries or jobs:
            return Scene(
                resume=resume,
                tick=number,
                mates=mates(resume, roster),
                unread=found.entries,
                jobs=jobs,
                place=dict(found.place),
                mark=mark,
            )
        if found.place != mark.read:
            # Others' mail was passed over; kept in memory, it is passed over quickly again.
            self._marks[name] = replace(mark, read=found.place)
        return None

    async def _mark(self, name: str, number: int) -> Bookmark:
        if name not in self._marks:
            mark = bookmark.load(self.home, name)
            self._marks[name] = await self.turns.recover(name, mark, number)
        return self._marks[name]

    async def _jobs(self, name: str) -> tuple[Job, ...]:
        found = await self.turns.kit.queue.list(
            Filter(agents=(name,), states=("ready",), limit=_JOBS)
        )
        return tuple(j for j in found if j.until is None or j.until <= now())

    async def _grant(self, roster: Roster) -> None:
        """Give each agent its first credits."""
        new = [n for n in roster.resumes if n not in self._granted]
        if not new:
            return
        prices = self.turns.kit.prices()
        known = await self.turns.kit.ledger.balances()
        for name in new:
            if name not in known:
                await self.turns.kit.ledger.grant(
                    name, prices.budget(name).credits, by=EVERY, key=f"first:{name}"
                )
            self._granted.add(name)

    async def _take(self, scene: Scene, roster: Roster) -> Took:
        name = scene.resume.name
        # Whatever cuts the turn off, the next one reads the truth from the disk.
        self._marks.pop(name, None)
        took = await self.turns.take(scene, roster)
        self._marks[name] = took.mark
        self._rest.pop(name, None)
        self.mailroom.wrote(name)
        read = [e.id for e in scene.unread]
        agent_log(self.home, name, self.log.clock).add(
            "turn", tick=scene.tick, action=took.action, text=took.text[:2000], read=read
        )
        return took

    async def _guarded(self, name: str, number: int, doing: Awaitable[T]) -> T | None:
        """Wait for something an agent does; whatever goes wrong concerns that agent alone."""
        try:
            return await doing
        except Exception as error:
            self._errors[name] = error
            await self._failed(name, error, number)
            return None

    async def _failed(self, name: str, error: Exception, number: int) -> None:
        """Note a failure and leave the agent alone for a while, longer each time."""
        failures = self._rest.get(name, (0, 0))[1] + 1
        longest = _BROKE_REST if isinstance(error, NoCredit) else LONGEST_REST
        self._rest[name] = (number + 1 + min(2 ** min(failures, 10) // 2, longest), failures)
        agent_log(self.home, name, self.log.clock).add("failed", tick=number, text=_said(error))
        self.log.add("failed", agent=name, tick=number, text=_said(error))
        if isinstance(error, ModelError | Overtaken | StoreAway):
            return
        thing = "credits" if isinstance(error, NoCredit) else "failure"
        try:
            mark = await self.turns.recover(name, bookmark.load(self.home, name), number)
            await self.turns.warn(name, thing, _said(error), mark, number)
        except (SamovarError, OSError) as second:
            self.log.add("failed", agent=name, tick=number, text=_said(second))


def _said(error: Exception) -> str:
    """Return an error for people; one that samovar did not expect says its kind."""
    return str(error) if isinstance(error, SamovarError) else repr(error)
