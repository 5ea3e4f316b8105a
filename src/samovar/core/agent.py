"""The loop of a conversation: what comes next is computed from what happened, then done.

The caller stores each event before it asks for the next one, so that after a crash
`converse(replay(log), agent)` goes on where the log ends.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as swapped
from itertools import takewhile

from msgspec import Struct
from msgspec.structs import replace

from samovar.core import context, stuck
from samovar.core.errors import ModelError, SetupError, ToolError
from samovar.core.faults import fault
from samovar.core.message import Message, Reply, Request, Sampling, Usage
from samovar.core.offering import next_offer
from samovar.core.rules import Broker, decide, perform
from samovar.core.seams import Model
from samovar.core.talk import (
    Condensed,
    Continued,
    Conversation,
    End,
    Heard,
    Item,
    Looked,
    Offered,
    Replied,
    Started,
    Stopped,
    Talk,
    Told,
    Turn,
    Used,
    fold,
)
from samovar.core.tool import Call, Dialect, Returned, Said, Tool


class Limits(Struct, frozen=True, kw_only=True):
    """What a turn may spend; 0: no limit, but for steps, reply, context.

    Seen between steps; answers and calls are also held to the seconds that are left.
    """

    steps: int = 20
    """Answers of the model."""
    tokens: int = 0
    """Generated tokens."""
    seconds: float = 0.0
    """Of models and tools together; nobody's answer is waited for within them."""
    credits: int = 0
    """Micro-credits."""
    reply: int = 800
    """Generated tokens of one answer."""
    context: int = 4096
    """Tokens the model really holds, prompt and answer together: the measured profile's."""
    shown: int = 5
    """Tools in front of the model at a time."""
    temperature: float = 0.2
    """At which answers are drawn; each that cannot be used makes the next one warmer."""
    result: float = 0.2
    """Share of the room that one result may take; more is cut, visibly."""

    @property
    def room(self) -> int:
        """Tokens a prompt may have."""
        return self.context - self.reply


async def _unseen() -> Looked:
    return Looked()


async def _unheard(_text: str, /) -> None:
    return None


def _plainly(temperature: float, seed: int, /) -> Sampling:
    return Sampling(temperature=temperature, seed=seed)


@dataclass(frozen=True)
class Agent:
    """A model with all it needs to act."""

    model: Model
    dialect: Dialect
    tools: Callable[[], Sequence[Tool]]
    """Every tool it is permitted; asked anew for each step, since skills come and go."""
    estimate: context.Estimate
    limits: Limits = field(default_factory=Limits)
    broker: Broker = field(default_factory=Broker)
    draw: Callable[[float, int], Sampling] = _plainly
    """How to sample at a temperature with a seed."""
    look: Callable[[], Awaitable[Looked]] = _unseen
    """Learns the facts in one short line, the plan in a few, and what is remembered."""
    note: Callable[[str], Awaitable[None]] = _unheard
    """Takes the summary when the conversation moves to a fresh context: the notebook."""
    doubt: Callable[[str, Conversation], str] = lambda _answer, _talk: ""
    """Says once in a turn what facts speak against an answer; empty where none do."""
    must: Callable[[Conversation, Sequence[Tool]], Sequence[Tool]] = lambda _talk, _tools: ()
    """The tools of which the next answer has to call one; none where it may speak, too."""
    hidden: frozenset[str] = frozenset()
    """Tools that are put in front of the model only when they are named."""
    spent: Callable[[], Usage] = Usage
    """Tokens that the last tool spent on a model of its own."""
    price: Callable[[Usage, float], int] = lambda _usage, _seconds: 0
    """Micro-credits of an answer by its tokens and seconds."""


class Rest(Struct, frozen=True):
    """Wait for a message."""


class Look(Struct, frozen=True):
    """Learn the facts, the plan, and what is remembered."""


class Use(Struct, frozen=True):
    """Carry out calls, all at once."""

    calls: tuple[Call, ...]
    changing: bool
    """Whether it may change something; then it is one call, noted before it is begun."""


class Give(Struct, frozen=True):
    """Answer a call that was begun and lost."""

    call: Call


class Ask(Struct, frozen=True):
    """Ask the model."""


Move = Rest | Look | Use | Give | Ask | Told | Stopped | Offered | Condensed | Continued


def advance(talk: Conversation, agent: Agent) -> Move:
    """Return the one next move: a function of the log, the tools, the rules and the limits."""
    if talk.turn is None:
        return Rest()
    tools = agent.tools()
    if talk.waiting:
        return _use(talk, agent.broker, tools)
    if _answered(talk):
        return Stopped(end="answered")
    circle = stuck.find(_since_nudge(talk))
    if circle:
        return _unstick(circle, talk.turn)
    spent = _spent(talk.turn, agent.limits)
    if spent is not None:
        return spent
    if not talk.turn.looked:
        return Look()
    offer = next_offer(talk, tools, agent.hidden, agent.limits.shown)
    same = offer.tools == talk.offered and set(offer.more) <= set(talk.offer.more)
    if not same and not isinstance(talk.items[-1], Offered):
        return offer
    return _lighten(talk, agent, tools) or Ask()


async def converse(talk: Conversation, agent: Agent) -> AsyncIterator[Talk]:
    """Go on from any state until the turn ends, yielding each event."""
    while talk.turn is not None:
        async for event in _carry_out(advance(talk, agent), talk, _bound(agent, talk)):
            talk = fold(talk, event)
            yield event


def interrupt(talk: Conversation) -> Sequence[Talk]:
    """Return the events that end a turn a person broke off: no call is left unanswered."""
    if talk.turn is None:
        return ()
    lost = {c.id for c in talk.lost}
    text = "the person stopped it; look before you repeat it"
    given = [
        Used(result=Returned(call=c, text=text if c.id in lost else "not begun", ok=False))
        for c in talk.waiting
    ]
    return (*given, Stopped(end="interrupted", why="by the person; the work is kept"))


async def _carry_out(move: Move, talk: Conversation, agent: Agent) -> AsyncIterator[Talk]:
    match move:
        case Rest():
            return
        case Look():
            yield await agent.look()
        case Use(calls=(call, *_), changing=True):
            yield Started(call=call)
            yield await used(call, agent)
        case Use(calls=calls):
            for event in await asyncio.gather(*(used(c, agent) for c in calls)):
                yield event
        case Give(call=call):
            text = "it was begun and broken off: it may be done or not, look before you repeat it"
            yield Used(result=Returned(call=call, text=text, ok=False))
        case Ask():
            yield await _ask(talk, agent)
        case Continued(summary=summary):
            await agent.note(summary)
            yield move
        case Told() | Stopped() | Offered() | Condensed():
            yield move


def _use(talk: Conversation, broker: Broker, tools: Sequence[Tool]) -> Move:
    """Return the calls that may go together, else the first alone.

    Together go leading ones that only look, and of which no person is asked: of two questions at
    once nobody could say which one was answered.
    """
    if talk.lost:
        return Give(talk.lost[0])
    known = {t.name: t for t in tools}

    def looks(call: Call) -> bool:
        return call.tool in known and known[call.tool].needs(call) == "read"

    def free(call: Call) -> bool:
        return (
            looks(call)
            and decide(broker.rules, known[call.tool], call, broker.root).verdict != "ask"
        )

    first, *_ = talk.waiting
    together = tuple(takewhile(free, talk.waiting))
    return Use(together or (first,), changing=not looks(first))


def _answered(talk: Conversation) -> bool:
    """Whether the model's last answer is meant for the person and nothing came after it."""
    for item in reversed(talk.present):
        match item:
            case Replied(said=said, complaint=complaint):
                return not said.calls and not complaint
            case Heard() | Used() | Told():
                return False
            case _:
                continue
    return False


def _since_nudge(talk: Conversation) -> Sequence[Item]:
    """Return the turn's items if the model spoke since it was nudged, else none."""
    for item in reversed(talk.present):
        if isinstance(item, Told) and item.kind == "nudge":
            return ()
        if isinstance(item, Replied):
            return talk.present
    return ()


def _unstick(circle: str, turn: Turn) -> Told | Stopped:
    if turn.nudged:
        return Stopped(end="stuck", why=f"{circle}; the work so far is kept")
    text = f"{circle}. Do something else, or answer the person with what you know and what is open."
    return Told(text=text[:1].upper() + text[1:], kind="nudge")


def _spent(turn: Turn, limits: Limits) -> Stopped | None:
    """Return the end of the turn when a limit is reached."""
    reached: tuple[tuple[End, float, float], ...] = (
        ("steps", turn.steps, limits.steps),
        ("tokens", turn.tokens, limits.tokens),
        ("seconds", turn.seconds, limits.seconds),
        ("credits", turn.credits, limits.credits),
    )
    for end, spent, most in reached:
        if most and spent >= most:
            return _reached(end, most)
    return None


def _reached(end: End, most: float, *said: str) -> Stopped:
    amount = most / 1e6 if end == "credits" else most
    limit = f"the limit of {amount:,.10g} {end} is reached"
    return Stopped(end=end, why="; ".join([limit, *said, "the work is kept, say 'go on' for more"]))


def _bound(agent: Agent, talk: Conversation) -> Agent:
    """Return an agent whose calls take no longer than is left of the turn."""
    return swapped(agent, broker=swapped(agent.broker, left=_left(talk, agent)))


def _left(talk: Conversation, agent: Agent) -> float | None:
    """Return the seconds that are left of the turn; None without a limit."""
    spent = talk.turn.seconds if talk.turn else 0.0
    return max(0.0, agent.limits.seconds - spent) if agent.limits.seconds else None


def _lighten(
    talk: Conversation, agent: Agent, tools: Sequence[Tool]
) -> Condensed | Continued | Stopped | None:
    def show(of: Conversation) -> Sequence[Message]:
        return context.messages(of, agent.dialect, tools)

    try:
        return context.lighten(talk, show, agent.estimate, agent.limits.room)
    except SetupError as error:
        return Stopped(end="context", why=str(error))


async def used(call: Call, agent: Agent) -> Used:
    """Carry out one call through the broker and return its result, cut to its share of the room."""
    result = await perform(call, agent.tools(), agent.broker)
    most = max(64, int(agent.limits.room * agent.limits.result))
    result = replace(result, text=context.clipped(result.text, most, agent.estimate))
    usage = agent.spent()
    return Used(
        result=result,
        usage=usage,
        credits=agent.price(usage, result.seconds) if usage != Usage() else 0,
    )


async def _ask(talk: Conversation, agent: Agent) -> Replied | Stopped:
    tools = agent.tools()
    shown = [t for t in tools if t.name in talk.offered]
    must = agent.must(talk, shown)
    wrong, warm = _wrong(talk), agent.limits.temperature
    step = talk.turn.steps if talk.turn else 0
    request = Request(
        messages=context.messages(talk, agent.dialect, tools),
        limit=agent.limits.reply,
        # Asked again in the same way, a model answers in the same way.
        sampling=agent.draw(min(warm + 0.25 * wrong, max(0.9, warm)), step),
        schema=agent.dialect.schema(must or shown, not must) if shown else None,
    )
    limit = asyncio.timeout(_left(talk, agent))
    try:
        async with limit:
            reply = await agent.model.reply(request)
    except ModelError as error:
        return Stopped(end="model", why=str(error))
    except TimeoutError:
        if not limit.expired():
            raise
        return _reached("seconds", agent.limits.seconds, "an answer was broken off")
    return _read(reply, talk, agent, tools)


def _wrong(talk: Conversation) -> int:
    """Return how many answers in a row were of no use, or called what failed."""
    count, failed = 0, False
    for item in reversed(talk.present):
        match item:
            case Used(result=result) if result.ok:
                break
            case Used():
                failed = True
            case Replied(complaint=complaint):
                if not complaint and not failed:
                    break
                count, failed = count + 1, False
            case _:
                continue
    return count


def _read(reply: Reply, talk: Conversation, agent: Agent, tools: Sequence[Tool]) -> Replied:
    complaint = ""
    said = Said()
    try:
        said = agent.dialect.read(reply.text, tools)
    except ToolError as error:
        complaint = str(error)
    step = f"{talk.turns}.{talk.turn.steps if talk.turn else 0}"
    calls = tuple(replace(c, id=f"{step}.{n}") for n, c in enumerate(said.calls))
    said = Said(said.text, calls)
    if not complaint and not calls:
        complaint = fault(reply, said, talk, tools, agent.dialect, agent.doubt)
    return Replied(
        text=reply.text,
        said=said,
        complaint=complaint,
        model=reply.model,
        usage=reply.usage,
        seconds=round(reply.seconds, 3),
        credits=agent.price(reply.usage, reply.seconds),
    )
