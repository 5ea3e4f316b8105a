"""How a conversation went: where it stands by its log, and what it took. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from samovar.core.event import Done, Intended, committed
from samovar.core.message import Usage
from samovar.core.state import undone
from samovar.core.talk import Heard, Replied, Stopped, Used

_BROKEN_OFF = ("stopped", "")


class Course(Struct, frozen=True):
    """How a conversation went."""

    state: str
    """`done`, `failed`, `undone`, or `stopped` in the middle of a turn or of an act."""
    outcome: str
    usage: Usage
    committed: bool
    """Whether a commit of it stands."""


def course(events: Iterable[object]) -> Course:
    """Return how a conversation went; what it does after its answer, such as to commit, counts."""
    known = list(events)
    now = ended = _BROKEN_OFF
    usage = Usage()
    for event in known:
        match event:
            case Replied() | Used():
                usage += event.usage
            case Heard() | Intended():
                now = _BROKEN_OFF
            case Stopped(end=end, why=why):
                now = ended = ("done" if end == "answered" else "failed", why or end)
            case Done(act="undo"):
                now = ("undone", undone(event).outcome)
            case Done():
                now = ended
            case _:
                continue
    return Course(*now, usage, bool(committed(known)))
