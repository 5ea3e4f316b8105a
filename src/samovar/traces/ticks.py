"""The agents' logs to spans: each tick, and in it the turn of each agent that had one."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from samovar.traces.span import Facts, Span, before


class Line(Struct, frozen=True, kw_only=True):
    """A line of an agent's log, as far as traces go."""

    at: datetime
    event: str
    tick: int = 0
    action: str = ""
    text: str = ""
    seconds: float = 0.0
    """How long the turn took, where the log says it."""


class Turned(Struct, frozen=True):
    """A line, and whose it is."""

    agent: str
    line: Line


def ticked(home: str, tick: int, turns: Sequence[Turned], since: datetime | None) -> list[Span]:
    """Return the spans of a tick; turns follow one another, the first one no sooner than `since`.

    Where the log does not say how long a turn took, it took all the time since the one before.
    """
    lines = sorted(turns, key=lambda t: t.line.at)
    if not lines:
        return []
    trace, found = f"tick {home} {tick}", []
    end = min(since or lines[0].line.at, lines[0].line.at)
    first: datetime | None = None
    for turn in lines:
        line = turn.line
        begin = before(line.at, line.seconds) if line.seconds else min(end, line.at)
        first = min(first or begin, begin)
        failed = line.event == "failed"
        facts: Facts = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": turn.agent,
            "samovar.tick": tick,
            "samovar.action": line.action or line.event,
        }
        made = Span(
            trace=trace,
            key=f"{turn.agent} {line.at.isoformat()}",
            parent="tick",
            name=f"invoke_agent {turn.agent}",
            begin=begin,
            end=line.at,
            facts=facts,
            error=line.text[:200] if failed else "",
        )
        found.append(made)
        end = line.at
    whole: Facts = {"samovar.tick": tick, "samovar.turns": len(lines)}
    begin = first or end
    return [
        *found,
        Span(trace=trace, key="tick", name="samovar.tick", begin=begin, end=end, facts=whole),
    ]
