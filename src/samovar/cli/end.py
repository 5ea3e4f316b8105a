"""How a command ends: its exit code, and an error as one line instead of a traceback."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import Any

from samovar.core.errors import SamovarError
from samovar.core.text import written

STOPPED = 130
"""What a shell expects of a program that Ctrl-C ended."""


def carry_out(work: Coroutine[Any, Any, int]) -> None:
    """Run a command to its end and leave the process with its exit code."""
    raise SystemExit(_code(work))


def _code(work: Coroutine[Any, Any, int]) -> int:
    try:
        code = asyncio.run(work)
        sys.stdout.flush()
    except SamovarError as error:
        say(f"samovar: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        # A program that was being started is taken apart now, without its loop: nothing to tell.
        sys.unraisablehook = lambda _: None
        return STOPPED
    except BrokenPipeError:
        # Whoever read us has gone; Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        say(f"samovar: {error.strerror or error}{place}")
        return 1
    return code


def say(text: str) -> None:
    """Tell a person something that is no result: one line on standard error."""
    try:
        print(printable(text), file=sys.stderr, flush=True)
    except BrokenPipeError:
        return


def printable(text: str) -> str:
    """Return a text that cannot move a terminal's cursor or change its colours.

    What nobody would see is written out, such as `⟨U+3164⟩`, unless it draws an emoji.
    """
    shown = written(text.encode("utf-8", "replace").decode())
    return "".join(
        c if c.isprintable() or c in "\n\t\u200d" else "\N{REPLACEMENT CHARACTER}" for c in shown
    )


class Pieces:
    """Makes a text printable that comes in pieces: an emoji may begin in the piece before."""

    def __init__(self) -> None:
        self._before = ""

    def add(self, piece: str) -> str:
        """Return what is printed of one more piece."""
        shown = printable(self._before + piece)[len(self._before) :]
        last = piece[-1:] or self._before
        self._before = last if printable(last) == last else ""
        return shown
