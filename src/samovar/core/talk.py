"""A conversation with tools: what can happen in it, and where it stands. Pure."""

from collections.abc import Iterable
from functools import reduce
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from samovar.core.message import Usage
from samovar.core.tool import Call, Returned, Said

End = Literal[
    "answered", "steps", "tokens", "seconds", "credits", "stuck", "context", "model", "interrupted"
]
"""Why a turn ended; everything but `answered` keeps the work and says what to do."""


class Began(Struct, frozen=True, kw_only=True, tag="began"):
    """A conversation began."""

    run: str
    system: str = ""
    """The standing instructions, without what is said about tools."""
    agent: str = ""
    task: int = 0
    """The team's task it is the work on; 0 where a person talks."""
    title: str = ""
    repo: str = ""
    base: str = ""
    """The commit the work starts from."""
    branch: str = ""
    model: str = ""
    sandbox: str = ""
    version: str = ""


class Heard(Struct, frozen=True, kw_only=True, tag="heard"):
    """Somebody said something; between turns it opens the next one."""

    text: str
    by: str = ""
    """Empty for the person, else the name of an agent."""


class Looked(Struct, frozen=True, kw_only=True, tag="looked"):
    """The world was looked at: what really changed and was run, and the plan as it stands."""

    facts: str = ""
    plan: str = ""
    recalled: str = ""
    """What is remembered about the last message, quoted, with who said it."""
    ran: str = ""
    """Of the facts, what was run last: a fresh context no longer holds the call itself."""


class Offered(Struct, frozen=True, kw_only=True, tag="offered"):
    """These tools are in front of the model from now on."""

    tools: tuple[str, ...]
    more: tuple[str, ...] = ()
    """Further ones that are only named to it, where no word told which it will need."""


class Replied(Struct, frozen=True, kw_only=True, tag="replied"):
    """The model answered."""

    text: str
    """Every character it wrote."""
    said: Said = Said()
    complaint: str = ""
    """What the model is told when the answer is neither a call nor an end."""
    model: str = ""
    usage: Usage = Usage()
    seconds: float = 0.0
    credits: int = 0
    """Micro-credits charged for it."""


class Started(Struct, frozen=True, kw_only=True, tag="started"):
    """A call that may change something is about to be carried out."""

    call: Call


class Used(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="used"):
    """A call was answered."""

    result: Returned
    usage: Usage = Usage()
    """What a tool spent on a model of its own."""
    credits: int = 0
    """Micro-credits charged for that."""


class Told(Struct, frozen=True, kw_only=True, tag="told"):
    """The model was told something by samovar: a nudge, or what a person did meanwhile."""

    text: str
    kind: Literal["nudge", "note"] = "note"


class Condensed(Struct, frozen=True, kw_only=True, tag="condensed"):
    """Tool output was shortened, for good, to its first line; recalled notes went."""

    places: tuple[int, ...]
    """Which items of the present context."""


class Continued(Struct, frozen=True, kw_only=True, tag="continued"):
    """The conversation went on in a fresh context."""

    summary: str
    kept: tuple[int, ...]
    """Items of the old context that are carried over as they are."""


class Stopped(Struct, frozen=True, kw_only=True, tag="stopped"):
    """A turn ended; the conversation waits for the next message."""

    end: End
    why: str = ""


Talk = (
    Began
    | Heard
    | Looked
    | Offered
    | Replied
    | Started
    | Used
    | Told
    | Condensed
    | Continued
    | Stopped
)
Item = Heard | Looked | Offered | Replied | Started | Used | Told | Continued


class Turn(Struct, frozen=True, kw_only=True):
    """What was spent since a message opened the turn."""

    steps: int = 0
    """Answers of the model."""
    tokens: int = 0
    """Generated tokens."""
    seconds: float = 0.0
    """Of models and tools; what somebody took to answer is not among them."""
    credits: int = 0
    nudged: bool = False
    looked: bool = False
    """Whether the facts are known since the last act."""


class Conversation(Struct, frozen=True, kw_only=True):
    """Where a conversation stands."""

    began: Began | None = None
    items: tuple[Item, ...] = ()
    """The present context, the oldest first."""
    short: frozenset[int] = frozenset()
    """Places of items that are shown as their first line."""
    opened: int = 0
    """Place of the first item of the turn."""
    since: int = 0
    """Place of the first item behind the last answer: from there on requests are open."""
    turn: Turn | None = None
    """None between turns."""
    ended: Stopped | None = None
    """How the last turn ended."""
    turns: int = 0
    usage: Usage = Usage()
    credits: int = 0
    contexts: int = 1

    @property
    def present(self) -> tuple[Item, ...]:
        """The items of this turn; of the last one, between turns."""
        return self.items[self.opened :]

    @property
    def offer(self) -> Offered:
        """What is in front of the model."""
        found = (i for i in reversed(self.items) if isinstance(i, Offered))
        return next(found, Offered(tools=()))

    @property
    def offered(self) -> tuple[str, ...]:
        """Names of the tools in front of the model."""
        return self.offer.tools

    @property
    def waiting(self) -> tuple[Call, ...]:
        """The calls of the last answer that nothing has answered yet."""
        done: set[str] = set()
        for item in reversed(self.items):
            match item:
                case Used(result=result):
                    done.add(result.call.id)
                case Replied(said=said):
                    return tuple(c for c in said.calls if c.id not in done)
                case Heard() | Looked() | Offered() | Started() | Told() | Continued():
                    continue
        return ()

    @property
    def lost(self) -> tuple[Call, ...]:
        """Waiting calls that were begun: nobody knows whether they were carried out."""
        begun = {i.call.id for i in self.items if isinstance(i, Started)}
        return tuple(c for c in self.waiting if c.id in begun)

    @property
    def answer(self) -> str:
        """The last thing the model said to the person; empty when it said nothing."""
        texts = (i.said.text for i in reversed(self.present) if isinstance(i, Replied))
        return next((t for t in texts if t.strip()), "")


def fold(talk: Conversation, event: Talk) -> Conversation:
    """Return the conversation after one more event."""
    match event:
        case Began():
            return replace(talk, began=event)
        case Heard():
            return _heard(talk, event)
        case Replied():
            return _replied(talk, event)
        case Looked():
            return _with(_turned(talk, looked=True), event)
        case Started():
            return _with(_turned(talk, looked=False), event)
        case Used(result=result, usage=usage, credits=credits):
            took = result.seconds - result.waited
            return _with(_spent(talk, usage, took, credits), event)
        case Told(kind=kind):
            known = talk.turn is not None and talk.turn.nudged
            return _with(_turned(talk, nudged=known or kind == "nudge"), event)
        case Offered():
            return _with(talk, event)
        case Condensed(places=places):
            return replace(talk, short=talk.short | set(places))
        case Continued():
            return _continued(talk, event)
        case Stopped():
            return replace(talk, turn=None, ended=event)


def replay(events: Iterable[object]) -> Conversation:
    """Return the conversation a log leads to; events of other kinds of runs are left out."""
    return reduce(fold, (e for e in events if isinstance(e, Talk)), Conversation())


def _with(talk: Conversation, item: Item) -> Conversation:
    return replace(talk, items=(*talk.items, item))


def _turned(talk: Conversation, **changes: object) -> Conversation:
    return talk if talk.turn is None else replace(talk, turn=replace(talk.turn, **changes))


def _heard(talk: Conversation, event: Heard) -> Conversation:
    if talk.turn is not None:
        return _with(talk, event)
    place = len(talk.items)
    # What was refused is to be said anew; what any other end cut off is still to be done.
    since = talk.since if talk.ended and talk.ended.end not in ("answered", "context") else place
    opened = replace(talk, turn=Turn(), turns=talk.turns + 1, opened=place, since=since)
    return _with(replace(opened, ended=None), event)


def _replied(talk: Conversation, event: Replied) -> Conversation:
    stepped = _turned(talk, steps=talk.turn.steps + 1 if talk.turn else 1)
    return _with(_spent(stepped, event.usage, event.seconds, event.credits), event)


def _spent(talk: Conversation, usage: Usage, seconds: float, credits: int) -> Conversation:
    turn = talk.turn or Turn()
    counted = _turned(
        talk,
        tokens=turn.tokens + usage.generated,
        seconds=turn.seconds + seconds,
        credits=turn.credits + credits,
    )
    return replace(counted, usage=talk.usage + usage, credits=talk.credits + credits)


def _continued(talk: Conversation, event: Continued) -> Conversation:
    kept = sorted(k for k in set(event.kept) if 0 <= k < len(talk.items))
    return replace(
        talk,
        items=(event, *(talk.items[k] for k in kept)),
        short=frozenset(n for n, k in enumerate(kept, 1) if k in talk.short),
        opened=1 + sum(k < talk.opened for k in kept),
        since=1 + sum(k < talk.since for k in kept),
        contexts=talk.contexts + 1,
    )
