"""The git command line, run so that nothing in a repository can make it start a program."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from samovar.core.errors import SetupError
from samovar.core.scratch import Scratch

FLAGS = (
    "--no-pager",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.attributesFile=/dev/null",
    "-c",
    "core.alternateRefsCommand=true",
    "-c",
    "core.askPass=true",
    "-c",
    "diff.external=",
    "-c",
    "log.showSignature=false",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
)
OFFLINE = ("-c", "protocol.allow=never")
"""A partial clone would otherwise fetch a missing object, with the repository's ssh command."""
KEPT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "GIT_CONFIG_GLOBAL",
    "GNUPGHOME",
    "GPG_TTY",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
)
DATA = re.compile(r"^core\.(filemode|ignorecase|symlinks|autocrlf|eol|precomposeunicode)$")
"""What the private git directory copies from the repository's configuration: no programs."""


@dataclass(frozen=True)
class Result:
    """What one git command answered."""

    status: int
    out: bytes
    error: str

    @property
    def text(self) -> str:
        """Standard output without the last line break."""
        return self.out.decode("utf-8", "replace").rstrip("\n")


@dataclass(frozen=True)
class Place:
    """Where a repository keeps its things."""

    HOME: ClassVar = ".samovar"
    git_dir: Path
    common: Path
    objects: Path
    hash: str
    """`sha1` or `sha256`."""
    work: Path | None
    """The working tree; None in a bare repository."""
    bare: bool
    """Whether it was made without a working tree; linked ones it may have."""

    @property
    def main(self) -> Path | None:
        """The working tree that stays when linked ones go; None where there is no such tree."""
        if self.git_dir == self.common:
            return self.work
        return self.common.parent if self.common.name == ".git" and not self.bare else None

    @property
    def home(self) -> Path:
        """The folder in which samovar keeps what belongs to this repository, all trees of it."""
        return self.main / self.HOME if self.main else self.common / "samovar"

    @property
    def root(self) -> Path:
        """What a person calls this repository by."""
        return self.work or self.git_dir

    @property
    def trees(self) -> tuple[Path, ...]:
        """The folders a person works in: this one, then the main one."""
        return tuple(dict.fromkeys(tree for tree in (self.work, self.main) if tree))


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what git may see of the environment: no GIT_* of the caller, no prompts."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_EDITOR": "false",
        **(extra or {}),
    }


async def run(
    *arguments: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    seconds: float = 60.0,
) -> Result:
    """Run git to its end. Raises SetupError when git is missing or exceeds its time (seconds)."""
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            *FLAGS,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=cwd or "/",
            env=environment(env),
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise SetupError("git is not installed: install it, e.g. 'apt install git'") from error
    try:
        out, said = await asyncio.wait_for(process.communicate(stdin), seconds)
    except TimeoutError as error:
        raise SetupError(f"git {_verb(arguments)} did not end within {seconds:.0f} s") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return Result(process.returncode or 0, out, said.decode("utf-8", "replace"))


class Private:
    """A git directory of our own that borrows a repository's objects but not its configuration.

    Removed when no longer used.
    """

    def __init__(self, place: Place, settings: Mapping[str, str]) -> None:
        self.place = place
        made = Scratch()
        self.folder = made.path
        weakref.finalize(self, made.close)
        for name in ("objects", "refs", "info"):
            (self.folder / name).mkdir()
        (self.folder / "HEAD").write_text("ref: refs/heads/samovar\n")
        (self.folder / "config").write_text(_config(place.hash, settings))
        shallow = place.common / "shallow"
        if shallow.is_file():
            shutil.copyfile(shallow, self.folder / "shallow")

    def env(self, *, keep: bool) -> dict[str, str]:
        """Return the variables that aim git here; new objects are stored only with `keep`."""
        if keep:
            return {"GIT_DIR": str(self.folder), "GIT_OBJECT_DIRECTORY": str(self.place.objects)}
        return {
            "GIT_DIR": str(self.folder),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(self.place.objects),
        }


def _config(hash_name: str, settings: Mapping[str, str]) -> str:
    lines = [
        "[core]",
        "repositoryformatversion = 1",
        "bare = true",
        "protectHFS = true",
        "protectNTFS = true",
        "fsync = all",
        "logAllRefUpdates = false",
        *(f"{key.partition('.')[2]} = {value}" for key, value in settings.items()),
        "[extensions]",
        f"objectFormat = {hash_name}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(path: Path) -> str:
    """Return a path as GIT_ALTERNATE_OBJECT_DIRECTORIES wants it, colons and quotes included."""
    text = str(path)
    if not re.search(r'[:"\\\n]', text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _verb(arguments: tuple[str, ...]) -> str:
    return next((a for a in arguments if re.fullmatch("[a-z][a-z-]+", a)), "")


def must(result: Result, wrong: str = "git failed") -> Result:
    """Return what git answered. Raises SetupError where it failed."""
    if result.status != 0:
        raise SetupError(f"{wrong}: {line(result.error)}")
    return result


def line(said: str) -> str:
    """Return the first line of what git complained about, without its prefix."""
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("hint:")]
    return re.sub(r"^(fatal|error): ", "", lines[0]) if lines else "no reason given"


def unopened(path: Path, said: str) -> SetupError:
    """Return why git found no repository at a path, and what to do."""
    if "dubious ownership" in said:
        named = re.search("at '(.+)'", said)
        return SetupError(
            f"{path} belongs to another user: if you trust it, run "
            f"'git config --global --add safe.directory {named[1] if named else path.resolve()}'"
        )
    if lost := re.search("not a git repository: (.+)", said):
        return SetupError(
            f"{path} is a worktree whose repository is no longer at {lost[1]}: "
            "run 'git worktree repair' in it"
        )
    if "not a git repository" in said:
        return SetupError(
            f"{path} is not in a git repository: cd into one, use --repo, or run there: "
            "git init && git add -A && git commit -m start"
        )
    return SetupError(f"git cannot open {path}: {line(said)}")
