"""When the tools in front of a model change within a conversation. Pure."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile

from samovar.core.faults import speaks_of
from samovar.core.offer import choose, understood
from samovar.core.talk import Conversation, Heard, Offered, Replied, Used
from samovar.core.tool import Tool


def next_offer(
    talk: Conversation, tools: Sequence[Tool], hidden: Collection[str], count: int
) -> Offered:
    """Return the tools for the next step, chosen by what was asked and what came of it since.

    An offer is long, and the schema of an answer admits no other tool. So it stays for the turn
    unless the model speaks of a tool it does not see, a call has made one, or the failure of a call
    says to use one; a new offer is told at the end of the prompt, whose front stays. Where no word
    tells which tools are needed, the others are named, so that the model can speak of them.
    `hidden` are shown only when words of the person or the model name them.
    """
    last = next((i for i in reversed(talk.present) if isinstance(i, Replied | Heard)), None)
    said = last.said.text if isinstance(last, Replied) else ""
    known = {t.name for t in tools}
    common = [t for t in tools if t.name not in hidden]
    first = tuple(dict.fromkeys(_wanted(talk, common)))[: max(1, count - 1)]
    missed = any(t.name not in talk.offered and speaks_of(said, t.name) for t in tools)
    missed = missed or not set(first).issubset(talk.offered)
    if isinstance(last, Replied) and not missed and known.issuperset(talk.offered):
        return talk.offer
    heard = [i.text for i in talk.present if isinstance(i, Heard)]
    used = [i.result.call.tool for i in talk.present if isinstance(i, Used)]
    kept = [n for n in talk.offered if n in known]
    text = "\n".join([*heard, said])
    words = set(re.findall(r"\w+", text))
    seen = [t for t in tools if t.name not in hidden or t.name in words]
    chosen = choose(seen, text, used, kept, count, first)
    rest = () if understood(text) else (t.name for t in seen if t.name not in chosen)
    return Offered(tools=chosen, more=tuple(rest))


def _wanted(talk: Conversation, tools: Sequence[Tool]) -> Iterator[str]:
    """Yield the tools that results of this turn ask for, the latest first.

    Those a call was about that may change something, as a skill that was just promoted; then those
    that failures of the last step say to use. What a call has read asks for nothing.
    """
    acts = {t.name for t in tools if t.permission != "read"}
    step = takewhile(lambda item: not isinstance(item, Replied), reversed(talk.present))
    failed = [i.result.text for i in step if isinstance(i, Used) and not i.result.ok]
    for item in reversed(talk.present):
        if isinstance(item, Used) and item.result.ok and item.result.call.tool in acts:
            given = item.result.call.arguments.values()
            yield from (t.name for t in tools if t.name in given)
    yield from (t.name for t in tools if any(_advised(text, t.name) for text in failed))


def _advised(text: str, tool: str) -> bool:
    """Whether the failure of a call says to use a tool."""
    return re.search(rf"\b(use|with|or|by|call) {re.escape(tool)}\b", text) is not None
