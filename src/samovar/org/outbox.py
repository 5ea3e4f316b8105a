"""Outboxes: what an agent says, one small file each, written by its owner only.

An entry is `outbox/<tick>-<sequence>-<hash>.json`: the hash is of the file's bytes, so that a torn,
changed or renamed file is known by its name. Sequence numbers of one outbox only grow.
"""

import fcntl
import hashlib
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr, replace

from samovar.core.errors import UNREADABLE, SetupError, Unwritable
from samovar.core.log import plain, write
from samovar.core.text import storable
from samovar.org.resume import EVERYBODY, NAME, PEOPLE, Absent, Resume
from samovar.org.seams import Ending

Kind = Literal["message", "task", "report", "question", "answer", "alert"]

LARGEST = 65_536
"""Bytes of an entry's file."""
LONGEST = 20_000
"""Characters of its text; more is cut, visibly."""
_EVER = 10**8
"""A tick that never comes."""
_LATELY = 200
"""Entries looked through for an answer that was given before."""
_LEAP = 10_000
"""Damaged entries in a row, at most."""
_CUT = "\n[... cut here: the whole was longer than an entry may be]"
_NAME = re.compile(r"(\d{8})-(\d{6,9})-([0-9a-f]{16})\.json", re.ASCII)


class OutboxEntry(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"sender": "from"}):
    """One thing an agent, or a person, said."""

    sender: str
    """An agent's name, or `person:NAME`."""
    tick: int
    seq: int
    """Counts the entries of one outbox, from 1."""
    kind: Kind = "message"
    to: tuple[str, ...] = ()
    """Names of agents, or `person`; empty speaks to everyone who may read the outbox."""
    text: str = ""
    job: int = 0
    """The task it is about."""
    ended: Ending | None = None
    """How the work on that task ended; None where the entry is no report."""
    claim: int = 0
    """The claim under which it was worked on (`Job.fence`); 0 where the entry is no report."""
    repo: str = ""
    run: str = ""
    reply_to: str = ""
    """Id of the entry it answers."""
    hops: int = 0
    """How many messages led to this one without any work in between."""
    read: dict[str, int] = {}
    """What the writer had read when it wrote this: the last sequence number by outbox."""

    def __post_init__(self) -> None:
        """Mend the text: what an entry says comes into the database as well."""
        force_setattr(self, "text", storable(self.text))

    @property
    def id(self) -> str:
        """Return its name among all entries of the home, such as `writer/12`."""
        return f"{self.sender}/{self.seq}"


class Named(Struct, frozen=True, order=True):
    """What the name of an entry's file says; in the order in which they were written."""

    seq: int
    tick: int
    hash: str

    @property
    def file(self) -> str:
        """Return the name of the file."""
        return f"{self.tick:08d}-{self.seq:06d}-{self.hash}.json"


def outbox_of(home: Path, owner: str) -> Path:
    """Return the outbox of an agent, or of the people of the home."""
    return Path(_folder_of(str(home), owner))


def _folder_of(home: str, owner: str) -> str:
    place = PEOPLE if owner == PEOPLE else f"agents/{owner}"
    return f"{home}/{place}/outbox"


def named(file: str) -> Named | None:
    """Take a file name apart; None for one no entry has."""
    found = _NAME.fullmatch(file)
    return Named(int(found[2]), int(found[1]), found[3]) if found else None


def encode(entry: OutboxEntry) -> bytes:
    """Return the bytes of an entry's file: the same for the same entry."""
    return msgspec.json.format(msgspec.json.encode(entry), indent=2) + b"\n"


def name_of(entry: OutboxEntry, data: bytes) -> Named:
    """Return the name of an entry's file."""
    return Named(entry.seq, entry.tick, hashlib.sha256(data).hexdigest()[:16])


def listed(box: Path) -> list[Named]:
    """Return what an outbox holds by its names, the oldest first; other names are left out."""
    try:
        found = [n for file in os.listdir(box) if (n := named(file)) is not None]
    except FileNotFoundError:
        return []
    return sorted(found)


def twins(names: Collection[Named]) -> list[Named]:
    """Return the names whose number others of them have, too."""
    counts = Counter(name.seq for name in names)
    return [name for name in names if counts[name.seq] > 1]


def entries(home: Path, owners: Iterable[str]) -> int:
    """Return how many files lie in some outboxes; they are not looked at."""
    count = 0
    for owner in owners:
        with suppress(OSError):
            count += len(os.listdir(_folder_of(str(home), owner)))
    return count


def is_for(entry: OutboxEntry, reader: Resume) -> bool:
    """Whether an entry is a message to an agent; its tasks come to it through its queue.

    Whoever reads everybody's outbox reads what is said to others, too.
    """
    if reader.name not in entry.to and EVERYBODY in reader.permissions.read_outboxes:
        return True
    return entry.kind != "task" and (not entry.to or reader.name in entry.to)


def read(box: Path, owner: str, name: Named) -> OutboxEntry:
    """Return an entry. Raises SetupError that says why it is refused."""
    path = box / name.file
    try:
        data = plain(path, LARGEST, os.stat(box).st_uid)
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}; refused") from error
    if hashlib.sha256(data).hexdigest()[:16] != name.hash:
        raise SetupError(f"{path}: its content is not what its name says; refused")
    try:
        entry = msgspec.json.decode(data, type=OutboxEntry)
    except UNREADABLE as error:
        raise SetupError(f"{path}: is no outbox entry: {error}; refused") from error
    if not _is_by(entry.sender, owner):
        raise SetupError(f"{path}: says it is from {entry.sender!r}, but lies here; refused")
    if (entry.tick, entry.seq) != (name.tick, name.seq):
        raise SetupError(f"{path}: its tick or sequence is not what its name says; refused")
    if len(entry.text) > LONGEST:
        raise SetupError(f"{path}: has {len(entry.text)} characters; refused")
    return entry


def backwards(box: Path, owner: str, tick: int) -> Iterator[OutboxEntry]:
    """Yield the good entries of an outbox up to a tick, the latest first."""
    for name in reversed(listed(box)):
        if name.tick > tick:
            continue
        try:
            entry = read(box, owner, name)
        except SetupError:
            continue
        yield entry


def last(box: Path, owner: str, tick: int) -> OutboxEntry | None:
    """Return the latest good entry of an outbox up to a tick; None where there is none."""
    return next(backwards(box, owner, tick), None)


def post(home: Path, owner: str, draft: OutboxEntry) -> OutboxEntry:
    """Store an entry durably in its owner's outbox, under the next number; return it.

    Raises SetupError when the outbox is not the owner's own folder, Unwritable for a full disk.
    """
    draft, box = _fit(draft), _own(home, owner, draft)
    with _alone(box):
        return _write(box, owner, draft)


def answer(home: Path, owner: str, draft: OutboxEntry) -> None:
    """Store an answer as `post` does, once. Raises SetupError where other words were first."""
    draft, box = _fit(draft), _own(home, owner, draft)
    asked = _tick_of(home, draft.reply_to)
    with _alone(box):
        spoken = islice(backwards(box, owner, _EVER), _LATELY)
        # Earlier ones answered an entry of the same number, of before the outbox began anew.
        said = (e for e in spoken if e.reply_to == draft.reply_to and e.tick >= asked)
        first = next((e.text for e in said), None)
        if first is None:
            _write(box, owner, draft)
        elif first != draft.text:
            raise SetupError(f"this was answered before, with {first[:200]!r}; that stands")


def _tick_of(home: Path, id: str) -> int:
    """Return the tick of an entry by its id; 0 where there is none."""
    sender, _, number = id.rpartition("/")
    if not re.fullmatch(NAME, sender):
        return 0
    return next((n.tick for n in listed(outbox_of(home, sender)) if str(n.seq) == number), 0)


def _own(home: Path, owner: str, draft: OutboxEntry) -> Path:
    """Return the outbox a draft goes into. Raises SetupError where it is another's, or nobody's."""
    if not _is_by(draft.sender, owner) or not re.fullmatch(NAME, owner):
        raise SetupError(f"{draft.sender!r} may not write into the outbox of {owner!r}")
    box = outbox_of(home, owner)
    if owner != PEOPLE and not box.parent.is_dir():
        raise Absent(f"{owner} is not here any more: its folder {box.parent} is gone")
    return box


def _fit(draft: OutboxEntry) -> OutboxEntry:
    """Return a draft with its text cut to what an entry may hold."""
    text = draft.text
    if len(text) <= LONGEST and len(text.encode()) <= LARGEST // 2:
        return draft
    return replace(draft, text=text.encode()[: LARGEST // 4].decode(errors="ignore") + _CUT)


def _write(box: Path, owner: str, draft: OutboxEntry) -> OutboxEntry:
    """Store an entry under the next number; return it."""
    entry = replace(draft, seq=_next(box, owner, draft.tick))
    data = encode(entry)
    write(box / name_of(entry, data).file, data)
    return entry


def _next(box: Path, owner: str, tick: int) -> int:
    """Return the next number: above that of every entry, the damaged ones included.

    A number far above the latest good one was never given by us and does not count.
    """
    latest = last(box, owner, tick)
    good = latest.seq if latest else 0
    return 1 + max((n.seq for n in listed(box) if n.seq <= good + _LEAP), default=good)


def _is_by(sender: str, owner: str) -> bool:
    if owner == PEOPLE:
        return sender.startswith("person:")
    return sender == owner


@contextmanager
def _alone(box: Path) -> Iterator[None]:
    """Hold an outbox, so that two processes of one owner do not take the same number."""
    if box.is_symlink() or box.parent.is_symlink():
        raise SetupError(f"{box} is reached by a symbolic link: make it a folder")
    try:
        box.mkdir(parents=True, exist_ok=True)
        handle = os.open(box, os.O_RDONLY)
    except OSError as error:
        raise Unwritable(f"cannot write to {box}: {error.strerror}; mend its rights") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
