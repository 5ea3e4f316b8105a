"""Which few tools are put in front of a model for a step. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt

from samovar.core.tongues import english
from samovar.core.tool import Permission, Tool


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


INTENTS: Mapping[Permission, frozenset[str]] = {
    "read": _set("look show list find search where what which read explain why how see open count"),
    "write": _set(
        "write add fix change edit create make rename replace remove delete implement refactor "
        "update insert repair mend correct document save"
    ),
    "run": _set(
        "run test tests execute compute calculate build install plot measure check verify "
        "print script pytest reproduce debug return returns result"
    ),
    "network": _set(
        "fetch download url http https web internet online page site website latest news"
    ),
    "ask": _set("ask question teammate person clarify unsure"),
}
"""Words of a task that speak for tools of a permission."""
CALLED: Mapping[str, frozenset[str]] = {
    "memory": _set("remember remembered recall recalled remind decide decided agreed forget note"),
    "data_view": _set("table csv column columns rows statistics"),
}
"""Words that speak for one tool as those of its name do."""
_NAMED, _USED, _MEANT, _TOLD, _AIMED, _KEPT = 8.0, 4.0, 2.0, 1.0, 1.5, 1.0
"""Weights: named outright, used in this turn, its permission meant, its description's words, a
file of its kind was named, in front of the model already."""
_ALIKE = 1.5
"""What each tool of the same permission costs the next one: a few of each kind do more."""
_APART = 1.5
"""What tools that leave the machine, or wait for somebody, must make good by the words."""
_FILE = re.compile(r"\b[\w/-]+\.[a-z]{1,5}\b", re.ASCII)
_COMMON = _set("the a an of to in and or for with is are be it this that on by at as")


def choose(
    tools: Sequence[Tool],
    words: str,
    used: Sequence[str],
    kept: Sequence[str],
    count: int,
    first: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return the names of at most `count` tools for a step, in the order of `tools`.

    `words` is what the step is about, `used` the tools it used so far, `kept` those in front of
    the model now: they stay unless others fit clearly better, since every change of the offer
    costs a small model its attention and the server its cache. Of equals the first is taken.
    Those that come `first` are taken in any case.
    """
    if len(tools) <= count:
        return tuple(t.name for t in tools)
    said = _words(words) | english(words)
    scores = {t.name: _score(t, words, said, used) + _KEPT * (t.name in kept) for t in tools}
    chosen = [t for t in tools if t.name in first][:count]
    while len(chosen) < count:
        alike = Counter(t.permission for t in chosen)
        left = [t for t in tools if t not in chosen]
        if len(chosen) == count - 1 and count > 1 and not alike["read"]:
            # Whoever changes something must be able to look first.
            left = [t for t in left if t.permission == "read"] or left
        chosen.append(max(left, key=lambda t: scores[t.name] - _ALIKE * alike[t.permission]))
    return tuple(t.name for t in tools if t in chosen)


def understood(words: str) -> bool:
    """Whether a text holds any word by which tools are chosen, in a language known here."""
    known = frozenset[str]().union(*INTENTS.values(), *CALLED.values())
    return bool(english(words) or _words(words) & known)


def _score(tool: Tool, text: str, said: frozenset[str], used: Sequence[str]) -> float:
    named = re.search(rf"\b{re.escape(tool.name)}\b", text, re.ASCII) is not None
    aimed = _aimed(tool, text)
    meant = said & INTENTS[tool.permission]
    called = _words(tool.name.replace("_", " ")) | CALLED.get(tool.name, frozenset())
    if tool.permission in ("read", "run"):
        # Every act begins with a look, and a change is tried out.
        meant |= said & INTENTS["write"]
    return (
        _NAMED * named
        + _USED * (tool.name in used)
        + _AIMED * aimed
        + _MEANT * sqrt(len(meant))
        + _MEANT * len(said & called)
        + _TOLD * sqrt(len(said & _words(tool.description)))
        - _APART * (tool.permission in ("network", "ask"))
    )


def _aimed(tool: Tool, text: str) -> bool:
    """Whether a file was named of the kind that the tool's example takes."""
    found = _FILE.search(text)
    kind = found[0].rpartition(".")[2] if found else ""
    return bool(kind) and str(tool.example.get("path", "")).endswith(f".{kind}")


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", text.lower())) - _COMMON
