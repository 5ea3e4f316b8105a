"""The commands of a conversation: `/undo`, `/diff`, `/model` and their kin."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from samovar.app import App
from samovar.boot import endpoints, shown
from samovar.cli.lines import Line, diff_lines, made_lines
from samovar.companion.companion import Companion, earlier
from samovar.companion.tools import lacking
from samovar.core.errors import ToolError
from samovar.core.event import branch_of
from samovar.core.rules import decide
from samovar.core.text import file_names
from samovar.core.tool import Call
from samovar.memory import project
from samovar.memory.notebook import Notebook, latest
from samovar.memory.recall import quoted
from samovar.models.catalogue import CATALOGUE

Lines = Sequence[Line]
_NOTES, _TALKS = 8, 10
"""Notes and conversations in a list, at most; how many more there are is said."""
_PAGE = 3_500
"""Characters of the notebook that are shown, the latest."""
_BY = "the person"
"""Who notes what a person adds in a conversation."""
COMMANDS: Mapping[str, str] = {
    "/undo": "take back what the last turn changed in the files",
    "/diff": "what is changed so far",
    "/commit": "commit it on a branch of its own: /commit [MESSAGE]",
    "/model": "the models there are, or take another: /model [NAME]",
    "/tools": "what the agent may do",
    "/memory": "what it remembers: /memory [QUESTION | add TEXT | forget NAME]",
    "/plan": "the project's plan: /plan [add TEXT | doing N | done N | open N | drop N]",
    "/notebook": "what was noted in the project's notebook: /notebook [add TEXT]",
    "/resume": "earlier conversations, or go on with one: /resume [RUN]",
    "/help": "this list",
    "/quit": "leave; the conversation is kept",
}


async def run(talker: Companion, text: str) -> Lines:
    """Carry out a command and return what to show. Raises ToolError with what to write instead."""
    name, _, rest = text.strip().partition(" ")
    known = [c for c in COMMANDS if c.startswith(name)] if len(name) > 1 else []
    if name in COMMANDS:
        known = [name]
    if len(known) != 1:
        raise ToolError(f"there is no command {name}; see /help")
    return await _ACTS[known[0]](talker, rest.strip())


async def arguments(talker: Companion, command: str) -> Sequence[str]:
    """Return what may stand behind a command, for completion."""
    match command:
        case "/model":
            found = await endpoints(talker.seat.settings, talker.seat.home)
            return [*(name for name, _ in found), *(entry.name for entry in CATALOGUE)]
        case "/resume":
            return [s.run for s in await asyncio.to_thread(earlier, talker.seat)]
    return ()


def is_quit(text: str) -> bool:
    """Whether a line means to leave."""
    return text.strip() in ("/quit", "/exit", "/q", "quit", "exit")


async def _help(_talker: Companion, _rest: str) -> Lines:
    rows = [Line(f"{name:<9} {text}") for name, text in COMMANDS.items()]
    keys = "Alt-Enter or \\ at the end: a further line. @: a file. Ctrl-C: stop this step. Tab"
    return [*rows, Line(f"{keys} completes.", "dim")]


async def _undo(talker: Companion, _rest: str) -> Lines:
    paths = await talker.undo()
    if not paths:
        return [Line("there is nothing to take back")]
    return [Line(f"as before: {file_names(paths, len(paths))}", "good")]


async def _diff(talker: Companion, _rest: str) -> Lines:
    text = await talker.diff()
    rows = list(diff_lines(text)) if text else [Line("nothing is changed")]
    return [*rows, *await made(talker)]


async def made(talker: Companion) -> Lines:
    """Return where the files lie that the agent made and no commit takes; nothing without any."""
    draft = talker.draft
    if draft is None:
        return []
    found = await draft.made()
    rest = [Line(f"and in folders that .gitignore leaves out: {found.rest}")] if found.rest else []
    return [*made_lines(draft.root, found.paths), *rest]


async def _commit(talker: Companion, rest: str) -> Lines:
    done = await talker.commit(rest)
    ways = f"take it with: git merge {branch_of(talker.run)}; or, after /quit, take it back with: "
    return [Line(done, "good"), Line(f"{ways}samovar undo {talker.run}", "dim")]


async def _model(talker: Companion, rest: str) -> Lines:
    if rest:
        choice = await talker.switch(rest)
        size = choice.profile.context
        return [Line(f"{shown(choice.endpoint.model)}, {size} tokens of context", "good")]
    now = talker.seat.choice
    rows = [
        Line(f"{n:<28} {e.shown}{' (in use)' if now and e == now.endpoint else ''}")
        for n, e in await endpoints(talker.seat.settings, talker.seat.home)
    ]
    own = [Line(f"{entry.name:<28} embedded", "dim") for entry in CATALOGUE]
    using = Line(f"in use: {shown(now.endpoint.model)}" if now else "none is in use yet", "strong")
    return [using, *rows, *own]


async def _tools(talker: Companion, _rest: str) -> Lines:
    root, rows = talker.draft.root if talker.draft else talker.seat.repo.place.root, list[Line]()
    for tool in await talker.tools():
        call = Call(tool.name, dict(tool.example))
        said = decide(talker.seat.settings.rules, tool, call, str(root)).verdict
        here = "*" if tool.name in talker.talk.offered else " "
        rows.append(
            Line(f"{here} {tool.name:<14} {tool.permission:<8} {said:<6} {tool.description}")
        )
    rows += _missing(talker)
    files = talker.seat.settings.rules.files
    own = {rule for file in files for rule in (*file.allow, *file.ask, *file.deny)}
    return [*rows, Line(f"{_shown(talker)}; {len(own)} rules of your own", "dim")]


def _missing(talker: Companion) -> Lines:
    """Return the tools the agent may use and has not, each with what would help."""
    resume, missing = talker.seat.resume, lacking(talker.seat.settings)
    wanted = missing if resume is None else set(missing) & set(resume.permissions.tools)
    return [Line(f"  {n:<14} not here: {missing[n]}", "dim") for n in missing if n in wanted]


def _shown(talker: Companion) -> str:
    """Return what to say of the tools in front of the model: they are chosen by what is asked."""
    if talker.draft is not None:
        return "* in front of the model now"
    servers = ", ".join(talker.seat.settings.mcp)
    more = f", which also starts {servers}" if servers else ""
    return f"which of them the model sees is chosen by your first message{more}"


async def _memory(talker: Companion, rest: str) -> Lines:
    known = talker.seat.memory
    word, _, text = rest.partition(" ")
    if word == "add" and text.strip():
        note = await known.store(text.strip(), "owner", (), talker.run)
        return [Line(f"kept as {note.id}", "good")]
    if word == "forget" and text.strip():
        gone = await known.forget(text.strip())
        return [Line(row, "good") for row in f"forgotten: {quoted(gone)}".splitlines()]
    if rest:
        notes, more = await known.search(rest, _NOTES), ""
    else:
        notes = await asyncio.to_thread(known.notes.latest)
        more = _more(notes, _NOTES, f"samovar memory list --agent {talker.seat.agent}")
    rows = [Line(row) for note in notes[:_NOTES] for row in quoted(note).splitlines()]
    return [*rows, Line(more, "dim")] if more else rows or [Line("nothing is remembered there")]


def _more(all: Sequence[object], shown: int, where: str) -> str:
    """Return how many are not shown and what shows them; empty where all are."""
    return f"{len(all) - shown} more, earlier: {where}" if len(all) > shown else ""


async def _plan(talker: Companion, rest: str) -> Lines:
    file = talker.seat.project
    word, _, text = rest.partition(" ")
    match word:
        case "":
            pass
        case "add":
            file.change(lambda now: project.plan(now, text))
        case "doing" | "done" | "open" | "drop" if text.strip().isdecimal():
            status: project.Status = "dropped" if word == "drop" else word
            file.change(lambda now: project.mark(now, int(text), status))
        case _:
            ways = "/plan add TEXT, or doing, done, open or drop with a number: /plan done N"
            raise ToolError(f"write /plan, {ways}")
    if not file.path.exists():
        return [Line("there is no plan yet: /plan add TEXT")]
    where = Line(f"edit it by hand: {file.path}", "dim")
    return [*(Line(line) for line in file.shown().splitlines() if line), where]


async def _notebook(talker: Companion, rest: str) -> Lines:
    book = Notebook(talker.seat.home)
    word, _, text = rest.partition(" ")
    if word == "add" and text.strip():
        book.add(text, _BY)
    elif rest:
        raise ToolError("write /notebook or /notebook add TEXT")
    noted = latest(book.read(), _PAGE)
    if not noted:
        return [Line("nothing is noted yet: /notebook add TEXT")]
    return [*map(Line, noted.splitlines()), Line(f"edit it by hand: {book.path}", "dim")]


async def _resume(talker: Companion, rest: str) -> Lines:
    if not rest:
        talks = await asyncio.to_thread(earlier, talker.seat)
        rows = [Line(f"{s.run}  {s.task}") for s in talks[:_TALKS]]
        more = _more(talks, _TALKS, "samovar runs")
        return [*rows, Line(more, "dim")] if more else rows or [Line("there are none here yet")]
    await talker.resume(App(talker.seat.home).find(rest))
    began = talker.talk.began
    return [Line(f"on with: {began.title if began else talker.run}", "good")]


async def _quit(_talker: Companion, _rest: str) -> Lines:
    return []


_ACTS: Mapping[str, Callable[[Companion, str], Awaitable[Lines]]] = {
    "/undo": _undo,
    "/diff": _diff,
    "/commit": _commit,
    "/model": _model,
    "/tools": _tools,
    "/memory": _memory,
    "/plan": _plan,
    "/notebook": _notebook,
    "/resume": _resume,
    "/help": _help,
    "/quit": _quit,
}
