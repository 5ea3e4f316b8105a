"""What an agent may read of its team, as texts: for those who work on it with tools."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from samovar.core.errors import SetupError
from samovar.org import journal
from samovar.org.outbox import OutboxEntry, is_for, listed, outbox_of, read
from samovar.org.resume import EVERYBODY, PEOPLE, Resume
from samovar.org.roster import Roster

ENTRIES = 100
"""Latest entries of one outbox."""
LINES = 500
"""Latest lines of the engine's log."""
NOTED = 20
"""Of these, shown in one turn."""
_LONGEST = 200
"""Characters of such a line."""


def papers(home: Path, reader: Resume, roster: Roster) -> dict[str, str]:
    """Return the outboxes an agent hears, one text each, by the name of its file.

    Whoever hears everybody reads the engine's log, too.
    """
    writers = [*sorted(roster.reads.get(reader.name, frozenset())), PEOPLE]
    found = {f"{writer}.md": _said(home, writer, reader) for writer in writers}
    if EVERYBODY in reader.permissions.read_outboxes:
        rows = journal.tail(journal.engine_log(home).path, LINES)
        found["engine.log"] = "".join(_lines(rows))
    return {name: text for name, text in found.items() if text}


def noted(home: Path, reader: Resume, since: int, before: int) -> str:
    """Return what the engine noted from one tick on and before another, for who hears everybody.

    No time of day stands in it: the same home and ticks make the same prompt.
    """
    if EVERYBODY not in reader.permissions.read_outboxes:
        return ""
    rows = journal.tail(journal.engine_log(home).path, LINES)
    lines = [_facts(row)[:_LONGEST] for row in rows if _within(row.get("tick"), since, before)]
    return "\n".join(lines[-NOTED:])


def _within(tick: object, since: int, before: int) -> bool:
    return isinstance(tick, int) and since <= tick < before


def _said(home: Path, writer: str, reader: Resume) -> str:
    entries = _entries(home, writer)
    parts = [_entry(e) for e in entries if e.kind == "task" or is_for(e, reader)]
    return "\n".join(parts)


def _entries(home: Path, writer: str) -> Iterator[OutboxEntry]:
    box = outbox_of(home, writer)
    for name in listed(box)[-ENTRIES:]:
        try:
            yield read(box, writer, name)
        except SetupError:
            continue


def _entry(entry: OutboxEntry) -> str:
    to = f" to {', '.join(entry.to)}" if entry.to else ""
    return f"## tick {entry.tick}: {entry.kind} of {entry.sender}{to}\n\n{entry.text.strip()}\n"


def _lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield f"{str(row.get('at', ''))[:19]} {_facts(row)}\n"


def _facts(row: Mapping[str, Any]) -> str:
    place = f" {row['tick']}" if "tick" in row else ""
    agent = f" {row['agent']}" if "agent" in row else ""
    text = " ".join(str(row.get("text", "")).split())
    return f"{row.get('event', '')}{place}{agent}: {text}"
