"""Who of a team a task is for, by the words both have in common. Pure.

Measured for decision 26: a model of 1.5 billion parameters that is given the team and a task names
whoever writes code, whatever the task.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from samovar.org.resume import Resume

CLEAR = 1.8
"""Points from which a teammate is meant: a word nobody else is known by gives one to three."""
_ENDINGS = re.compile(r"(?<=\w{3})(?:ations?|ities|ions|ings?|izers?|ize|ers?|ies|ed|es|s|e|y)$")
_WORD = re.compile(r"[^\W\d_]{3,}")
_EMPTY = re.compile(
    "all|also|and|any|are|but|does|each|every|for|from|had|has|have|into|its|most|not|one|only|other|"
    "our|people|than|that|the|them|then|they|this|those|was|what|when|which|who|with"
)


def best(text: str, team: Mapping[str, Resume]) -> str:
    """Return whom a task is for: who is known by its words, else who writes code, else nobody."""
    known = {name: _words_of(resume) for name, resume in sorted(team.items())}
    spread = Counter(word for words in known.values() for word in words)
    said = set(_stems(text))
    points = {
        name: sum(words[w] * _rarity(spread[w], len(team)) for w in said if w in words)
        for name, words in known.items()
    }
    likeliest = max(points, key=points.__getitem__, default="")
    if likeliest and points[likeliest] >= CLEAR:
        return likeliest
    return next((name for name in known if team[name].craft == "code"), "")


def _rarity(known: int, all: int) -> float:
    """Return 1 for a word by which one agent is known, less where more of all are."""
    return math.log(1 + all / known) / math.log(1 + all)


def _words_of(resume: Resume) -> dict[str, int]:
    """Return the words an agent is known by: its name counts most, how it works least."""
    soul = resume.soul
    texts = (
        (1, resume.workflow_description),
        (2, " ".join((resume.short_description, *soul.skills, *soul.expertise))),
        (3, f"{resume.name} {resume.title}"),
    )
    return {word: weight for weight, text in texts for word in _stems(text)}


def _stems(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.replace("_", " ").lower()):
        if not _EMPTY.fullmatch(word):
            yield _ENDINGS.sub("", word)
