"""What each agent did tick by tick, and the engine's latest lines: from the logs in the home."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from samovar.org.journal import agent_log, engine_log, tail
from samovar.web.happening import Happening, act

LINES = 150
"""Lines of an agent's log that are looked at."""
ACTS = 20
"""Latest acts of one agent that are told."""
WEIGHT = {"rested": 0, "at work": 1, "ran": 2, "failed": 3}
"""Of several things in one tick, the heaviest is shown."""


@dataclass
class Diary:
    """The logs of a home, read again only when they have grown."""

    home: Path
    _known: dict[str, tuple[int, Mapping[int, str], list[Happening]]] = field(default_factory=dict)

    def turns(self, agents: Sequence[str]) -> Mapping[str, Mapping[int, str]]:
        """Return what each of some agents did in its latest ticks."""
        return {name: self._of(name)[0] for name in sorted(agents)}

    def acts(self, agents: Sequence[str]) -> list[Happening]:
        """Return what each of some agents did lately that stands in no outbox."""
        return [found for name in sorted(agents) for found in self._of(name)[1]]

    def engine(self, lines: int) -> Sequence[str]:
        """Return the engine's latest lines, the latest first."""
        rows = tail(engine_log(self.home).path, lines)
        return [_line(row) for row in reversed(rows)]

    def _of(self, agent: str) -> tuple[Mapping[int, str], list[Happening]]:
        path = agent_log(self.home, agent).path
        try:
            size = path.stat().st_size
        except OSError:
            return {}, []
        known = self._known.get(agent)
        if known is None or known[0] != size:
            rows = tail(path, LINES)
            acts = [found for row in rows if (found := act(agent, row)) is not None]
            known = self._known[agent] = (size, told(rows), acts[-ACTS:])
        return known[1], known[2]


def told(rows: Sequence[Mapping[str, Any]]) -> Mapping[int, str]:
    """Return what the lines of an agent's log say it did, by tick."""
    found: dict[int, str] = {}
    for row in rows:
        tick, word = row.get("tick"), _word(row)
        if isinstance(tick, int) and word and WEIGHT[word] >= WEIGHT.get(found.get(tick, ""), -1):
            found[tick] = word
    return found


def _word(row: Mapping[str, Any]) -> str:
    match row.get("event"):
        case "turn":
            return "rested" if row.get("action") == "nothing" else "ran"
        case "failed" | "at work" as word:
            return str(word)
        case _:
            return ""


def _line(row: Mapping[str, Any]) -> str:
    at = str(row.get("at", ""))[:19].replace("T", " ")
    rest = {k: v for k, v in row.items() if k not in ("at", "event", "text")}
    facts = " ".join(
        f"{k}={v if isinstance(v, str) else msgspec.json.encode(v).decode()}"
        for k, v in rest.items()
    )
    return " ".join(
        p for p in (at, str(row.get("event", "")), facts, str(row.get("text", ""))) if p
    )
