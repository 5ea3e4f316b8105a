"""What the logs of real runs tell: `python -m samovar.bench.logs LOG...`.

The share of the time that neither the model nor a check took, and the share of the prompt's tokens
that came from the server's prefix cache once it had read one prompt of the run.
"""

import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from samovar.core.event import Chose, Documented, Entry, Judged, Planned, Surveyed, Wrote
from samovar.core.log import read
from samovar.core.message import Usage


def share(entries: Sequence[Entry]) -> float:
    """Return the share of the time, from a run's first event to its last, that samovar itself took.

    A search over small edits counts as a check, and planning and choosing as the model's where they
    asked it. Checks that no log times, such as a trace before a question, count as samovar's. What
    the process does before the first event and after the last is not in it.
    """
    others = sum(_others(before, entry) for before, entry in pairwise(entries))
    whole = (entries[-1].at - entries[0].at).total_seconds()
    return max(0.0, 1 - others / whole) if whole else 0.0


def _others(before: Entry, entry: Entry) -> float:
    """Return the seconds that the model and the checks took of a step."""
    match entry.event:
        case Wrote(seconds=seconds) | Documented(seconds=seconds):
            return seconds
        case Judged(verdict=verdict) | Surveyed(verdict=verdict):
            return sum(check.seconds for check in verdict.checks)
        case Planned(calls=calls) | Chose(calls=calls) if calls:
            return (entry.at - before.at).total_seconds()
        case _:
            return 0.0


def later(entries: Sequence[Entry]) -> Usage:
    """Return the tokens of a run but for its first question to the model."""
    asked = [
        entry.event.usage
        for entry in entries
        if isinstance(entry.event, Planned | Wrote | Chose | Documented)
        and entry.event.usage.prompt
    ]
    return sum(asked[1:], Usage())


def row(name: str, own: Sequence[float], usage: Usage) -> str:
    """Return a line: samovar's share of the time, and the cache's of the later prompt tokens."""
    median = sorted(own)[len(own) // 2]
    cached = f"{usage.cached / usage.prompt:.1%} of {usage.prompt}" if usage.prompt else "of none"
    return f"{median:.1%} of the time, cached {cached} later prompt tokens: {name}"


def main(names: Sequence[str]) -> None:
    """Print a line for each log, and for all their median time and the sum of their tokens."""
    own: list[float] = []
    total = Usage()
    for name in names:
        entries = read(Path(name))
        own, usage = [*own, share(entries)], later(entries)
        total += usage
        sys.stdout.write(f"{row(name, own[-1:], usage)}\n")
    if own:
        sys.stdout.write(f"{row(f'all {len(own)}', own, total)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
