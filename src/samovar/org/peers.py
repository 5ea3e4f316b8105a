"""Agents that do the same work with different models, so that two see more than one. Pure."""

from collections.abc import Callable, Mapping, Sequence

from samovar.org.problem import Problem
from samovar.org.resume import Resume

Answering = Callable[[Sequence[str]], str]
"""Says which model would answer of some names, the best first; empty where none would."""


def alike(team: Mapping[str, Resume], answering: Answering) -> list[Problem]:
    """Return a warning for each agent whose model is another one's by name only.

    Both are of one craft, hear the same and have the same tools, such as two reviewers.
    """
    found: list[Problem] = []
    peers: dict[object, list[Resume]] = {}
    # Of two, the one that names a model of its own is told.
    for resume in sorted(team.values(), key=lambda r: (r.model != "", r.name)):
        same = peers.setdefault(_work(resume), [])
        answer = answering(resume.models)
        for peer in same:
            if answer and peer.model != resume.model and answering(peer.models) == answer:
                found.append(_told(resume, peer, answer))
                break
        same.append(resume)
    return found


def _work(resume: Resume) -> object:
    may = resume.permissions
    return resume.craft, *map(frozenset, (may.read_outboxes, may.tools, may.repositories))


def _told(resume: Resume, peer: Resume, answer: str) -> Problem:
    return Problem(
        file=f"agents/{resume.name}/resume.json",
        field="model",
        wrong=f'is "{resume.model}", but {answer} would answer for it, as for {peer.name}, '
        "who does the same: two models see more than one",
        fix="name a model that is here in one of the two, or fetch it; see 'samovar model list'",
        weight="warning",
        agent=resume.name,
    )
