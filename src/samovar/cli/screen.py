"""Where a run is shown: as plain lines, or as JSON for machines."""

import sys
import time
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from samovar.cli.end import printable
from samovar.cli.lines import Line, event_lines, row, spent
from samovar.core.event import Entry, Judged
from samovar.core.state import fold, replay


class Screen(Protocol):
    """Somewhere to show a run while it happens."""

    def entry(self, entry: Entry, /) -> None:
        """Show what happened."""
        ...

    def live(self, kind: str, text: str, /) -> None:
        """Show what is going on."""
        ...

    def progress(self, have: int, total: int, /) -> None:
        """Show how many bytes of a file are here."""
        ...

    def show(self, lines: Iterable[Line], /) -> None:
        """Show a text for a person, outside the stream of events."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class Plain:
    """Lines, one after the other."""

    def __init__(
        self, entries: Iterable[Entry] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._state = replay(entry.event for entry in entries)
        self._clock = clock
        self._began = clock()
        self._tenth = -1

    def entry(self, entry: Entry, /) -> None:
        """Print what happened; after each candidate also what the run took until then."""
        self._state = fold(self._state, entry.event)
        self.show(event_lines(entry.event))
        if isinstance(entry.event, Judged):
            total = spent(self._state.usage.generated, self._clock() - self._began)
            self.show([row("", f"so far {total}", "dim")])

    def live(self, kind: str, text: str, /) -> None:
        """Print a new step; single tokens are for terminals."""
        if kind != "token":
            self.show([Line(f"... {text}")])

    def progress(self, have: int, total: int, /) -> None:
        """Print each tenth."""
        tenth = have * 10 // max(total, 1)
        if tenth != self._tenth:
            self._tenth = tenth
            self.show([Line(f"... fetched {have >> 20} of {total >> 20} MB")])

    def show(self, lines: Iterable[Line], /) -> None:
        """Print lines."""
        for line in lines:
            print(printable(line.text))
        sys.stdout.flush()

    def close(self) -> None:
        """Do nothing: every line is out."""


class Json:
    """One object a line for each entry; nothing else comes to standard output."""

    def entry(self, entry: Entry, /) -> None:
        """Print the entry as it stands in the log."""
        print(msgspec.json.encode(entry).decode(), flush=True)

    def live(self, kind: str, text: str, /) -> None:
        """Leave it out."""

    def progress(self, have: int, total: int, /) -> None:
        """Leave it out."""

    def show(self, lines: Iterable[Line], /) -> None:
        """Leave it out."""

    def close(self) -> None:
        """Do nothing: every line is out."""
