"""What the logs of real runs tell: `python -m samovar.bench.logs LOG...`.

The share of the time that neither the model nor a check took, and the share of the prompt's tokens
that came from the server's prefix cache: of all questions but a run's first, and of the questions
that another candidate of the same step was asked before. Last, which ways of making a candidate
made how many, and how many of those were committed.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from samovar.core.event import Chose, Documented, Entry, Judged, Planned, Surveyed, Wrote
from samovar.core.log import read
from samovar.core.message import Usage
from samovar.core.task import Verdict


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


def shared(entries: Sequence[Entry]) -> Usage:
    """Return the tokens of candidates whose whole prompt an earlier one of their step had, too."""
    seen: set[tuple[int, str]] = set()
    found = Usage()
    for wrote in (e.event for e in entries if isinstance(e.event, Wrote)):
        if not wrote.usage.prompt:
            continue
        key = (wrote.candidate.step, wrote.prompt)
        found += wrote.usage if key in seen else Usage()
        seen.add(key)
    return found


def ways(entries: Sequence[Entry]) -> tuple[Counter[str], Counter[str]]:
    """Return how many candidates came by each way, and by which way those came that were chosen.

    A way is `search`, or that of the model's question: `fresh`, `hint`, `repair` or `anew`.
    """
    made: dict[tuple[int, int | None], str] = {}
    chosen = Counter[str]()
    for event in (e.event for e in entries):
        match event:
            case Wrote(candidate=one):
                made[one.step, one.id] = one.way if one.origin == "model" else one.origin
            case Chose(step=step, candidate=number, verdict=Verdict(passed=True)):
                chosen[made.get((step, number), "nobody")] += 1
            case _:
                continue
    return Counter(made.values()), chosen


def row(name: str, own: Sequence[float], after: Usage, same: Usage) -> str:
    """Return a line: samovar's share of the time, and the cache's of two kinds of tokens."""
    median = sorted(own)[len(own) // 2]
    parts = f"cached {_cached(after)} later and {_cached(same)} shared prompt tokens"
    return f"{median:.1%} of the time, {parts}: {name}"


def _cached(usage: Usage) -> str:
    return f"{usage.cached / usage.prompt:.1%} of {usage.prompt}" if usage.prompt else "none of 0"


def main(names: Sequence[str]) -> None:
    """Print a line for each log, and for all their median time and the sum of their tokens."""
    own: list[float] = []
    after = same = Usage()
    made, chosen = Counter[str](), Counter[str]()
    for name in names:
        entries = read(Path(name))
        own.append(share(entries))
        found = later(entries), shared(entries)
        after, same = after + found[0], same + found[1]
        every, taken = ways(entries)
        made, chosen = made + every, chosen + taken
        sys.stdout.write(f"{row(name, own[-1:], *found)}\n")
    if own:
        sys.stdout.write(f"{row(f'all {len(own)}', own, after, same)}\n")
    for way, number in made.most_common():
        sys.stdout.write(f"{way}: {number} made, {chosen[way]} committed\n")


if __name__ == "__main__":
    main(sys.argv[1:])
