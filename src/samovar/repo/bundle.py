"""Commits as one file (a git bundle), for machines that share no folder.

Both ways the work is done in a private git directory; of what arrives, exactly one branch is
taken, after git has checked every object, and never by force.
Source: git-bundle(1).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from samovar.core.errors import SetupError
from samovar.repo import git
from samovar.repo.command import OFFLINE, Private, must, run
from samovar.repo.git import Git

MAIN = "main"
"""The branch that stands for what is checked out at home."""
SETTINGS = frozenset({"user.name", "user.email", "remote.origin.url"})
"""What a copy takes over of a repository's configuration."""
_SECONDS = 600.0
_IN = (
    "-c",
    "protocol.allow=never",
    "-c",
    "protocol.file.allow=always",
    "-c",
    "fetch.fsckObjects=true",
)


async def make(repo: Git, file: Path, branches: Sequence[str], without: str = "") -> bool:
    """Write branches to a file; return whether there was any. Commits up to `without` are left out.

    `MAIN` is what is checked out. Raises SetupError.
    """
    private = Private(repo.place, {})
    env = private.env(keep=True)
    names: list[str] = []
    for branch in branches:
        tip = await repo.head() if branch == MAIN else await tip_of(repo, branch)
        if tip and tip != without:
            name = f"refs/heads/{branch}"
            must(await run(*OFFLINE, "update-ref", name, tip, env=env))
            names.append(name)
    if not names:
        return False
    left = [f"^{without}"] if without else []
    arguments = ("bundle", "create", "--quiet", str(file), *names, *left)
    must(await run(*OFFLINE, *arguments, env=env, seconds=_SECONDS))
    return True


async def told(repo: Git) -> dict[str, str]:
    """Return what a copy needs to know: its kind of hash, who commits, and where it is pushed."""
    asked = {"user.name": "user.name", "user.email": "user.email"}
    name = repo.remote()
    for key in (f"remote.{name}.url", f"remote.{name}.pushurl") if name else ():
        asked[key] = "remote.origin.url"
    found: dict[str, str] = {"hash": repo.place.hash}
    for key, meaning in asked.items():
        where = ("--git-dir", str(repo.place.git_dir), "config", "--get", key)
        if value := (await run(*OFFLINE, *where)).text:
            found[meaning] = value
    return found


async def unpack(file: Path | None, folder: Path, known: Mapping[str, str]) -> Git:
    """Make a bare repository of a bundle, or an empty one; `known` is what `told` said."""
    kind = f"--object-format={known.get('hash', 'sha1')}"
    must(await run("init", "--quiet", "--bare", kind, "--initial-branch", MAIN, str(folder)))
    where = ("--git-dir", str(folder))
    if file is not None:
        taking = ("fetch", "--quiet", "--no-tags", str(file), "refs/heads/*:refs/heads/*")
        must(await run(*_IN, *where, *taking, seconds=_SECONDS), "git cannot take the bundle")
    for key in SETTINGS & known.keys():
        must(await run(*where, "config", key, known[key]))
    return await git.open(folder)


async def take(repo: Git, file: Path, branch: str, base: str) -> str:
    """Put a branch of a bundle into a repository, and return its commit.

    `base` is the commit the bundle builds upon. Raises SetupError when the branch stands elsewhere,
    or when the bundle holds something else.
    """
    private = Private(repo.place, {})
    env = private.env(keep=True)
    if base:
        must(await run(*OFFLINE, "update-ref", "refs/heads/base", base, env=env))
    name = f"refs/heads/{branch}"
    taking = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(file), f"{name}:{name}")
    must(await run(*_IN, *taking, env=env, seconds=_SECONDS), "git cannot take the bundle")
    new = (await run(*OFFLINE, "rev-parse", "--verify", "-q", f"{name}^{{commit}}", env=env)).text
    old = await tip_of(repo, branch)
    if old == new:
        return new
    if old and (await run(*OFFLINE, "merge-base", "--is-ancestor", old, new, env=env)).status:
        raise SetupError(f"the branch {branch} stands at {old[:12]} already: nothing was changed")
    where = ("--git-dir", str(repo.place.git_dir), "-c", "core.fsync=all")
    moved = ("update-ref", "-m", "samovar: from a worker", name, new, old or "0" * len(new))
    must(await run(*OFFLINE, *where, *moved))
    return new


async def tip_of(repo: Git, branch: str) -> str:
    """Return the commit of a branch; empty where there is none."""
    name = f"refs/heads/{branch}"
    if (await run("check-ref-format", name)).status or branch.startswith("-"):
        raise SetupError(f"{branch!r} is not a name git accepts for a branch")
    where = ("--git-dir", str(repo.place.git_dir))
    return (await run(*OFFLINE, *where, "rev-parse", "--verify", "-q", f"{name}^{{commit}}")).text
