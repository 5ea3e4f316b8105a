"""The questions to a person: keep the change, push it."""

import asyncio
import sys
from dataclasses import dataclass, field

from samovar.cli.lines import Line, diff_lines, receipt_lines
from samovar.cli.screen import Screen
from samovar.core.event import Asked, Entry
from samovar.core.state import State, replay
from samovar.flow.kit import Word
from samovar.flow.receipt import receipt


@dataclass
class Person:
    """Whoever sits at the terminal; a core Ask."""

    screen: Screen
    yes: bool = False
    """A yes to the commit, given beforehand."""
    push_yes: bool = False
    """A yes to the push, given beforehand; the other one does not count for it."""
    silent: bool = False
    """Never ask: the output is for a machine."""
    entries: list[Entry] = field(default_factory=list)
    """What happened so far, for the receipt."""

    @property
    def state(self) -> State:
        """Where the run stands."""
        return replay(e.event for e in self.entries)

    async def __call__(self, asked: Asked, text: str, /) -> Word | None:
        """Show exactly what would be done and return the answer; None when nobody can give it."""
        if asked.act == "push":
            return await self._answer(self.push_yes, f"{text[:1].upper()}{text[1:]}?")
        facts = receipt(self.entries, text)
        self.screen.show([Line(""), *diff_lines(text), Line(""), *receipt_lines(facts)])
        return await self._answer(self.yes, f"Keep this change on branch {self.state.branch}?")

    async def _answer(self, given: bool, question: str) -> Word | None:
        if given:
            return Word(yes=True)
        if self.silent or not sys.stdin.isatty():
            return None
        self.screen.close()
        print(f"{question} [y/N] ", end="", flush=True)
        line = await _line()
        return Word(line.strip().lower() in ("y", "yes")) if line else None


async def _line() -> str:
    """Return one line from the terminal; unlike `input` it can be cancelled."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sys.stdin, ready.set)
    try:
        await ready.wait()
    except asyncio.CancelledError:
        print()
        raise
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()
