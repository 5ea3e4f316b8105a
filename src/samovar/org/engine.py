"""The engine: one tick after the other, every agent by itself, each kind of model in one go."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from samovar.core.errors import ModelError, SamovarError
from samovar.core.log import write
from samovar.org import bookmark
from samovar.org.bookmark import Bookmark
from samovar.org.choice import Scene, wait
from samovar.org.credits import EVERY
from samovar.org.crew import mates
from samovar.org.failures import Failures, failing
from samovar.org.journal import Journal, Trouble, agent_log
from samovar.org.mailroom import Mailroom, Unread
from samovar.org.papers import noted
from samovar.org.problem import Problem
from samovar.org.resume import Absent
from samovar.org.roster import Folder, Roster
from samovar.org.seams import Filter, Job, NoCredit, Overtaken, StoreAway
from samovar.org.sound import adrift, amiss
from samovar.org.standing import FILE as TICK
from samovar.org.standing import present
from samovar.org.tick import Turn, look, order
from samovar.org.ticked import CODES, Ticked, exit_code, said
from samovar.org.turn import Took, Turns
from samovar.org.word import overdue
from samovar.org.works import Work, Works

_JOBS = 6
QUICK = 0.25
"""Seconds a task may hold up the tick it is begun in; then it goes on beside the ticks."""

T = TypeVar("T")


def _nobody(_ticked: Ticked, /) -> None:
    """Tell nobody."""


@dataclass
class Engine:
    """The agents of a home, tick by tick. Whoever calls it holds the home's lock."""

    home: Path
    turns: Turns
    folder: Folder
    log: Journal
    failures: Failures = field(default_factory=Failures)
    mailroom: Mailroom = field(init=False)
    works: Works = field(init=False)
    _trouble: Trouble = field(init=False)
    before: Callable[[], Awaitable[None]] | None = None
    """Called before each tick."""
    after: Callable[[int], Awaitable[None]] | None = None
    """Called after each tick in which something happened."""
    _marks: dict[str, Bookmark] = field(default_factory=dict)
    _granted: set[str] = field(default_factory=set)
    _problems: tuple[Problem, ...] = ()
    _errors: dict[str, Exception] = field(default_factory=dict)
    _did: dict[str, str] = field(default_factory=dict)
    _words: dict[str, str] = field(default_factory=dict)
    _codes: dict[str, int] = field(default_factory=dict)
    _stopped: bool = False

    def __post_init__(self) -> None:
        self.mailroom = Mailroom(self.home)
        self.works = Works(self.turns.kit.slot, self.turns.kit.real)
        self._trouble = Trouble(self.log)

    async def tick(self) -> Ticked:
        """Let every agent that has something to do have its turn, and every task be worked on.

        Raises StoreAway when the database is away, SetupError when the tick cannot be recorded.
        """
        try:
            return await self._tick(None)
        finally:
            await self.works.end()

    async def run(
        self, pace: float, ticks: int = 0, tell: Callable[[Ticked], None] = _nobody
    ) -> None:
        """Tick until cancelled, or so many times; quiet ticks come every `pace` seconds.

        Each tick is told, and after the last one what came of the tasks beside the ticks.

        A task that takes long is worked on beside the ticks. Whatever ends this puts it back. A
        tick that cannot be finished (the database is away, the disk is full) is said once and tried
        again: what it did stands, what it did not do is done then. Raises what kept the last of so
        many ticks from being finished.
        """
        count = 0
        try:
            while not self._stopped and (not ticks or count < ticks):
                count += 1
                ticked = await self._tried(last=count == ticks)
                if ticked is None:
                    await asyncio.sleep(pace)
                    continue
                tell(ticked)
                if not ticked.turns and count != ticks:
                    await self.works.rest(self.turns.kit.bell, pace)
            if not self._stopped:
                tell(await self._rest_of_works())
        finally:
            await self.works.end()

    def stop(self) -> None:
        """End `run` after the present turn; tasks at work are put back."""
        self._stopped = True

    async def grant(self, roster: Roster) -> None:
        """Give each agent its first credits, once, as soon as it is known how many."""
        new = [n for n in roster.resumes if n not in self._granted]
        if not new:
            return
        try:
            prices = self.turns.kit.prices()
        except NoCredit:
            return
        known = await self.turns.kit.ledger.balances()
        for name in new:
            if name not in known:
                await self.turns.kit.ledger.grant(
                    name, prices.budget(name).credits, by=EVERY, key=f"first:{name}"
                )
            self._granted.add(name)

    async def _tick(self, patience: float | None) -> Ticked:
        began = time.monotonic()
        if self.before is not None:
            await self.before()
        number = present(self.home) + 1
        self._forget()
        moved = await self._settle(number)
        roster = self._look()
        queued = await self._queued(roster)
        await self.grant(roster)
        scenes = await self._scenes(roster, queued, number)
        turns = [self._turn(scene) for scene in scenes.values()]
        wanted = {scene.resume.model for scene in scenes.values()}
        for turn in order(turns, self.turns.kit.models.loaded):
            if self._stopped:
                break
            if self._may(scenes[turn.agent], wanted):
                await self._have(scenes[turn.agent], roster, patience)
        await self._settle(number)
        if not self._stopped:
            # Else the rest of the tick has its turn when the engine is started again.
            write(self.home / TICK, b'{"tick": %d}\n' % number)
            if self._did or self._errors or moved:
                await self._tell(number)
        return self._ticked(number, began)

    async def _tried(self, *, last: bool) -> Ticked | None:
        """Return what happened in a tick; None when it could not be finished.

        Raises what kept the last one from being finished.
        """
        try:
            ticked = await self._tick(QUICK)
        except (SamovarError, OSError) as error:
            self._trouble.met(said(error))
            if last:
                raise
            return None
        self._trouble.over()
        return ticked

    async def _rest_of_works(self) -> Ticked:
        """Wait for the tasks beside the ticks; return what came of them."""
        began, number = time.monotonic(), present(self.home)
        self._forget()
        await self.works.wait()
        await self._settle(number)
        return self._ticked(number, began)

    def _forget(self) -> None:
        self._errors, self._did, self._words, self._codes = {}, {}, {}, {}

    def _ticked(self, number: int, began: float) -> Ticked:
        return Ticked(
            tick=number,
            turns=self._did,
            said=self._words,
            failed={n: said(e) for n, e in self._errors.items()},
            codes=self._codes,
            seconds=time.monotonic() - began,
        )

    async def _tell(self, number: int) -> None:
        did = ", ".join(f"{name} {action}" for name, action in sorted(self._did.items()))
        if did:
            self.log.add("tick", tick=number, text=did)
        if self.after is not None:
            await self.after(number)

    def _look(self) -> Roster:
        roster = self.folder.read()
        self.mailroom.look(roster)
        for gone in self._marks.keys() - roster.resumes.keys():
            del self._marks[gone]
        return roster

    async def _queued(self, roster: Roster) -> set[str]:
        """Return the agents with ready tasks and none at work, here or at a worker's."""
        kit = self.turns.kit
        counts = await kit.queue.counts()
        if any(c.get("running") for c in counts.values()):
            # A worker may have died with it.
            await kit.claims.sweep()
            counts = await kit.queue.counts()
        if any(c.get("waiting") for c in counts.values()):
            await overdue(kit.queue, kit.approvals)
        self._name((*roster.problems, *amiss(self.home), *adrift(counts, roster)))
        free = {n for n, c in counts.items() if c.get("ready") and not c.get("running")}
        return free & roster.resumes.keys()

    def _name(self, problems: tuple[Problem, ...]) -> None:
        """Log the problems that were not there at the last look."""
        for problem in problems:
            if problem not in self._problems:
                self.log.add("problem", agent=problem.agent, text=problem.line)
        self._problems = problems

    def _candidates(self, roster: Roster, queued: set[str], number: int) -> list[str]:
        found = queued | (self.mailroom.waiting() & roster.resumes.keys())
        return sorted(n for n in found if not self.failures.rests(n, number))

    async def _scenes(self, roster: Roster, queued: set[str], number: int) -> dict[str, Scene]:
        """Return what each agent knows that has something to do, and is not at work already."""
        scenes: dict[str, Scene] = {}
        for name in self._candidates(roster, queued, number):
            if self.works.busy(name):
                continue
            found = self._scene(name, roster, number, name in queued)
            scene = await self._guarded(name, number, found)
            if scene is not None:
                scenes[name] = scene
        return scenes

    async def _scene(self, name: str, roster: Roster, number: int, queued: bool) -> Scene | None:
        """Return what an agent knows in this turn; None when there is nothing to do."""
        resume = roster.resumes[name]
        mark = await self._mark(name, number)
        # What it could not read at its time, busy or with too much for one turn, it reads now.
        until = look(resume.schedule, number)
        place = self.mailroom.stand(mark.read, mark.tick)
        found = self.mailroom.unread(name, place, until, resume.limits.read)
        for line in self.mailroom.refused():
            self.log.add("refused", text=line)
        jobs = await self._jobs(name) if queued else ()
        behind = wait(found.entries, jobs, mark)
        found = Unread(place=place) if behind else found
        if found.entries or jobs:
            return Scene(
                resume=resume,
                tick=number,
                mates=mates(resume, roster),
                unread=found.entries,
                jobs=jobs,
                noted=noted(self.home, resume, mark.tick, number),
                place=dict(found.place),
                mark=mark,
                behind=behind,
            )
        if found.place != mark.read:
            # Others' mail was passed over; kept in memory, it is passed over quickly again.
            self._marks[name] = replace(mark, read=found.place)
        return None

    async def _mark(self, name: str, number: int) -> Bookmark:
        if name not in self._marks:
            for problem in bookmark.damage(self.home, name):
                self.log.add("problem", agent=name, text=problem.line)
            mark = bookmark.load(self.home, name)
            self._marks[name] = await self.turns.recover(name, mark, number)
        return self._marks[name]

    async def _jobs(self, name: str) -> tuple[Job, ...]:
        due = Filter(agents=(name,), states=("ready",), due=True, limit=_JOBS)
        return tuple(await self.turns.kit.queue.list(due))

    def _turn(self, scene: Scene) -> Turn:
        place = (1, -scene.jobs[0].priority, scene.jobs[0].position) if scene.forced else ()
        return Turn(scene.resume.name, self.turns.kit.real(scene.resume.model), place)

    def _may(self, scene: Scene, wanted: set[str]) -> bool:
        """Whether an agent can have its turn now; else it has it in a later tick."""
        may = self.works.room if scene.forced and not scene.brief else self.works.hears
        return may(scene.resume.model, wanted)

    async def _have(self, scene: Scene, roster: Roster, patience: float | None) -> None:
        """Let an agent have its turn, and begin its task when that is what it chose."""
        name, model = scene.resume.name, scene.resume.model
        if not scene.forced:
            self.works.took(model)
        took = await self._guarded(name, scene.tick, self._take(scene, roster))
        if took is None:
            return
        self._did[name] = took.action
        if took.action != "work":
            self._note(scene, took)
        elif scene.brief or self.works.room(model):
            await self._begin(scene, took.mark, patience)

    async def _begin(self, scene: Scene, mark: Bookmark, patience: float | None) -> None:
        """Begin to work on an agent's first task, whichever that is by now."""
        job = await self.turns.claim(scene.resume.name)
        if job is None:
            self._did[scene.resume.name] = "nothing"
            self._note(scene, Took("nothing", "its task was taken by another worker", mark))
        else:
            work = self.turns.work(scene, job, mark)
            await self.works.begin(scene, job, work, patience)
            await self._settle(scene.tick)

    async def _take(self, scene: Scene, roster: Roster) -> Took:
        # Whatever cuts the turn off, the next one reads the truth from the disk.
        self._marks.pop(scene.resume.name, None)
        return await self.turns.take(scene, roster)

    async def _settle(self, number: int) -> bool:
        """Take note of the tasks whose work is over; return whether there were any."""
        over = self.works.ended()
        for work in over:
            if not work.doing.cancelled():
                await self._finish(work, number)
        for work in self.works.beside():
            log, text = self._log_of(work.job.agent), f"#{work.job.id} {work.job.text}"[:2000]
            log.add("at work", tick=number, text=text)
        return bool(over)

    async def _finish(self, work: Work, number: int) -> None:
        name = work.scene.resume.name
        took = await self._guarded(name, number, work.doing)
        task = f"#{work.job.id}"
        if took is None:
            self._did.pop(name, None)
            self._codes[task] = self._codes.pop(name)
            return
        if name in self._did:
            self._did[name] = took.action
        self._note(work.scene, took)
        self._codes[task] = CODES.get(took.state, 0)

    def _note(self, scene: Scene, took: Took) -> None:
        """Keep where an agent stands after its turn, and log it."""
        name = scene.resume.name
        self._marks[name] = took.mark
        self._words[name] = took.text
        self._codes[name] = 0
        self.failures.over(name)
        self.mailroom.wrote(name)
        read = [e.id for e in scene.unread]
        self._log_of(name).add(
            "turn", tick=scene.tick, action=took.action, text=took.text[:2000], read=read
        )

    def _log_of(self, agent: str) -> Journal:
        return agent_log(self.home, agent, self.log.clock)

    async def _guarded(self, name: str, number: int, doing: Awaitable[T]) -> T | None:
        """Wait for something an agent does; whatever goes wrong concerns that agent alone."""
        try:
            return await doing
        except Exception as error:
            self._errors[name] = error
            self._codes[name] = exit_code(error)
            await self._failed(name, error, number)
            return None

    async def _failed(self, name: str, error: Exception, number: int) -> None:
        """Note a failure that is new, and tell a person of one that lasts."""
        if fresh := self.failures.met(name, error, number):
            model = failing(error, self.folder.read().resumes.get(name))
            self._log_of(name).add("failed", tick=number, text=said(error), model=model)
            self.log.add("failed", agent=name, tick=number, text=said(error))
        if isinstance(error, ModelError | Overtaken | StoreAway | Absent):
            return
        thing = "credits" if isinstance(error, NoCredit) else "failure"
        if self.failures.told.get(name) == thing:
            return
        try:
            mark = await self.turns.recover(name, bookmark.load(self.home, name), number)
            mark = await self.turns.warn(name, thing, said(error), mark, number)
            if mark.warned[thing] == number:
                self.failures.told[name] = thing
        except Exception as second:
            # As in _guarded: it concerns that agent alone.
            if fresh:
                self.log.add("failed", agent=name, tick=number, text=said(second))
