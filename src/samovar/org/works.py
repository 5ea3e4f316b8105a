"""Tasks that are being worked on, beside the ticks: one to an agent and one to a slot.

A slot is what models share: of the models of one slot, one is loaded at a time. So a task that
takes an hour holds up nobody who does not need its slot. Nothing here is a queue: who finds no room
stays where it is, in the tasks table, and is looked at again in the next tick.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from typing import Any

from samovar.org.choice import Scene
from samovar.org.kit import itself
from samovar.org.seams import Bell, Job

BATCH = 8
"""Turns in a row with one model while somebody waits for another model of its slot."""


@dataclass
class Work:
    """A task an agent works on."""

    scene: Scene
    job: Job
    doing: asyncio.Task[Any]
    told: bool = False
    """Whether the log says that it goes on beside the ticks."""


@dataclass
class Works:
    """Every task this engine works on now."""

    slot: Callable[[str], str]
    real: Callable[[str], str] = itself
    """The name of the model that a name stands for: by these models are told apart."""
    _held: dict[str, Work] = field(default_factory=dict)
    _rows: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By slot: the model of the latest turn, and how many of it came in a row."""
    _missed: dict[str, set[str]] = field(default_factory=dict)
    """By slot: models somebody found no room for."""

    def busy(self, agent: str) -> bool:
        """Whether an agent works on a task."""
        return agent in self._held

    def hears(self, model: str, wanted: Collection[str] = ()) -> bool:
        """Whether a model can be asked something now.

        No task needs another one of its slot; and of the `wanted` models, the one that was asked
        last has had its turns, or BATCH of them.
        """
        slot = self.slot(model)
        free = all(self._same(w.scene.resume.model, model) for w in self._at(slot))
        return self._noted(slot, model, free and not self._kept(slot, model, wanted))

    def room(self, model: str, wanted: Collection[str] = ()) -> bool:
        """Whether a task can be begun now: as `hears`, and its slot is free."""
        slot = self.slot(model)
        last, count = self._rows.get(slot, ("", 0))
        others = any(not self._same(m, model) for m in self._missed.get(slot, ()))
        waits = self._same(last, model) and count >= BATCH and others
        free = not waits and not self._at(slot)
        return self._noted(slot, model, free and not self._kept(slot, model, wanted))

    def took(self, model: str) -> None:
        """Count a turn."""
        slot = self.slot(model)
        last, count = self._rows.get(slot, ("", 0))
        self._rows[slot] = (model, count + 1 if self._same(last, model) else 1)

    async def begin(
        self, scene: Scene, job: Job, doing: Coroutine[Any, Any, Any], patience: float | None
    ) -> None:
        """Begin to work; return when it is done, or when `patience` (seconds) is over."""
        task = asyncio.create_task(doing)
        self._held[scene.resume.name] = Work(scene, job, task)
        self.took(scene.resume.model)
        await asyncio.wait({task}, timeout=patience)

    def ended(self) -> list[Work]:
        """Return the works that are over, and forget them; by agent."""
        over = [w for _, w in sorted(self._held.items()) if w.doing.done()]
        for work in over:
            del self._held[work.scene.resume.name]
        return over

    def beside(self) -> list[Work]:
        """Return the works that just turned out to go on beside the ticks, each once."""
        fresh = [w for _, w in sorted(self._held.items()) if not w.told]
        for work in fresh:
            work.told = True
        return fresh

    async def rest(self, bell: Bell, pace: float) -> None:
        """Wait for the bell, or the end of a work, `pace` seconds at most.

        A ring wakes one process: while there is work here, it is left to a free worker.
        """
        doing = [w.doing for w in self._held.values()]
        if doing:
            await asyncio.wait(doing, timeout=pace, return_when=asyncio.FIRST_COMPLETED)
        else:
            await bell.wait((), pace)

    async def wait(self) -> None:
        """Wait until all works are over."""
        if self._held:
            await asyncio.wait([w.doing for w in self._held.values()])

    async def end(self) -> None:
        """Break every work off; each puts its task back."""
        for work in self._held.values():
            work.doing.cancel()
        await self.wait()

    def _at(self, slot: str) -> list[Work]:
        """Return what is worked on in a slot: that of a model is known once it was asked."""
        return [w for w in self._held.values() if self.slot(w.scene.resume.model) == slot]

    def _kept(self, slot: str, model: str, wanted: Collection[str]) -> bool:
        """Whether a slot is kept for the model that was asked last: it has more to do."""
        last, count = self._rows.get(slot, ("", 0))
        # A slot that nobody was asked in yet is kept for nobody, also not for the usual model, "".
        more = not self._same(last, model) and any(self._same(last, w) for w in wanted)
        return more and 0 < count < BATCH

    def _same(self, one: str, other: str) -> bool:
        return self.real(one) == self.real(other)

    def _noted(self, slot: str, model: str, free: bool) -> bool:
        missed = self._missed.setdefault(slot, set())
        if free:
            missed.discard(model)
        else:
            missed.add(model)
        return free
