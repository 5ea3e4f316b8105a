"""Examining a home: resumes, outboxes, credits and logs, without running anything."""

import os
from collections.abc import Mapping
from pathlib import Path

from samovar.core.errors import SetupError
from samovar.core.text import joined
from samovar.org import bookmark, credits
from samovar.org.outbox import Named, named, outbox_of, read, twins
from samovar.org.problem import Problem, near
from samovar.org.resume import PEOPLE
from samovar.org.roster import Roster, template
from samovar.org.seams import JobState, NoCredit
from samovar.org.standing import damage

MOST = 200
"""Problems reported of one outbox; how many more there are is said."""


def examine(home: Path, roster: Roster) -> list[Problem]:
    """Return everything that is wrong in the files of a home."""
    found = list(roster.problems)
    if not roster.resumes and not roster.broken:
        fix = f"make a team: samovar bootstrap {home}"
        found.append(Problem(file="agents", wrong="holds no agent", fix=fix))
    found += [*amiss(home), *template(home), *_budgets_of_nobody(home, roster)]
    for name in sorted(roster.resumes.keys() | roster.broken):
        found += bookmark.damage(home, name)
        found += _outbox(home, name)
    return found + _outbox(home, PEOPLE)


def amiss(home: Path) -> list[Problem]:
    """Return what is wrong with the files that are nobody's own: prices and the tick."""
    return [*prices(home)[1], *damage(home)]


def adrift(counts: Mapping[str, Mapping[JobState, int]], roster: Roster) -> list[Problem]:
    """Return a warning for each agent that has tasks to do and is not here: removed, or renamed."""
    known = roster.resumes.keys() | roster.broken
    found: list[Problem] = []
    for name in sorted(counts.keys() - known):
        count = counts[name].get("ready", 0) + counts[name].get("waiting", 0)
        wrong = f"is not here, and tasks wait for it: {count}"
        fix = f"samovar queue list --agent {name}; samovar queue move ID AGENT, or queue cancel ID"
        problem = Problem(file=f"agents/{name}", wrong=wrong, fix=fix, weight="warning", agent=name)
        found += [problem] if count else []
    return found


def prices(home: Path) -> tuple[credits.Prices, list[Problem]]:
    """Return what credits.json says; a missing one says nothing, and nothing is wrong with that."""
    try:
        data = (home / credits.FILE).read_bytes()
    except FileNotFoundError:
        return credits.Prices(), []
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
        return credits.Prices(), [Problem(file=credits.FILE, wrong=wrong, fix="mend its rights")]
    return credits.read(data)


class Pricing:
    """The prices of a home; while credits.json is broken, the last good ones hold."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._good: credits.Prices | None = None

    def __call__(self) -> credits.Prices:
        """Return what credits.json says now, or said last.

        Raises NoCredit where it is broken and nothing good was read yet: what it would limit is
        not known, so nobody spends.
        """
        found, said = prices(self.home)
        wrong = [problem for problem in said if problem.weight == "error"]
        if not wrong:
            self._good = found
        if self._good is None:
            raise NoCredit(f"{wrong[0].line}; until then nobody spends")
        return self._good


def _budgets_of_nobody(home: Path, roster: Roster) -> list[Problem]:
    known = roster.resumes.keys() | roster.broken
    return [
        Problem(
            file=credits.FILE,
            field=name,
            wrong="is no agent here, so this limits nobody",
            fix=near(name, known),
            weight="warning",
        )
        for name in sorted(prices(home)[0].budgets.keys() - known - {credits.EVERY})
    ]


def _outbox(home: Path, owner: str) -> list[Problem]:
    box = outbox_of(home, owner)
    if box.is_symlink():
        return [_refused(home, box, owner, "is a symbolic link", "make it a folder")]
    try:
        files = sorted(os.listdir(box))
    except OSError:
        return []
    found: list[Problem] = []
    good: list[Named] = []
    for file in files:
        name = named(file)
        if name is None:
            if not file.startswith("."):
                wrong = "is not named as an entry is and is not read"
                found.append(_refused(home, box / file, owner, wrong, "remove it"))
            continue
        try:
            read(box, owner, name)
            good.append(name)
        except SetupError as error:
            wrong = str(error).partition(": ")[2] or str(error)
            found.append(_refused(home, box / file, owner, wrong, "remove it, or restore it"))
    wrong = "has the number of another entry, so neither is read"
    for name in twins(good):
        found.append(_refused(home, box / name.file, owner, wrong, "remove one of the two"))
    if (more := len(found) - MOST) > 0:
        wrong, fix = f"holds {more} more that are refused", "mend those above, then look again"
        found[MOST:] = [_refused(home, box, owner, wrong, fix)]
    return found


def _refused(home: Path, path: Path, owner: str, wrong: str, fix: str) -> Problem:
    place = joined(path.relative_to(home).as_posix())
    agent = "" if owner == PEOPLE else owner
    return Problem(file=place, wrong=wrong, fix=fix, weight="warning", agent=agent)
