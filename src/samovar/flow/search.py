"""Search: try small edits of the code at hand, judged by how many tests are red then."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import chain, islice
from operator import eq

from samovar.core.event import Wrote
from samovar.core.seams import text_of
from samovar.core.state import Attempt, State
from samovar.core.task import Candidate, Edit, Probe, Target, lines
from samovar.flow import clones
from samovar.flow.grafts import Donors, expected, grafts, shown
from samovar.flow.kit import Kit
from samovar.flow.localise import own_names, quoted
from samovar.flow.nearby import nearby
from samovar.flow.pieces import ends, parts, pieces
from samovar.flow.probes import count, failing, pass_to_pass, probe
from samovar.flow.source import module_of
from samovar.flow.variant import Variant
from samovar.flow.variants import variants
from samovar.flow.work import Files, changed_by, finished, standing

MOST = 10_000
"""Edits tried of one version."""
WATCHING = 0.2
"""Of a search's time: how much goes at most into finding which green tests are quick."""
LESS = 10.0
"""Seconds in which what was found is tried without each of its parts."""
TRACED = 30
"""Red tests that say which lines matter."""
QUICK = 3.0
"""Seconds in which the tests beside what is to become green must be through."""
MORE = 3.0
"""Seconds in which versions are looked for that satisfy as many of the task's examples."""
GRAFTED = 1.5
"""What edits that draw on the tests cost more where the code was there before the task."""
BRIEF = 0.2
"""Seconds that one of the calls may take by which they are compared."""
ALIKE = 12
"""Versions of which the one is taken that changes least beside."""
FEW = 5
"""Tests of a file that is not quick as a whole; those that an edit broke come first."""
BATCH = 1_000, 40_000_000
"""Versions, and characters of them, that go into the sandbox together, at most."""
PLACES = 12
"""Functions whose edits are tried."""
STEP = 0.3
"""What the edits of a place cost more than those of the place before it."""


@dataclass
class Hill:
    """One version on the way of a climb."""

    files: Mapping[str, str]
    red: int
    """Tests it leaves red."""
    depth: int = 0
    """Edits that led here."""
    tried: int = 0
    """How many of its own edits were tried."""
    versions: Iterator[dict[str, str]] | None = None
    """Those not tried yet, the likeliest first; None before they are made."""
    over: bool = False
    """Whether none is left."""


async def search(kit: Kit, state: State, target: int, parent: int | None, skip: int) -> Wrote:
    """Climb from the base, or from a candidate, by edits that each leave fewer tests red.

    The result is a candidate like any other: it is judged by all checks before it counts.
    """
    began = time.monotonic()
    attempt = next((a for a in state.attempts if a.candidate.id == parent), None)
    climb = Climb(kit, state, target, attempt, skip)
    top, tried = await climb.up()
    moved = top.red < climb.start.red
    edits = _as_edits(top.files, climb.before) if moved else ()
    return Wrote(
        candidate=Candidate(
            id=len(state.attempts),
            step=len(state.chosen),
            origin="search",
            edits=edits,
            complaint="" if edits else f"None of {tried} small edits helps.",
            target=target,
            parent=parent,
        ),
        calls=0,
        seconds=time.monotonic() - began,
        tried=climb.start.tried,
    )


class Climb:
    """The edits of one candidate, or of the code as it was, and the tests they are to mend."""

    def __init__(
        self, kit: Kit, state: State, target: int, attempt: Attempt | None, skip: int
    ) -> None:
        step = state.step
        assert step is not None, "a search belongs to a step"
        self.kit = kit
        self.state = state
        self.attempt = attempt
        self.before = Files(kit.tree, finished(state, kit.tree))
        stands = attempt or standing(state)
        self.failing = failing(state, stands)
        self.places = [step.targets[target]] if attempt else list(step.targets[:PLACES])
        self.probe = probe(state, stands)
        green = pass_to_pass(state, kit.tree, stands, self.places[0])
        self.green = () if "beside" in state.task.off else green
        self.start = Hill(
            changed_by(state, kit.tree, attempt.candidate if attempt else None),
            count(state, stands),
            tried=skip,
        )
        self.donors = self.collected()
        self.tried = 0
        self.known: dict[str, str] = {}
        """What calls near those of the examples give, where no test stands beside these."""

    async def up(self) -> tuple[Hill, int]:
        """Return the best version, and how many were tried.

        A wrong turn is likeliest where least was known: the earliest version that has edits left
        is asked in turn for one that does better than all, and the climb goes on from it where no
        edit of the latest one helps any more.
        """
        end = time.monotonic() + self.kit.search_seconds
        await self.watch(time.monotonic() + WATCHING * self.kit.search_seconds)
        await self._look_round()
        best = latest = self.start
        behind: list[Hill] = []
        while best.red and time.monotonic() < end:
            below, found = latest, await self.better(latest, latest.red, end)
            if found is None and latest.over:
                if not behind:
                    break
                latest = behind.pop(0)
                continue
            if found is None and behind:
                below, found = behind[0], await self.better(behind[0], best.red, end)
            if found is None:
                continue
            found, *others = await self._mildest(found, below, end)
            behind = sorted([*behind, latest, *others], key=lambda h: h.depth)
            latest, best = found, min(best, found, key=lambda h: h.red)
            self.kit.live("step", f"{self.tried} small edits tried, {best.red} tests still red")
            if "climb" in self.state.task.off:
                break
        best = best if best.red else await self._spread(await self._pruned(best))
        return best, self.tried

    async def _look_round(self) -> None:
        """See what calls near those of the examples give before any edit."""
        path = self.places[0].path
        near = nearby(Files(self.kit.tree, self.start.files)[path], self.donors.calls)
        if near and not self.probe.tests:
            calls = [f"{module_of(path)}:{call}" for call in near]
            [results] = await self._results([self.start.files], calls)
            pairs = zip(calls, results, strict=True)
            self.known = {call: result for call, result in pairs if result[:1] != "!"}

    async def _mildest(self, found: Hill, hill: Hill, end: float) -> list[Hill]:
        """Return versions that do as well, first that which changes least beside, then others.

        Where tests that were green stand beside, these have said so already.
        """
        alike, end = [found], min(end, time.monotonic() + MORE)
        while self.known and len(alike) < ALIKE and time.monotonic() < end:
            other = await self.better(hill, found.red + 1, end)
            if other is None:
                break
            alike.append(other)
        if len(alike) == 1:
            return alike
        after = await self._results([h.files for h in alike], list(self.known))
        kept = [sum(map(eq, self.known.values(), results)) for results in after]
        order = sorted(range(len(alike)), key=lambda n: (alike[n].red, -kept[n]))
        return [alike[n] for n in order]

    async def _results(
        self, versions: Sequence[Mapping[str, str]], calls: Sequence[str]
    ) -> list[tuple[str, ...]]:
        """Return what calls of each version give; `!` for what fails or takes too long."""
        _, seen = await self.kit.checks.behaviours(versions, calls, seconds=BRIEF, total=MORE)
        return seen

    async def _pruned(self, top: Hill) -> Hill:
        """Return a version that mends all without the steps it does not need.

        On the way up an edit may have pleased a test by accident: what is green without it goes.
        """
        below, end = Files(self.kit.tree, self.start.files), time.monotonic() + LESS
        for path, text in top.files.items():
            for first, last, before in pieces(below[path], text):
                rows = lines(top.files[path])
                smaller = "".join([*rows[:first], *before, *rows[last:]])
                top = await self._smaller(top, path, [smaller], end) or top
            while less := await self._smaller(top, path, parts(below[path], top.files[path]), end):
                top = less
        return top

    async def _smaller(self, top: Hill, path: str, texts: Sequence[str], end: float) -> Hill | None:
        """Return the version with one of these texts that mends all as well, if there is one."""
        left = end - time.monotonic()
        if not texts or left <= 0:
            return None
        versions, seconds = [{path: text} for text in texts], _seconds(self.state)
        tried = await self.kit.checks.trials(
            versions, self.probe, top.files, seconds=seconds, total=left
        )
        if tried.index is None:
            return None
        return replace(top, files={**top.files, **versions[tried.index]})

    async def _spread(self, top: Hill) -> Hill:
        """Return the version that mends the copies of a function, too, where it does as well."""
        below, end = Files(self.kit.tree, self.start.files), time.monotonic() + LESS
        for path, text in top.files.items():
            if more := clones.mended(path, below[path], text, self.state.task.text):
                top = await self._smaller(top, path, [more], end) or top
        return top

    async def watch(self, end: float) -> None:
        """Add the tests that are green, and quick, in a trial that changes nothing."""
        if not self.probe.tests:
            # What makes the checks red may be nothing that a trial sees: then there is no way up.
            found = await self.unchanged(())
            self.start.red = self.start.red if found is None else found
        files = dict.fromkeys(t.split("::")[0] for t in self.green)
        apart = [tuple(t for t in self.green if t.split("::")[0] == f) for f in files]
        few = [tests[:FEW] for tests in apart]
        watched: tuple[str, ...] = ()
        for tests in dict.fromkeys([self.green, *apart, *few]):
            if not tests or set(tests) & set(watched) or time.monotonic() > end:
                continue
            if await self.unchanged((*watched, *tests)) is not None:
                watched += tests
        self.probe = Probe((*self.probe.tests, *watched), self.probe.scripts)

    async def unchanged(self, tests: tuple[str, ...]) -> int | None:
        """Return how many scripts are red before any edit; None where a test is red after them."""
        path = self.places[0].path
        same = [{path: Files(self.kit.tree, self.start.files)[path]}]
        found = await self.kit.checks.trials(
            same,
            Probe(tests, self.probe.scripts),
            self.start.files,
            bar=len(self.probe.scripts) + 1,
            seconds=QUICK,
        )
        return None if found.index is None else found.red

    async def better(self, hill: Hill, bar: int, end: float) -> Hill | None:
        """Return one of the next versions one edit away that leaves fewer than `bar` red."""
        if hill.versions is None:
            made = await self.versions(hill)
            hill.versions = islice(made, hill.tried, hill.tried + MOST)
        batch = _batch(hill.versions)
        hill.over = not batch
        if hill.over:
            return None
        self.kit.live("step", f"trying small edits, {self.tried} so far")
        found = await self.kit.checks.trials(
            batch,
            self.probe,
            hill.files,
            bar=bar,
            seconds=_seconds(self.state),
            total=max(0.1, end - time.monotonic()),
        )
        hill.tried += found.tried
        self.tried += found.tried
        if found.index is None:
            return None
        files = {**hill.files, **batch[found.index]}
        hill.versions = chain(batch[found.index + 1 :], hill.versions)
        return Hill(files, found.red, hill.depth + 1)

    async def versions(self, hill: Hill) -> Iterator[dict[str, str]]:
        """Return the versions one edit away, the likeliest first."""
        files = Files(self.kit.tree, hill.files)
        traced = "trace" not in self.state.task.off and hill is self.start
        red = Probe(self.failing[:TRACED], self.probe.scripts)
        reached = await self.kit.checks.reach(red, hill.files) if traced else {}
        return ({path: v.apply(files[path])} for path, v in self.edits(files, reached))

    def edits(
        self, files: Files, reached: Mapping[str, Mapping[int, int]]
    ) -> Iterator[tuple[str, Variant]]:
        """Yield the edits of all places; a lower place costs a little more."""
        streams = []
        for rank, place in enumerate(self.places):
            text = files[place.path]
            last = self.last(place, files)
            seen = reached.get(place.path, {})
            made = [variants(text, place.first, last, seen, self.donors.names)]
            if "grafts" not in self.state.task.off:
                made.append(grafts(text, place.first, last, self.donors, seen))
            # Code that mostly works wants a smaller change than an answer that is new.
            more = (0.0, 0.0 if self.attempt else GRAFTED)
            streams += [
                _costly(stream, STEP * rank + cost, place.path)
                for stream, cost in zip(made, more, strict=False)
            ]
        given = set()
        for _, path, variant in merge(*streams, key=lambda f: f[0]):
            key = (path, variant.start, variant.end, variant.text)
            if key not in given:
                given.add(key)
                yield path, variant

    def last(self, place: Target, files: Files) -> int | None:
        """Return where a place ends now that candidates have changed it."""
        if place.last is None:
            return None
        grown = len(lines(files[place.path])) - len(lines(self.before[place.path]))
        return max(place.last, place.last + grown)

    def collected(self) -> Donors:
        """Return what failing tests, examples and the other candidates have to give."""
        names: dict[str, list[str]] = {}
        for test in self.failing:
            path, *inner = test.split("::")
            names.setdefault(path, []).append(inner[-1].split("[")[0] if inner else "")
        files = list(names.items())[:3]
        told = [expected(text_of(self.kit.tree, path), wanted) for path, wanted in files]
        code = [*quoted(self.state.task.text), *self.probe.scripts]
        spoken = Donors(names=frozenset(own_names("\n".join(code))))
        donors = sum([*told, *map(shown, self.probe.scripts)], spoken)
        if "guards" in self.state.task.off:
            donors = replace(donors, calls=())
        if self.attempt is None:
            return donors
        path = self.attempt.candidate.edits[0].path
        others = [
            text
            for other in self.state.trials
            if other is not self.attempt and other.candidate.edits
            if (text := changed_by(self.state, self.kit.tree, other.candidate).get(path))
        ]
        return replace(donors, others=tuple(dict.fromkeys(others)))


def _costly(
    made: Iterator[Variant], more: float, path: str
) -> Iterator[tuple[float, str, Variant]]:
    return ((v.cost + more, path, v) for v in made)


def _batch(versions: Iterator[dict[str, str]]) -> list[dict[str, str]]:
    """Take the next versions, as many as go into the sandbox together."""
    taken, size = [], 0
    for version in versions:
        taken.append(version)
        size += sum(map(len, version.values()))
        if len(taken) >= BATCH[0] or size >= BATCH[1]:
            break
    return taken


def _as_edits(version: Mapping[str, str], before: Files) -> tuple[Edit, ...]:
    """Return the version as edits of the lines that differ from where the step began."""
    return tuple(
        difference(path, before[path], text)
        for path, text in version.items()
        if text != before[path]
    )


def difference(path: str, old: str, new: str) -> Edit:
    """Return the one edit, from the first to the last differing line, that turns old into new."""
    a, b = lines(old), lines(new)
    head, tail = ends(a, b)
    return Edit(path, "".join(b[head : len(b) - tail]), head + 1, len(a) - tail)


def _seconds(state: State) -> float:
    """Return how long one trial may take: what the checks took, with room, at most 10 s."""
    checks = state.surveyed.verdict.checks if state.surveyed else ()
    slow = max((c.seconds for c in checks if not c.failing), default=0.0)
    return min(10.0, max(3.0, 1.5 * slow))
