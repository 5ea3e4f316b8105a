"""What keeps agents from working: how long each is left alone, and what was said of it."""

from dataclasses import dataclass, field

from samovar.core.errors import ModelError
from samovar.org.resume import Resume
from samovar.org.seams import NoCredit
from samovar.org.ticked import said

LONGEST_REST = 64
"""Ticks an agent that fails again and again is left alone, at most."""
_BROKE_REST = 8
"""Ticks before an agent without credits is asked again; its model is not."""


def failing(error: Exception, resume: Resume | None) -> str:
    """Return the model that failed an agent; empty where something else did."""
    if resume is None or not isinstance(error, ModelError):
        return ""
    return resume.model or "the usual one"


@dataclass
class Failures:
    """The agents that fail, until each has a good turn."""

    told: dict[str, str] = field(default_factory=dict)
    """What a person was told that keeps an agent from working."""
    _rest: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Until which tick an agent is left alone, and after how many failures."""
    _said: dict[str, str] = field(default_factory=dict)
    """The failure of an agent that the logs tell of."""

    def rests(self, agent: str, tick: int) -> bool:
        """Whether an agent is left alone."""
        return self._rest.get(agent, (0, 0))[0] > tick

    def met(self, agent: str, error: Exception, tick: int) -> bool:
        """Leave an agent alone for a while, longer each time; return whether the logs lack this."""
        failures = self._rest.get(agent, (0, 0))[1] + 1
        longest = _BROKE_REST if isinstance(error, NoCredit) else LONGEST_REST
        self._rest[agent] = (tick + 1 + min(2 ** min(failures, 10) // 2, longest), failures)
        before, self._said[agent] = self._said.get(agent), said(error)
        return before != self._said[agent]

    def over(self, agent: str) -> None:
        """Forget the failures of an agent: it had a good turn."""
        for held in (self.told, self._rest, self._said):
            held.pop(agent, None)
