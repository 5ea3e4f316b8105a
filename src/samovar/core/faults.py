"""What is wrong with an answer that calls no tool. Pure."""

import re
from collections.abc import Callable, Sequence

from samovar.core.message import Reply
from samovar.core.talk import Conversation, Replied
from samovar.core.tool import Dialect, Said, Tool
from samovar.core.unread import unread

_PROMISE = re.compile(
    r"(^|[.!?\n]\s*)((now|next|first|then),? )?(i('ll| will| am going to)|let me|let's)\b"
    r"(?! (not|never|be|have|stop|wait|know)\b)"
    r"[^.!?\n]*[.:]?\s*$",
    re.IGNORECASE,
)


def fault(
    reply: Reply,
    said: Said,
    talk: Conversation,
    tools: Sequence[Tool],
    dialect: Dialect,
    doubt: Callable[[str, Conversation], str],
) -> str:
    """Return what is wrong with an answer without calls; an empty string for a good end."""
    if not said.text.strip():
        return "your answer was empty: call a tool, or answer the person"
    if reply.finish == "length":
        return "your answer was too long and was cut: answer again, shorter"
    if reply.finish == "repetition":
        return "you repeated yourself and were stopped: answer again, shorter"
    told = [i.complaint for i in talk.present if isinstance(i, Replied) and i.complaint]
    strange = unread(said.text, tools, dialect)
    if strange and strange not in told:
        return strange
    if told:
        return ""
    for name in talk.offer.more:
        if speaks_of(said.text, name):
            return f"now you are shown {name}: call it, or answer the person"
    if talk.offered and _PROMISE.search(said.text):
        return (
            "you said what you would do, but called no tool: call it now; if you are done, give "
            "the person the answer itself"
        )
    return doubt(said.text, talk)


def speaks_of(text: str, tool: str) -> bool:
    """Whether a text means a tool, and not just the word that is its name."""
    name = re.escape(tool)
    return re.search(rf"[`'\"]{name}[`'\"(]|\b{name} tool|tool {name}\b", text) is not None
