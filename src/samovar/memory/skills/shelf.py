"""The skills of a home: each version a folder with its source and where it comes from."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE, SetupError, ToolError
from samovar.core.log import now, sync, write
from samovar.memory.skills.signature import LARGEST, Signature, fit_name, signature

OWNER = "owner"
"""Whose a skill is that a person edited and accepted; no agent is called so."""


class Skill(Struct, frozen=True, kw_only=True):
    """One version of a skill: `meta.json` beside its `skill.py`."""

    name: str
    function: str
    version: int
    sha256: str
    """Of the source, as its tests passed."""
    at: datetime
    agent: str
    """Who promoted it; no other agent may replace it. What a person accepted is the owner's."""
    origin: str = ""
    """The run it was made in."""
    file: str = ""


class _State(Struct, frozen=True, omit_defaults=True):
    version: int = 0
    """The version in use; 0 takes the latest."""
    enabled: bool = True


class Kept(Struct, frozen=True):
    """A skill as it stands on the shelf."""

    skill: Skill
    enabled: bool
    versions: tuple[int, ...]
    source: bytes
    fault: str = ""
    """Why it is not offered although it is enabled; empty when it is."""


class Shelf:
    """A folder of skills, `NAME/vN/{skill.py,meta.json}`; people may read and edit all of it."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = now) -> None:
        self.folder = folder
        self.clock = clock

    def all(self) -> Iterator[Kept]:
        """Yield every skill that can be read, in the order of their names."""
        return (each for each in self._each() if isinstance(each, Kept))

    def damaged(self) -> Iterator[str]:
        """Yield, for each skill that cannot be read, what is wrong and what to do."""
        return (str(each) for each in self._each() if isinstance(each, SetupError))

    def read(self, name: str) -> Kept:
        """Return a skill. Raises SetupError when there is none, or nothing of it can be read."""
        versions = self._versions(name)
        if not versions:
            known = ", ".join(k.skill.name for k in self.all()) or "none"
            raise SetupError(f"there is no skill {name!r}; there are: {known}")
        state = self._state(name)
        version = state.version if state.version in versions else versions[-1]
        skill, source, fault = self._version(name, version)
        return Kept(skill, state.enabled, versions, source, fault)

    def add(self, name: str, source: bytes, function: str, facts: Mapping[str, str]) -> Skill:
        """Keep a new version and put it to use, unless a person disabled the skill.

        `facts` are agent, origin and file. Raises ToolError when the name belongs to somebody else.
        """
        agent = facts.get("agent", "")
        self.claim(name, agent)
        fresh = self.folder / name / f".new-{secrets.token_hex(4)}"
        try:
            fresh.mkdir(parents=True)
            skill = self._settle(name, source, function, fresh, facts)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            raise SetupError(f"cannot write {fresh.parent}: {error.strerror}") from error
        self._put(name, _State(skill.version, self._state(name).enabled))
        return skill

    def claim(self, name: str, agent: str) -> None:
        """Raise ToolError unless an agent may write a skill of that name."""
        fit_name(name)
        if agent.casefold() == OWNER:
            raise ToolError(f"an agent called {agent} can keep no skill: rename the agent")
        versions = self._versions(name)
        maker = self._version(name, versions[-1])[0].agent if versions else agent
        if agent != maker:
            raise ToolError(f"the skill {name} belongs to {maker}: choose another name")

    def enable(self, name: str, wanted: bool) -> Kept:
        """Put a skill to use, or out of use."""
        kept = self.read(name)
        self._put(name, _State(kept.skill.version, wanted))
        return self.read(name)

    def roll_back(self, name: str, version: int = 0) -> Kept:
        """Put an earlier version to use: the one before, or the one that is named."""
        kept = self.read(name)
        earlier = [v for v in kept.versions if v < kept.skill.version]
        target = version or (earlier[-1] if earlier else 0)
        if target not in kept.versions:
            known = ", ".join(map(str, kept.versions))
            raise SetupError(f"the skill {name} has no version to go back to; it has: {known}")
        self._put(name, _State(target, kept.enabled))
        return self.read(name)

    def accept(self, name: str, source: bytes) -> Skill:
        """Count a source, edited by hand, as tested: exactly the one its tests passed with."""
        skill = msgspec.structs.replace(self.read(name).skill, sha256=digest(source), agent=OWNER)
        self._write(self._place(name, skill.version), skill)
        return skill

    def _each(self) -> Iterator[Kept | SetupError]:
        try:
            names = sorted(row.name for row in self.folder.iterdir() if row.is_dir())
        except FileNotFoundError:
            return
        except OSError as error:
            yield SetupError(f"{self.folder} cannot be read: {error.strerror}")
            return
        for name in names:
            if self._versions(name):
                try:
                    yield self.read(name)
                except SetupError as error:
                    yield error

    def _settle(
        self, name: str, source: bytes, function: str, fresh: Path, facts: Mapping[str, str]
    ) -> Skill:
        """Give a new version's folder the next free number; two at once get two numbers."""
        write(fresh / "skill.py", source)
        while True:
            number = max(self._versions(name), default=0) + 1
            skill = Skill(
                name=name,
                function=function,
                version=number,
                sha256=digest(source),
                at=self.clock(),
                **facts,
            )
            self._write(fresh, skill)
            try:
                os.rename(fresh, self._place(name, number))
            except OSError:
                if not self._place(name, number).exists():
                    raise
                continue  # somebody was quicker
            sync(self.folder / name)
            return skill

    def _write(self, folder: Path, skill: Skill) -> None:
        write(folder / "meta.json", msgspec.json.format(msgspec.json.encode(skill)) + b"\n")

    def _version(self, name: str, version: int) -> tuple[Skill, bytes, str]:
        place = self._place(name, version)
        try:
            skill = msgspec.json.decode((place / "meta.json").read_bytes(), type=Skill)
            with open(place / "skill.py", "rb") as handle:
                source = handle.read(LARGEST + 1)
        except (OSError, *UNREADABLE) as error:
            raise SetupError(f"{place} is damaged: {error}; restore or delete it") from error
        if digest(source) != skill.sha256:
            return skill, source, f"edited since its tests passed: samovar skills test {name}"
        return skill, source, ""

    def _versions(self, name: str) -> tuple[int, ...]:
        if "/" in name or name.startswith("."):
            return ()
        found = (p.name[1:] for p in (self.folder / name).glob("v*") if p.is_dir())
        return tuple(sorted(int(v) for v in found if v.isdecimal()))

    def _place(self, name: str, version: int) -> Path:
        return self.folder / name / f"v{version}"

    def _state(self, name: str) -> _State:
        path = self.folder / name / "state.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=_State)
        except FileNotFoundError:
            return _State()
        except (OSError, *UNREADABLE) as error:
            raise SetupError(f"{path} is damaged: {error}; delete it") from error

    def _put(self, name: str, state: _State) -> None:
        write(self.folder / name / "state.json", msgspec.json.encode(state) + b"\n")


def digest(source: bytes) -> str:
    """Return the SHA-256 of a skill's source."""
    return hashlib.sha256(source).hexdigest()


def understood(kept: Kept) -> Signature:
    """Return what a skill takes and returns. Raises ToolError when its source cannot be offered."""
    return signature(kept.source, kept.skill.function)
