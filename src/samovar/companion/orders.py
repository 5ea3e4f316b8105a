"""What a message wants: something changed, something looked up, or only words. Pure.

A small model that has read a file speaks as if its work were done, so that where a message orders
a change of code, or asks about the project, its next answer has to be a call.
"""

import re
from collections.abc import Sequence

from samovar.core.offer import understood
from samovar.core.talk import Conversation, Heard, Used
from samovar.core.tool import Returned, Tool
from samovar.core.wish import asks, orders

CALLS = 4
"""Calls after which a model may speak in any case."""
LOOKS = 2
"""Of them, those that may look before the first that changes something."""
TRIED = "python -m pytest -q"
"""How the tests of a turn are run behind a change."""
_STILL_RED = re.compile(rf"^{TRIED} [^\n]*: exit 1\b", re.MULTILINE)
WRITES = ("edit_file", "edit_text", "edit_symbol", "write_file", "nvim")
"""Tools that change files."""
_SKILL = re.compile(r"\b(skills?|tools?|promote)\b", re.IGNORECASE)
"""What is said where a promoted function is all that is to be made."""
_NO = ("not permitted", "nobody allowed", "a person refused")
"""How a call is answered that the rules or a person forbid."""
_HANDS_OFF = re.compile(
    r"\b(do not|don't|never|without) (chang|edit|touch|modif|writ|renam)\w*"
    r"|\b(just|only) (look|read|review)|\b(never mind|leave (it|that|everything)|forget it)\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\w\.[a-z]{1,5}\b|\w_\w|\w\(|`\S+`|\b(files?|functions?|class(es)?|methods?|tests?|modules?"
    r"|code|scripts?|docstrings?|arguments?|parameters?|variables?|imports?|constants?|readme|bugs?"
    r"|projects?|repository|repo|folders?)\b",
    re.IGNORECASE,
)
"""What a message is about that means files: "write me a poem" does not."""
_PROGRAM = re.compile(
    r"\b(run|execute|delete|move|copy|save|download|install)\b"
    r"|\b(rename|remove) (the )?(file|folder)",
    re.IGNORECASE,
)
"""What is done by a command rather than by writing."""


def must(talk: Conversation, tools: Sequence[Tool]) -> Sequence[Tool]:
    """Return the tools of which one has to be called now; none where the model may speak."""
    order = order_of(talk)
    results = [i.result for i in talk.present if isinstance(i, Used)]
    # What a message brings along was not called by the model and has no name.
    called = [r for r in results if r.call.id]
    nudged = talk.turn is not None and talk.turn.nudged
    if nudged or not _CODE.search(order) or any(r.text.startswith(_NO) for r in called):
        return []
    if not orders(order) or _HANDS_OFF.search(order):
        known = bool(called) and not _failed(called[-1])
        answer = asks(order) and understood(order)
        over = known or len(called) > LOOKS or not answer
        return [] if over else _looking(tools, len(called) < len(results))
    writes = (*WRITES, "promote_skill") if _SKILL.search(order) else WRITES
    wrote = [r for r in called if r.call.tool in writes]
    if len(called) >= CALLS or (wrote and _done(wrote[-1])):
        return []
    seen = len(called) < len(results) or len(called) >= LOOKS
    hard = wrote[-1].call.tool if wrote and wrote[-1].call.tool != "edit_file" else ""
    free = [t for t in tools if t.name in writes and t.name != hard]
    more = {"run"} if _PROGRAM.search(order) else set[str]()
    more |= set() if seen else {"read"}
    return free + [t for t in tools if t.permission in more]


def order_of(talk: Conversation) -> str:
    """Return what is wanted: what a person asked for, of a team's task its title."""
    if talk.began is not None and talk.began.task:
        return talk.began.title
    return asked(talk)


def asked(talk: Conversation) -> str:
    """Return what was asked since the last answer: "go on" means what it stands behind."""
    since = min(talk.since, talk.opened)
    return "\n".join(i.text for i in talk.items[since:] if isinstance(i, Heard))


def _looking(tools: Sequence[Tool], read: bool) -> Sequence[Tool]:
    look = [t for t in tools if t.permission in ("read", "run")]
    return [t for t in look if t.name != "read_file"] if read else look


def _done(wrote: Returned) -> bool:
    return wrote.ok and not _STILL_RED.search(wrote.text)


def _failed(result: Returned) -> bool:
    return not result.ok or re.match(r"exit [^0]|Traceback ", result.text) is not None
