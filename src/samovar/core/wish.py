"""What words want: something done, something said, or nothing. Pure."""

import re

from samovar.core.offer import INTENTS
from samovar.core.tongues import english

_WORDS = "|".join(sorted(INTENTS["write"]))
_BEFORE = r"(?:^|[.!?;:,\n]\s*|\b(?:please|you|and|then|now|also|bitte)\s+)"
_ORDER = re.compile(
    rf"{_BEFORE}(?:{_WORDS})\b(?! (?:me|us|down)\b)"
    rf"|{_BEFORE}(?:give|set|raise|put|move)\b[^\n]*\w\.[a-z]{{1,5}}\b"
    r"|\w\.[a-z]{1,5}\b[^?]*\b(?:must|shall|should)\b",
    re.IGNORECASE,
)
"""A clause that begins with what to do, or says what a named file must do."""
_TASK = re.compile(
    rf"{_BEFORE}(?:{_WORDS}|check|compare|draft|find|improve|list|plan|prepare|review|run|sketch"
    r"|suggest|summari[sz]e|test|translate)\b",
    re.IGNORECASE,
)
"""The same of work of any kind."""
_QUESTION = re.compile(
    r"^\W*((in|to|from|at|on|by|with) )?"
    r"(what|where|which|who|whose|when|why|how|is|are|was|were|does|do|did|has|have)\b"
    r"|\b(explain|tell me|show me|describe)\b"
    r"|^(?!\W*(can|could|would|will) you\b).*\?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_FOREIGN_NO = re.compile(
    r"\b(nichts?|kein\w*|ne|rien|pas|nada|ning\w+|не|ничего)\b|不|别", re.IGNORECASE
)


def asks(text: str) -> bool:
    """Whether an answer in words is wanted."""
    return _QUESTION.search(text) is not None


def orders(text: str) -> bool:
    """Whether something is to be changed, as far as words tell."""
    if asks(text):
        return False
    foreign = english(text) & INTENTS["write"] and not _FOREIGN_NO.search(text)
    return bool(foreign) or _ORDER.search(text) is not None


def wants_work(text: str) -> bool:
    """Whether it is a task: something to be changed, written or looked into."""
    return orders(text) or (not asks(text) and _TASK.search(text) is not None)
