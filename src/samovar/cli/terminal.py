"""A run in a terminal: what happened scrolls by, what goes on stands in one live line below."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from textwrap import wrap

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from samovar.cli.end import printable
from samovar.cli.lines import Line, Tone, event_lines, row, spent
from samovar.cli.screen import Plain, Screen
from samovar.core.event import Closed, Entry
from samovar.core.state import fold, replay

BAR = 20
"""Characters of a progress bar."""
STYLES: dict[Tone, str] = {
    "plain": "",
    "good": "green",
    "bad": "red",
    "dim": "dim",
    "strong": "bold",
}


def fancy(plain: bool) -> bool:
    """Return whether a live terminal may be used."""
    quiet = plain or os.environ.get("TERM", "dumb") == "dumb"
    return sys.stdout.isatty() and not quiet


def screen(plain: bool, entries: Iterable[Entry] = ()) -> Screen:
    """Return the screen that fits where we are; `entries` happened earlier."""
    return Terminal(entries) if fancy(plain) else Plain(entries)


class Terminal:
    """A terminal with one live line."""

    def __init__(
        self, entries: Iterable[Entry] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.console = Console(highlight=False)
        self.state = replay(entry.event for entry in entries)
        self.clock = clock
        self.began = clock()
        self.step = "starting"
        self.pieces = 0
        self.since = 0.0
        self.bytes = ""
        self.spinner = Spinner("dots")
        self._live: Live | None = None

    def entry(self, entry: Entry, /) -> None:
        """Print what happened above the live line."""
        self.state = fold(self.state, entry.event)
        self.pieces = 0
        self._print(self._folded(event_lines(entry.event)))
        if isinstance(entry.event, Closed):
            self.close()

    def live(self, kind: str, text: str, /) -> None:
        """Bring the live line up to date."""
        self._start()
        if kind == "token":
            self.since = self.since if self.pieces else self.clock()
            self.pieces += 1
        elif kind == "step":
            self.step, self.pieces, self.bytes = text, 0, ""
        else:
            self._print(self._folded([row("", text, "dim")]))

    def progress(self, have: int, total: int, /) -> None:
        """Show the bytes in the live line."""
        self._start()
        done = BAR * have // max(total, 1)
        self.bytes = f"{'━' * done}{'─' * (BAR - done)} {have >> 20} of {total >> 20} MB"

    def show(self, lines: Iterable[Line], /) -> None:
        """Print lines with nothing live below, so that a question may follow."""
        self.close()
        self._print(lines)

    def close(self) -> None:
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __rich__(self) -> Table:
        """Return the live line as it is now."""
        now = self.clock()
        facts = [self.state.phase, self.step]
        if self.bytes:
            facts.append(self.bytes)
        if self.pieces:
            speed = self.pieces / max(now - self.since, 0.1)
            facts.append(f"{self.pieces} tokens, {speed:.1f}/s")
        total = spent(self.state.usage.generated + self.pieces, now - self.began)
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(width=1)
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_column(justify="right", no_wrap=True)
        line.add_row(self.spinner, printable(" · ".join(facts)), Text(total, style="dim"))
        return line

    def _start(self) -> None:
        if self._live is None:
            self._live = Live(self, console=self.console, transient=True, refresh_per_second=8)
            self._live.start()

    def _folded(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Yield lines that fit the terminal; what goes over stands below its own text."""
        for line in lines:
            width = max(self.console.width, 40)
            for text in wrap(line.text, width, subsequent_indent=" " * 11) or [""]:
                yield Line(text, line.tone)

    def _print(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.console.print(Text(printable(line.text), style=STYLES[line.tone]))
