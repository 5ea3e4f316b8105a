"""Fabric patterns: `samovar pattern list | show | run`."""

import asyncio
import re
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from samovar.boot import Choice, choose_model, manner
from samovar.cli.end import Pieces, printable, say
from samovar.cli.home import find_home_or_place
from samovar.core.errors import UNREADABLE, SetupError
from samovar.core.message import Message, Request
from samovar.memory import pattern
from samovar.models import choices
from samovar.models.outlines import Outlined
from samovar.settings import config_folder, load

_TEMPERATURE = 0.4
_INPUT = 4 << 20
"""Bytes of standard input; what a model can read is far less."""


@dataclass(frozen=True)
class Wanted:
    """How a pattern is run."""

    model: str = ""
    values: tuple[str, ...] = ()
    """`key=value` each."""
    choice: str = ""
    """Options between commas; the answer is one of them."""
    schema: Path | None = None
    limit: int = 2_000
    """Tokens of the answer, at most."""
    outlines: bool = False
    """Whether the server constrains a choice or JSON by outlines."""


async def show_list(folder: Path | None, as_json: bool) -> int:
    """List every pattern with its first line; those that cannot be read go to standard error."""
    places = await _folders(folder)
    found: list[pattern.Pattern] = []
    for name in pattern.find(places):
        try:
            found.append(pattern.load(name, places))
        except SetupError as error:
            say(f"samovar: {error}")
    if as_json:
        rows = [{"name": p.name, "place": str(p.place), "variables": p.variables} for p in found]
        print(msgspec.json.encode(rows).decode())
    else:
        for each in found:
            print(printable(f"{each.name:<28} {each.purpose[:90]}"))
    return 0


async def show(folder: Path | None, name: str) -> int:
    """Show a pattern as it stands in its files."""
    found = pattern.load(name, await _folders(folder))
    print(printable(found.system.rstrip()))
    if found.user:
        print(printable(f"\n--- user.md\n{found.user.rstrip()}"))
    say(f"from {found.place}")
    return 0


async def run(folder: Path | None, name: str, wanted: Wanted) -> int:
    """Answer standard input by a pattern; the answer streams to standard output."""
    if wanted.choice and wanted.schema:
        raise SetupError("--choice and --json-schema exclude each other: leave one out")
    given = await asyncio.to_thread(_input)
    found = pattern.load(name, await _folders(folder))
    messages = pattern.messages(found, given, _values(wanted.values))
    home = await find_home_or_place(folder)
    paper = Paper(to=not (wanted.choice or wanted.schema))
    async with AsyncExitStack() as stack:
        settings = load(home)
        choice = await choose_model(settings, home, stack, wanted.model, paper.live, paper.progress)
        if wanted.outlines:
            choice = replace(choice, model=_outlined(choice))
        if wanted.choice:
            return await _choose(choice, messages, wanted.choice)
        if wanted.schema:
            return await _fit(choice, messages, wanted)
        return await _answer(choice, messages, wanted.limit, paper)


def _outlined(choice: Choice) -> Outlined:
    return Outlined(choice.model, choice.endpoint, choice.profile)


@dataclass
class Paper:
    """Standard output, written as the tokens come."""

    to: bool
    written: bool = False
    pieces: Pieces = field(default_factory=Pieces)

    def live(self, kind: str, text: str, /) -> None:
        """Write a token; whatever else goes on is told on standard error."""
        if kind != "token":
            say(f"... {text}")
        elif self.to:
            self.written = True
            print(self.pieces.add(text) if sys.stdout.isatty() else text, end="", flush=True)

    def progress(self, have: int, total: int, /) -> None:
        """Tell the first and the last byte of what is fetched."""
        if have in (0, total):
            say(f"... fetched {have >> 20} of {total >> 20} MB")


async def _answer(choice: Choice, messages: tuple[Message, ...], limit: int, paper: Paper) -> int:
    sampling = manner(choice.endpoint.model)(_TEMPERATURE, 0)
    reply = await choice.model.reply(Request(messages=messages, limit=limit, sampling=sampling))
    print("" if paper.written else _shown(reply.text))
    if reply.finish != "stop":
        why = {"length": f"it reached {limit} tokens (--limit)", "repetition": "it went in circles"}
        say(f"samovar: the answer was cut: {why[reply.finish]}")
        return 3
    return 0


async def _choose(choice: Choice, messages: tuple[Message, ...], options: str) -> int:
    rows = [o.strip() for o in options.split(",") if o.strip()]
    asked = Message("user", f"Answer with one of these and nothing else: {', '.join(rows)}")
    print(_shown(await choices.choose(choice.model, _joined(messages, asked), rows)))
    return 0


async def _fit(choice: Choice, messages: tuple[Message, ...], wanted: Wanted) -> int:
    assert wanted.schema is not None
    try:
        form = msgspec.json.decode(await asyncio.to_thread(wanted.schema.read_bytes))
    except (OSError, *UNREADABLE) as error:
        raise SetupError(f"{wanted.schema} holds no JSON Schema: {error}") from error
    told = f"Answer with JSON that fits this JSON Schema: {msgspec.json.encode(form).decode()}"
    joined = _joined(messages, Message("user", told))
    value = await choices.fitting(choice.model, joined, form, limit=wanted.limit)
    print(_shown(msgspec.json.format(msgspec.json.encode(value)).decode()))
    return 0


def _shown(text: str) -> str:
    """Return an answer as it is printed: what a terminal would not show is written out there."""
    return printable(text) if sys.stdout.isatty() else text


def _joined(messages: tuple[Message, ...], more: Message) -> tuple[Message, ...]:
    """Add words to the last message; two of the user's in a row confuse many templates."""
    last = messages[-1]
    return (*messages[:-1], Message(last.role, f"{last.text}\n\n{more.text}"))


def _values(rows: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for row in rows:
        # Fabric writes #key:value; whichever mark comes first, the value may hold the other.
        match = re.fullmatch(r"#?([^=:]+)[=:](.*)", row, re.DOTALL)
        if not match:
            raise SetupError(f"-v {row}: a variable is given as -v key=value")
        found[match[1].strip()] = match[2]
    return found


def _input() -> str:
    if sys.stdin.isatty():
        say("reading the text from the keyboard; Ctrl-D ends it")
    data = sys.stdin.buffer.read(_INPUT + 1)
    if len(data) > _INPUT:
        raise SetupError("standard input has more than 4 MB: give a pattern a part of it")
    if not data.strip():
        raise SetupError("there is nothing to work on: samovar pattern run NAME < FILE")
    return data.decode("utf-8", "replace")


async def _folders(folder: Path | None) -> list[Path]:
    home, own = await find_home_or_place(folder), config_folder()
    return [home / "patterns", own / "patterns", own.parent / "fabric/patterns", pattern.SHIPPED]
