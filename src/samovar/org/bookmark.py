"""Where an agent stands: `agents/<name>/state.json`, in its own folder.

A turn ends with one durable write. Where it wrote an entry, that entry says what was read, so that
a crash before this file is written loses and doubles nothing. Where the file is not as it was
written (a digest in it tells), the entries alone say where the agent stands.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import UNREADABLE, SetupError
from samovar.core.log import write
from samovar.org.outbox import OutboxEntry, backwards, outbox_of
from samovar.org.problem import Problem


class Bookmark(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an agent has done and read."""

    tick: int = 0
    """Its latest turn."""
    seq: int = 0
    """Its latest entry that is followed up: a filed task is in the queue, a question is asked."""
    read: Mapping[str, int] = {}
    """The last sequence number read, by outbox."""
    passed: int = 0
    """Turns in a row in which it had a task and did not work on it."""
    deaf: int = 0
    """Turns in a row in which words of teammates waited for a task."""
    warned: Mapping[str, int] = {}
    """When a person was last told of a thing, by thing: the tick."""


def load(home: Path, agent: str) -> Bookmark:
    """Return where an agent stands; a damaged file counts as none, its entries tell the rest."""
    try:
        return _kept(home, agent)
    except SetupError:
        return Bookmark()


def damage(home: Path, agent: str) -> list[Problem]:
    """Return what is wrong with the file that tells where an agent stands."""
    try:
        _kept(home, agent)
    except SetupError as error:
        file = _path(home, agent).relative_to(home).as_posix()
        fix = "its next turn makes it anew of what its outbox says it had read"
        return [Problem(file=file, wrong=str(error), fix=fix, weight="warning", agent=agent)]
    return []


def save(home: Path, agent: str, mark: Bookmark) -> None:
    """Keep where an agent stands, durably. Raises Unwritable.

    The folder of one that was removed or renamed meanwhile is not made anew.
    """
    if not _path(home, agent).parent.is_dir():
        return
    said = msgspec.to_builtins(mark)
    whole = msgspec.json.encode({**said, "digest": _digest(said)}, order="deterministic")
    write(_path(home, agent), msgspec.json.format(whole) + b"\n")


def encode(mark: Bookmark) -> bytes:
    """Return the bytes of where an agent stands: the same for the same place."""
    return msgspec.json.encode(mark, order="deterministic")


def rebuilt(home: Path, agent: str, tick: int) -> Bookmark:
    """Return where an agent stands by its entries alone: its file is missing or damaged."""
    mark = Bookmark()
    for entry in backwards(outbox_of(home, agent), agent, tick):
        mark = caught_up(mark, entry)
    return mark


def caught_up(mark: Bookmark, entry: OutboxEntry | None) -> Bookmark:
    """Return where an agent stands once its latest entry is taken into account."""
    if entry is None or entry.seq <= mark.seq:
        return mark
    known = {w: max(mark.read.get(w, 0), s) for w, s in entry.read.items()}
    return replace(mark, tick=max(mark.tick, entry.tick), read={**mark.read, **known})


def _kept(home: Path, agent: str) -> Bookmark:
    """Return what the file says; nothing without one. Raises SetupError for a damaged one.

    Files of before there was a digest have none.
    """
    try:
        said = msgspec.json.decode(_path(home, agent).read_bytes(), type=dict[str, Any])
        digest = said.pop("digest", None)
        mark = msgspec.convert(said, Bookmark)
    except FileNotFoundError:
        return Bookmark()
    except (OSError, *UNREADABLE) as error:
        raise SetupError(f"is damaged: {error}") from error
    if digest not in (None, _digest(said)):
        raise SetupError("is damaged: its digest is of something else")
    return mark


def _digest(said: Mapping[str, Any]) -> str:
    data = msgspec.json.encode(said, order="deterministic")
    return hashlib.sha256(data).hexdigest()[:16]


def _path(home: Path, agent: str) -> Path:
    return home / "agents" / agent / "state.json"
