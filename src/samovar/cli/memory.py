"""What agents remember: `samovar memory list | search | show | forget | add | pull`."""

from difflib import get_close_matches
from pathlib import Path

import msgspec

from samovar.app import NOBODY
from samovar.boot import remember
from samovar.cli.end import printable, say
from samovar.cli.home import find_home_or_place
from samovar.core.errors import SetupError, ToolError
from samovar.core.text import one_line
from samovar.memory.note import Note
from samovar.memory.notes import folder_of
from samovar.memory.recall import Memory, quoted
from samovar.models import minilm
from samovar.org.roster import TEMPLATE


async def show_list(folder: Path | None, agent: str, as_json: bool) -> int:
    """List an agent's notes, the latest first."""
    memory = await _memory(folder, agent)
    return _tell(memory.notes.latest(), as_json, f"{agent} has no notes yet")


async def search(folder: Path | None, agent: str, question: str, limit: int, as_json: bool) -> int:
    """Show the notes that fit a question best."""
    memory = await _memory(folder, agent)
    try:
        if not as_json and memory.embedder is None:
            say("notes are found by their words only; for their meaning: samovar memory pull")
        found = await memory.search(question, limit)
        if memory.complaint:
            say(memory.complaint)
    finally:
        memory.close()
    return _tell(found, as_json, "no note fits")


async def show(folder: Path | None, agent: str, id: str) -> int:
    """Show one note whole."""
    memory = await _memory(folder, agent)
    print(printable(quoted(_known(memory, id))))
    print(f"file: {memory.notes.folder / id}.md")
    return 0


async def add(folder: Path | None, agent: str, text: str, tags: list[str]) -> int:
    """Keep a note of the owner's own words. Raises SetupError where no agent would hear of it."""
    home = await find_home_or_place(folder)
    team = _team(home)
    if team and agent not in (*team, NOBODY):
        raise _unknown(agent, team)
    memory = remember(home, agent)
    try:
        note = await memory.store(text, "owner", tags, "the command line")
    except ToolError as error:
        raise SetupError(str(error)) from error
    finally:
        memory.close()
    print(f"kept as {note.id}")
    if team and agent == NOBODY:
        say(f"the team in {home} does not hear of it: --agent NAME is for one of its agents")
    return 0


async def forget(folder: Path | None, agent: str, id: str) -> int:
    """Delete one note."""
    memory = await _memory(folder, agent)
    _known(memory, id)
    try:
        gone = await memory.forget(id)
    finally:
        memory.close()
    print(printable(f"forgotten: {quoted(gone)}"))
    return 0


async def pull(folder: Path | None, agents: list[str]) -> int:
    """Fetch the embedding model, 83 MB, and embed what agents have noted so far."""
    if not minilm.here():
        say("fetching all-MiniLM-L6-v2, 83 MB")
        await minilm.fetch()
    home = await find_home_or_place(folder)
    every = sorted(p.parent.name for p in (home / "agents").glob("*/memory"))
    for agent in agents or every:
        memory = await _memory(home, agent)
        memory.index.refresh()
        while left := await memory.catch_up(64):
            if memory.complaint:
                raise SetupError(memory.complaint)
            say(f"{agent}: {left} notes to embed")
        memory.close()
    print("notes are found by their meaning now")
    return 0


async def _memory(folder: Path | None, agent: str) -> Memory:
    """Return the memory of an agent of the team, or of one that is gone. Raises SetupError."""
    home = await find_home_or_place(folder)
    team = _team(home)
    notes = folder_of(home, agent)
    if team and agent not in (*team, NOBODY) and not notes.is_dir():
        raise _unknown(agent, team)
    return remember(home, agent)


def _team(home: Path) -> set[str]:
    return {p.parent.name for p in home.glob("agents/*/resume.json")} - {TEMPLATE}


def _unknown(agent: str, team: set[str]) -> SetupError:
    near = get_close_matches(agent, sorted(team), 8, 0.0)
    return SetupError(f"there is no agent {agent!r} here; there are: {', '.join(near)}")


def _known(memory: Memory, id: str) -> Note:
    try:
        return memory.notes.read(id)
    except ToolError as error:
        raise SetupError(f"there is no note {id!r}; see 'samovar memory list'") from error


def _tell(notes: list[Note], as_json: bool, otherwise: str) -> int:
    if as_json:
        print(msgspec.json.encode(notes).decode())
    for note in [] if as_json else notes:
        shown = one_line(note.text, 70)
        print(printable(f"{note.id:<42} {note.at:%Y-%m-%d}  {note.said_by:<7}  {shown}"))
    if not notes and not as_json:
        print(otherwise)
    return 0
