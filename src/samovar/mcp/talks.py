"""A conversation, or an agent's work with tools, as the data a client gets. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from samovar.core.context import named
from samovar.core.event import Done, Entry, committed
from samovar.core.talk import (
    Began,
    Condensed,
    Continued,
    Conversation,
    Heard,
    Looked,
    Offered,
    Replied,
    Started,
    Stopped,
    Talk,
    Told,
    Used,
    replay,
)
from samovar.core.text import count

KINDS = ("talk", "task")
"""How the list of runs calls a conversation, and one in which an agent works on a task."""
OPEN = "open"
"""The state while a turn has not ended: it is worked on, or was broken off."""


class Talked(Struct, frozen=True, kw_only=True):
    """How a conversation stands."""

    kind: str
    agent: str
    task: int
    """The team's task it is the work on; 0 for none."""
    state: str
    why: str
    """Why the last turn stopped, unless it was answered."""
    asked: str
    """What was said last to the agent."""
    answer: str
    """What the agent said last."""
    turns: int
    commits: tuple[str, ...]


def talked(entries: Sequence[Entry]) -> Talked | None:
    """Return how a conversation stands; None for a run of another kind."""
    talk = replay(e.event for e in entries)
    if talk.began is None:
        return None
    heard = [i.text for i in talk.items if isinstance(i, Heard)]
    done = [e.event for e in entries if isinstance(e.event, Done)]
    return Talked(
        kind="task" if talk.began.task else "talk",
        agent=talk.began.agent,
        task=talk.began.task,
        state=standing(talk),
        why=talk.ended.why if talk.ended else "",
        asked="".join(heard[-1:]),
        answer=talk.answer,
        turns=talk.turns,
        commits=tuple(committed(done).values()),
    )


def standing(talk: Conversation) -> str:
    """Return `begun`, `open`, or how the last turn ended: `answered`, `steps`, `stuck` ..."""
    if talk.turn is not None:
        return OPEN
    return talk.ended.end if talk.ended else "begun"


def line(event: Talk) -> str:
    """Return the gist of an event of a conversation."""
    match event:
        case Began(title=title, model=model, sandbox=sandbox):
            return f"{title} (with {model}, sandbox {sandbox})"
        case Heard(text=text, by=by):
            return f"{by or 'the person'}: {text}"
        case Looked(facts=facts):
            return facts or "nothing is changed"
        case Offered(tools=tools):
            return f"tools: {', '.join(tools) or 'none'}"
        case Replied(said=said, complaint=complaint):
            back = [f"sent back: {complaint}"] if complaint else []
            return "; ".join([*filter(None, [said.text]), *map(named, said.calls), *back])
        case Started(call=call):
            return f"begins {named(call)}"
        case Used(result=result):
            word = "" if result.ok else "failed: "
            return f"{named(result.call)} -> {word}{result.text}"
        case Told(text=text):
            return text
        case Condensed(places=places):
            return f"{count(len(places), 'old result')} shortened to make room"
        case Continued():
            return "the context was full: it goes on in a fresh one with a summary"
        case Stopped(end=end, why=why):
            return f"{end}: {why}" if why else end
