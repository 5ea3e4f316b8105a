"""Who is in a home: the resumes, what is wrong with them, and who may read whom."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from samovar.core.log import plain
from samovar.core.text import joined
from samovar.org.legs import reads
from samovar.org.problem import Problem
from samovar.org.resume import Absent, Resume
from samovar.org.validate import LARGEST, Known, check, check_team, doubled

TEMPLATE = "agent_template"
"""The folder new agents are copied from; nobody works there."""

Mark = tuple[int, int, int]
"""Time of change, size and number of a file: another one means another content."""
_COPY = "copy it to its place"
_FIXES = {errno.ELOOP: _COPY, errno.EINVAL: _COPY, errno.EFBIG: "shorten it"}


class Roster(Struct, frozen=True):
    """Every agent that can work; a broken resume takes out only its own agent."""

    resumes: Mapping[str, Resume] = {}
    problems: tuple[Problem, ...] = ()
    reads: Mapping[str, frozenset[str]] = {}
    """Whose outboxes each agent may read."""
    readers: Mapping[str, frozenset[str]] = {}
    """Who may read each agent's outbox."""
    broken: frozenset[str] = frozenset()
    """Folders whose resume holds an error."""
    barred: Mapping[str, Resume] = {}
    """Of these, the resumes that are whole and break the rule of two: shown, never used."""

    def able(self, agent: str) -> Resume:
        """Return the resume of an agent that can work. Raises Absent."""
        if agent not in self.resumes:
            wrong = "its resume is missing or broken (samovar validate)"
            raise Absent(f"{agent} cannot work: {wrong}")
        return self.resumes[agent]


class Folder:
    """The agents' folders of a home; a resume is read again only when it changed."""

    def __init__(self, home: Path, known: Known | None = None) -> None:
        self.home = home
        self.known = known or Known()
        self._seen: dict[str, tuple[Mark, Resume | None, list[Problem]]] = {}
        self._names: list[str] = []
        self._roster: Roster | None = None

    def read(self) -> Roster:
        """Return the roster as it is now; about 10 microseconds for an unchanged agent."""
        names, changed = self._folders(), False
        for name in names:
            changed |= self._look(name)
        gone = self._seen.keys() - set(names)
        for name in gone:
            del self._seen[name]
        if self._roster is None or changed or gone:
            self._roster = self._whole(names)
        return self._roster

    async def names(self) -> list[str]:
        """Return who is in the home now."""
        return sorted(self.read().resumes)

    def _folders(self) -> list[str]:
        try:
            with os.scandir(self.home / "agents") as found:
                # A name that is not UTF-8 is no agent's, but it is named in logs and answers.
                names = {joined(e.name) for e in found if e.is_dir() and e.name[:1] not in "._"}
                return sorted(names - {TEMPLATE})
        except OSError:
            return []

    def _look(self, name: str) -> bool:
        """Read a resume if it changed; return whether it did."""
        path = f"{self.home}/agents/{name}/resume.json"
        try:
            found = os.stat(path)
            mark = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            mark = (0, 0, 0)
        known = self._seen.get(name)
        if known is not None and known[0] == mark:
            return False
        self._seen[name] = (mark, *_read(path, name))
        return True

    def _whole(self, names: list[str]) -> Roster:
        problems = [p for n in names for p in self._seen[n][2]]
        team = {n: r for n in names if (r := self._seen[n][1]) is not None}
        for name, earlier in doubled(names).items():
            team.pop(name, None)
            problems.append(_twin(name, earlier))
        between = check_team(team, self.known)
        wrong = {p.agent for p in between if p.weight == "error"}
        barred = {n: team.pop(n) for n in sorted(wrong)}
        return replace(linked(team, (*problems, *between)), barred=barred)


def linked(team: Mapping[str, Resume], problems: tuple[Problem, ...]) -> Roster:
    """Return the roster of some agents: who may read whom among them."""
    seen = {name: reads(resume, team) for name, resume in team.items()}
    readers: dict[str, set[str]] = {name: set() for name in team}
    for reader, writers in seen.items():
        for writer in writers:
            readers[writer].add(reader)
    broken = frozenset(p.agent for p in problems if p.weight == "error")
    backwards = {name: frozenset(found) for name, found in readers.items()}
    return Roster(team, problems, seen, backwards, broken)


def template(home: Path) -> list[Problem]:
    """Return what keeps a home's template from making agents; a missing one is no loss."""
    path = home / "agents" / TEMPLATE / "resume.json"
    found = _read(str(path), TEMPLATE)[1] if path.exists() else []
    fix = "mend it, or remove it to use ours"
    return [replace(p, weight="warning", fix=fix, agent="") for p in found if p.weight == "error"]


def _only_remembers(folder: Path) -> bool:
    """Return whether a folder holds notes alone: those of `samovar chat`, or of nobody yet."""
    try:
        return {entry.name for entry in folder.iterdir()} == {"memory"}
    except OSError:
        return False


def _read(path: str, name: str) -> tuple[Resume | None, list[Problem]]:
    file = f"agents/{name}/resume.json"
    try:
        if os.path.islink(os.path.dirname(path)):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        # A snapshot of hard links, as backups make them, must not bar a team.
        data = plain(path, LARGEST, shared=True)
    except FileNotFoundError:
        if _only_remembers(Path(path).parent):
            return None, []
        fix = f"make one: samovar agent new {name}, or remove the folder"
        return None, [Problem(file=file, wrong="is missing", fix=fix, agent=name)]
    except OSError as error:
        fix = _FIXES.get(error.errno or 0, "mend its rights")
        wrong = f"cannot be read: {error.strerror}"
        return None, [Problem(file=file, wrong=wrong, fix=fix, agent=name)]
    resume, problems = check(data, name)
    return resume, [replace(p, agent=name) for p in problems]


def _twin(name: str, earlier: str) -> Problem:
    return Problem(
        file=f"agents/{name}/resume.json",
        field="name",
        wrong=f'is the same as that of "{earlier}" but for upper and lower case',
        fix="rename one of the two folders and its name",
        agent=name,
    )
