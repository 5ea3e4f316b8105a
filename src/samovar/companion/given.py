"""What a person hands an agent beside the repository: copied into its draft, never committed."""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from samovar.companion.clone import clone
from samovar.core.errors import UNREADABLE, SetupError, ToolError
from samovar.core.log import write
from samovar.core.text import file_names
from samovar.core.way import owner
from samovar.tools import beneath, ignore
from samovar.tools.workspace import Workspace, megabytes

_LIST = "given.json"
"""File of a run's folder with the paths of what was handed over."""
_NAMED = 5
"""Files a line names."""


class Gift(Struct, frozen=True):
    """One file to be handed over."""

    source: Path
    path: str
    """Its path in the draft."""
    size: int
    """Bytes."""


def gifts(named: Sequence[Path], work: Path | None, known: Collection[str]) -> tuple[Gift, ...]:
    """Return the files at and below what a person names, but for those the last commit has.

    Within `work`, the person's working tree, a file keeps its path; what is named elsewhere has its
    own name at the top. Links below a folder are left out. Raises SetupError for what is not there,
    is no agent's to see, has nothing to be handed over, or the name of something else.
    """
    found: dict[str, Gift] = {}
    for each in named:
        within, path = _path(each, work)
        fresh = [g for g in _below(each, path) if not (within and g.path in known)]
        if not fresh:
            what = f"all of {each} is in the last commit, as the agent sees it"
            raise SetupError(f"{what}: commit what you changed")
        for gift in fresh:
            first = str(found.setdefault(gift.path, gift).source)
            other = "a file of the last commit" if gift.path in known else first
            if other != str(gift.source):
                both = f"{other} and {gift.source}"
                raise SetupError(f"{both} would both be {gift.path}: rename one")
    return tuple(found.values())


def listed(given: Sequence[Gift]) -> str:
    """Return the first of some files and the size of all."""
    size = megabytes(sum(g.size for g in given))
    return f"{file_names([g.path for g in given], _NAMED)} ({size})"


def taken(folder: Path) -> frozenset[str]:
    """Return the paths of all that was handed over in a run. Raises SetupError for a bad list."""
    try:
        return frozenset(msgspec.json.decode((folder / _LIST).read_bytes(), type=list[str]))
    except FileNotFoundError:
        return frozenset()
    except (OSError, *UNREADABLE) as error:
        raise SetupError(f"{folder / _LIST}: {error}") from error


def hand_over(root: Path, given: Sequence[Gift]) -> None:
    """Copy files into the draft of a run; one that was handed over before is replaced.

    Raises SetupError for a file that the agent has already, or that cannot be copied: that one and
    those after it do not count as handed over.
    """
    there, place = taken(root.parent), Workspace(root)
    try:
        for gift in given:
            if gift.path not in there and place.exists(gift.path):
                raise SetupError(f"the agent has a {gift.path} already: give yours another name")
        # Before the files themselves: none is ever taken for one that the agent made.
        _listing(root.parent, there.union(g.path for g in given))
        try:
            for gift in given:
                _lay(root, gift)
                there |= {gift.path}
        finally:
            _listing(root.parent, there)
    except ToolError as error:
        raise SetupError(f"cannot hand it over: {error}") from error


def _listing(folder: Path, paths: frozenset[str]) -> None:
    write(folder / _LIST, msgspec.json.encode(sorted(paths)))


def _lay(root: Path, gift: Gift) -> None:
    half = root.with_name("given.half")
    try:
        with open(gift.source, "rb") as source:
            clone(source, half)
    except OSError as error:
        raise SetupError(f"cannot copy {gift.source}: {error.strerror}") from error
    with beneath.spot(root, gift.path, make=True) as place:
        os.rename(half, place.name, dst_dir_fd=place.folder)


def elsewhere(work: Path, path: str) -> str:
    """Return what to say of a path that a draft lacks; empty unless the person's folder has it."""
    try:
        with beneath.spot(work, path) as place:
            os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
            name = place.path
    except ToolError:
        return ""
    return (
        f"{name!r} is not in this copy of the last commit: samovar chat --with {name} hands it over"
    )


def _path(named: Path, work: Path | None) -> tuple[bool, PurePosixPath]:
    """Return whether what a person names lies within `work`, and its path in a draft."""
    whole = Path(os.path.abspath(named))
    for way in (whole, whole.resolve()):
        if work is not None and way.is_relative_to(work):
            return True, PurePosixPath(way.relative_to(work))
    return False, PurePosixPath(whole.name)


def _below(named: Path, path: PurePosixPath) -> Iterator[Gift]:
    owners = [who for who in map(owner, path.parts) if who]
    if owners:
        raise SetupError(f"{named} belongs to {owners[0]}, and no agent sees it")
    if named.is_file():
        yield Gift(named.absolute(), path.as_posix(), named.stat().st_size)
        return
    if not named.is_dir():
        raise SetupError(f"there is no file or folder {named}: name one that exists")
    rows = list(ignore.everything(named.absolute()))
    if len(rows) >= ignore.MOST:
        raise SetupError(f"{named} holds {ignore.MOST:,} files or more: name a part of it")
    for row in rows:
        if not row.link:
            yield Gift(named.absolute() / row.path, (path / row.path).as_posix(), row.size)
