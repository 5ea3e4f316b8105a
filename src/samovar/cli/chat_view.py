"""A conversation on a screen: words as they come, one line for each call, one line of status."""

import asyncio
import sys
import time
from collections.abc import Iterable
from textwrap import wrap

from rich.console import Console
from rich.text import Text

from samovar.cli.end import Pieces, printable
from samovar.cli.lines import Line, Tone, duration
from samovar.cli.spoken import spoken
from samovar.cli.terminal import STYLES, fancy
from samovar.core.event import Entry
from samovar.core.talk import Began, Heard, Replied, Started, Stopped, Talk, Used
from samovar.models.dialects.streamed import Stream

_CLEAR = "\r\x1b[2K"


class View:
    """Where a conversation is shown. Without a terminal: plain lines, whole answers."""

    def __init__(self, plain: bool = False) -> None:
        self.fancy = fancy(plain)
        # In a live terminal the variable NO_COLOR decides.
        colourless = None if self.fancy else True
        self.console = Console(highlight=False, no_color=colourless, soft_wrap=not self.fancy)
        self._stream = Stream()
        self._words = Pieces()
        self._open = False
        """Whether the cursor stands behind the words of an answer."""
        self._status = ""
        self._since = 0.0
        self._pieces = 0
        self._acting = False
        """Whether a tool is at work: what a model writes for it are not words of an answer."""
        self._ticker: asyncio.Task[None] | None = None

    def live(self, kind: str, text: str, /) -> None:
        """Show a token, or what is going on; a core Live."""
        if kind == "token":
            self._token(text)
        elif kind == "step":
            self.working(text)
            if not self.fancy:
                print(f"... {printable(text)}", file=sys.stderr, flush=True)
        else:
            self.show([Line(text, "dim")])

    def progress(self, have: int, total: int, /) -> None:
        """Show how many bytes of a file are here."""
        self.working(f"fetched {have >> 20} of {total >> 20} MB")

    def entry(self, entry: Entry) -> None:
        """Show what happened."""
        event = entry.event
        self._acting = self._acting and not isinstance(event, Used | Stopped)
        match event:
            case Heard(by="") | Began():
                return
            case Replied(said=said, complaint=complaint):
                words = said.text if not complaint else ""
                self._say(self._stream.rest(words) if words else "")
                self._end()
                self.show([Line(f"  sent back: {complaint}", "dim")] if complaint else [])
            case Started(call=call):
                self._acting = True
                self.working(call.tool)
            case Stopped(end="answered"):
                self.idle()
            case _ if isinstance(event, Talk):
                self.show(_line(*r) for r in spoken(event))
            case _:
                return

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines."""
        rows = list(lines)
        if rows:
            self._end()
        for line in rows:
            self._wipe()
            for text in self._folded(printable(line.text)):
                self.console.print(Text(text, style=STYLES[line.tone]))

    def working(self, what: str) -> None:
        """Say below everything what is going on, with the seconds."""
        self._status, self._since = what, time.monotonic()
        if self.fancy and self._ticker is None:
            self._ticker = asyncio.get_running_loop().create_task(self._tick())

    def idle(self) -> None:
        """Take the line of status away."""
        self._end()
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        self._wipe()
        self._status = ""

    def _token(self, text: str) -> None:
        if not self._pieces:
            self.working("writing")
        self._pieces += 1
        if self.fancy and not self._acting:
            self._say(self._stream.feed(text))

    def _say(self, words: str) -> None:
        """Print words of an answer where the cursor is."""
        shown = self._words.add(words if self._open else words.lstrip())
        if not shown:
            return
        self._wipe()
        self._open = True
        sys.stdout.write(shown)
        sys.stdout.flush()

    def _end(self) -> None:
        """End the answer, whole or broken off: what comes next is another one."""
        if self._open:
            sys.stdout.write("\n")
            sys.stdout.flush()
        self._open = False
        self._stream, self._words, self._pieces = Stream(), Pieces(), 0

    def _folded(self, text: str) -> list[str]:
        """Return a note on a call as lines that fit, the further ones further in."""
        if not self.fancy or not text.startswith("  "):
            return [text]
        return wrap(text, max(self.console.width, 40), subsequent_indent=" " * 6) or [text]

    def _wipe(self) -> None:
        if self.fancy and not self._open and self._status:
            sys.stdout.write(_CLEAR)

    async def _tick(self) -> None:
        while True:
            if not self._open and self._status:
                count = f", {self._pieces} tokens" if self._pieces else ""
                past = duration(time.monotonic() - self._since)
                text = printable(f"{self._status} ({past}{count}; Ctrl-C stops)")
                width = max(10, self.console.width - 1)
                sys.stdout.write(f"{_CLEAR}\x1b[2m{text[:width]}\x1b[0m")
                sys.stdout.flush()
            await asyncio.sleep(0.4)


def _line(name: str, text: str, tone: Tone) -> Line:
    return Line(f"  {name} {text}" if name else f"  {text}", tone)
