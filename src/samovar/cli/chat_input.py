"""Where the person's lines come from: a terminal with history and completion, or a pipe."""

import asyncio
import os
import re
import sys
import termios
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

_BEGUN = re.compile(r'(?<!\S)@(?:"(?P<quoted>[^"\n]*)|(?P<plain>[^\s"]*))$')
_MENTION = re.compile(r'(?<!\S)@(?:"([^"\n]+)"|(\S+))')
"""A file behind an @; a name with spaces stands in quotes."""
_ARGUMENT = re.compile(r"(/\w+)[ \t]+(\S*)")
_BEHIND = ".,;:!?)"
"""Marks that end a sentence rather than a name."""
_MOST = 50
_STANDARD = 0
"""The descriptor of standard input."""
Arguments = Callable[[str], Awaitable[Sequence[str]]]
"""What may stand behind a command."""


class Input(Protocol):
    """Somewhere a person's messages come from."""

    @property
    def scripted(self) -> bool:
        """Whether nobody is there to be asked."""
        ...

    async def message(self) -> str | None:
        """Return the next message; None at the end. Raises KeyboardInterrupt for Ctrl-C."""
        ...

    async def answer(self, question: str) -> str:
        """Return the answer to a question; nothing where nobody can be asked.

        What was typed before the question is no answer. Raises KeyboardInterrupt for Ctrl-C.
        """
        ...


class Piped:
    """Lines of standard input; a backslash at the end of a line joins the next one."""

    def __init__(self, descriptor: int = _STANDARD) -> None:
        self._number = descriptor
        self._rest = b""
        self._ended = False
        self.scripted = not os.isatty(descriptor)

    async def message(self) -> str | None:
        """Return the next message."""
        rows: list[str] = []
        while (line := await self._line()) is not None:
            if not line.endswith("\\"):
                return "\n".join([*rows, line])
            rows.append(line[:-1])
        return "\n".join(rows) if rows else None

    async def answer(self, question: str) -> str:
        """Return the next line that is typed; one of a script answers nothing it did not know."""
        if self.scripted:
            print(f"{question} (nobody is there to be asked: no)", flush=True)
            return ""
        with _echo(self._number, True, termios.TCSAFLUSH):
            print(question, flush=True)
            return await self._line() or ""

    async def _line(self) -> str | None:
        while b"\n" not in self._rest and not self._ended:
            await _readable(self._number)
            more = os.read(self._number, 65536)
            self._ended = not more
            self._rest += more
        if not self._rest:
            return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")


async def _readable(number: int) -> None:
    """Wait until there is something to read; a file always has it."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(number, ready.set)
    except PermissionError:
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(number)


class Keys:
    """A terminal: history in a file, Alt-Enter or a backslash for more lines, Tab completes."""

    scripted = False

    def __init__(
        self,
        history: Path,
        commands: Mapping[str, str],
        files: Callable[[], Sequence[str]],
        below: Callable[[], str],
        arguments: Arguments,
    ) -> None:
        history.touch(mode=0o600)
        self._session: PromptSession[str] = PromptSession(
            history=FileHistory(str(history)),
            completer=Words(commands, files, arguments),
            complete_while_typing=False,
            key_bindings=_bindings(),
            multiline=True,
            prompt_continuation="  ",
            bottom_toolbar=below,
            enable_open_in_editor=True,
        )
        self._asking: PromptSession[str] = PromptSession()

    async def message(self) -> str | None:
        """Return the next message."""
        try:
            return await self._session.prompt_async("> ", handle_sigint=False)
        except EOFError:
            return None

    async def answer(self, question: str) -> str:
        """Return the answer to a question; Ctrl-D answers nothing."""
        clear_typeahead(self._asking.input)
        with _echo(_STANDARD, True, termios.TCSAFLUSH):
            try:
                return await self._asking.prompt_async(f"{question} ", handle_sigint=False)
            except EOFError:
                return ""


@contextmanager
def hushed() -> Iterator[None]:
    """Keep what is typed ahead from showing among what is printed; it is read afterwards."""
    with _echo(_STANDARD, False, termios.TCSADRAIN):
        yield


@contextmanager
def _echo(number: int, shown: bool, when: int) -> Iterator[None]:
    """Say whether a terminal shows what is typed; with TCSAFLUSH, forget what was typed before."""
    if not os.isatty(number):
        yield
        return
    before = termios.tcgetattr(number)
    fresh = termios.tcgetattr(number)
    fresh[3] = fresh[3] | termios.ECHO if shown else fresh[3] & ~termios.ECHO
    termios.tcsetattr(number, when, fresh)
    try:
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _bindings() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None
        elif buffer.text.endswith("\\") and buffer.document.is_cursor_at_the_end:
            buffer.delete_before_cursor(1)
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _more(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


class Words(Completer):
    """Completes commands behind a slash, what stands behind them, and files behind an @."""

    def __init__(
        self,
        commands: Mapping[str, str],
        files: Callable[[], Sequence[str]],
        arguments: Arguments,
    ) -> None:
        self.commands = commands
        self.files = files
        self.arguments = arguments

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Yield what may stand at the cursor; what stands behind a command is looked up now."""
        found = _ARGUMENT.fullmatch(document.text_before_cursor)
        if found is not None:
            for name in fitting(await self.arguments(found[1]), found[2]):
                yield Completion(name, -len(found[2]))
        for each in self.get_completions(document, complete_event):
            yield each

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 - the seam's
    ) -> Iterable[Completion]:
        """Yield what may stand at the cursor."""
        before = document.text_before_cursor
        if re.fullmatch(r"/\w*", before):
            for name, text in self.commands.items():
                if name.startswith(before):
                    yield Completion(name, -len(before), display_meta=text)
            return
        found = _BEGUN.search(before)
        if found is None:
            return
        typed = len(found[0]) - 1
        for path in fitting(self.files(), found["quoted"] or found["plain"] or ""):
            spaced = any(mark.isspace() for mark in path)
            yield Completion(f'"{path}"' if spaced else path, -typed)


def fitting(paths: Sequence[str], word: str) -> list[str]:
    """Return the paths that fit a word: those that begin so first, then those that hold it."""
    low = word.lower()
    first = [p for p in paths if p.lower().startswith(low)]
    names = [p for p in paths if p.lower().rpartition("/")[2].startswith(low) and p not in first]
    rest = [p for p in paths if low in p.lower() and p not in first and p not in names]
    return [*first, *names, *rest][:_MOST]


def mentioned(text: str, paths: Sequence[str]) -> str:
    """Return a message with plain paths instead of those behind an @."""
    known = set(paths)

    def plain(found: re.Match[str]) -> str:
        quoted, word = found.groups()
        if quoted in known:
            return f'"{quoted}"'
        return word if word and known & {word, word.rstrip(_BEHIND)} else found[0]

    return _MENTION.sub(plain, text)


def person(
    history: Path,
    commands: Mapping[str, str],
    files: Callable[[], Sequence[str]],
    below: Callable[[], str],
    arguments: Arguments,
) -> Input:
    """Return the terminal, or standard input where there is none."""
    if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return Keys(history, commands, files, below, arguments)
    return Piped()
