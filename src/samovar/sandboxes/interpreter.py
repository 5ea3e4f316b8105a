"""What else must be readable for a virtual environment to run."""

import os
from collections.abc import Iterable
from pathlib import Path

from samovar.core.errors import SetupError

SEEN = ("/usr", "/bin", "/sbin", "/lib", "/lib64")
"""Always visible inside."""
WIDE = (
    *("/", "/proc", "/sys", "/dev", "/etc", "/home", "/root", "/run", "/var", "/w"),
    *("/tmp", "/var/tmp", "/dev/shm"),  # noqa: S108
)
"""Never shown as a whole; in those of temporary files every program leaves its sockets."""


def resolve(readable: Iterable[Path]) -> tuple[Path, ...]:
    """Return the folders to show at their own path: those asked for, and their interpreters.

    A virtual environment points at the interpreter it was made with, by `home` in pyvenv.cfg and
    by links; the prefix of that interpreter is added, nothing else of the folders above it.
    Raises SetupError for a folder that is missing or far too wide.
    """
    shown: list[Path] = []
    for path in readable:
        if str(path) in WIDE or str(path.resolve()) in WIDE:
            raise SetupError(f"{path} as a whole is not shown to a sandbox: name what is needed")
        if not path.is_absolute() or not path.exists():
            raise SetupError(f"{path} cannot be shown to the sandbox: there is no such folder")
        shown += [path, path.resolve()]
        if (path / "pyvenv.cfg").is_file():
            shown += _prefixes(path)
    unique = dict.fromkeys(Path(os.path.normpath(p)) for p in shown)
    hidden = (p for p in unique if not any(p.is_relative_to(s) for s in SEEN))
    return tuple(sorted(hidden, key=lambda p: len(p.parts)))


def _prefixes(venv: Path) -> list[Path]:
    """Return the folders of the interpreter behind a virtual environment, link by link."""
    found: list[Path] = []
    home = _home(venv)
    if home is not None:
        found += _prefix_of(home / "python3")
    for name in ("python", "python3"):
        link = venv / "bin" / name
        for _ in range(16):
            if not link.is_symlink():
                break
            link = Path(os.path.normpath(link.parent / os.readlink(link)))
            if not link.is_relative_to(venv):
                found += _prefix_of(link)
    return found


def _prefix_of(executable: Path) -> list[Path]:
    """Return the installation an executable in its `bin` belongs to, as named and as it lies.

    What a project's virtual environment names is not believed: a folder is shown only if it holds
    an interpreter's library or is a virtual environment, so never a home or a folder of keys.
    """
    whole = [executable.parent.parent, executable.resolve().parent.parent]
    return [p for w in whole for p in (w, w.resolve()) if _is_installation(p)]


def _is_installation(prefix: Path) -> bool:
    if len(prefix.parts) < 3 or not (prefix / "bin").is_dir():
        return False
    return (prefix / "pyvenv.cfg").is_file() or any(prefix.glob("lib*/py*3*/os.py"))


def _home(venv: Path) -> Path | None:
    text = (venv / "pyvenv.cfg").read_text("utf-8", "replace")
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home" and value.strip().startswith("/"):
            return Path(value.strip())
    return None
