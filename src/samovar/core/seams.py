"""The seams: what the core and the flow ask of the outside world, and nothing more."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from samovar.core.errors import ToolError
from samovar.core.message import Reply, Request


class Model(Protocol):
    """Something that answers a request."""

    async def reply(self, request: Request, /) -> Reply:
        """Return the answer.

        Raises ModelError when there is none; its text names the server and what would help.
        """
        ...


class Command(Struct, frozen=True, kw_only=True):
    """A command to run where it can do no harm."""

    argv: tuple[str, ...]
    workspace: Path
    """A folder of the host; inside, it is the working directory and the only writable place."""
    seconds: float = 60.0
    """Wall-clock limit; the whole process tree is killed at its end."""
    memory: int = 2 << 30
    """Bytes of private memory of each process, and of the whole tree together."""
    output: int = 200_000
    """Bytes of output kept: the first and the last half; the rest is dropped, not stored."""
    readable: tuple[Path, ...] = ()
    """More folders of the host, readable at their own path, such as a virtual environment."""
    lent: Mapping[str, Path] = {}
    """Folders of the host that are read-only inside the workspace too, by their path in it; left
    out where the workspace has something itself, or a link on the way."""
    environment: Mapping[str, str] = {}
    stdin: bytes = b""


class Ran(Struct, frozen=True, kw_only=True):
    """What a command did."""

    exit: int
    """Its exit status; 128 + n when signal n ended it."""
    output: str
    """Standard output and error together."""
    seconds: float
    stopped: str = ""
    """Which limit ended it ("time", "memory", "disk", "output"); empty when it ended by itself."""


class Sandbox(Protocol):
    """A place where code written by a model may run."""

    @property
    def tier(self) -> str:
        """Which kind it is, for receipts: `bubblewrap`, or `none`."""
        ...

    async def run(self, command: Command, /) -> Ran:
        """Run to the end, or to a limit. Raises SandboxMissing when nothing could be run."""
        ...


class Session(Protocol):
    """A command that keeps running and is talked to."""

    @property
    def stopped(self) -> str:
        """Which limit ended it, as in Ran; empty while it runs, and when it ended by itself."""
        ...

    async def send(self, data: bytes, /) -> None:
        """Write to its standard input. Raises ConnectionError when it has ended."""
        ...

    async def receive(self) -> bytes:
        """Return what it printed next, of output and error alike; nothing at its end."""
        ...

    async def end(self) -> None:
        """Kill it and all it started; once is enough, more does no harm."""
        ...


class Host(Sandbox, Protocol):
    """A sandbox that also keeps a command running."""

    async def start(self, command: Command, /) -> Session:
        """Start under the limits of `run`; `seconds` is the longest it may last.

        Its `stdin` is sent first, `output` means nothing. Raises what `run` raises.
        """
        ...


class Tree(Protocol):
    """The files of a project at one commit, read without running anything of the project."""

    def paths(self) -> Sequence[str]:
        """Return every file path, relative, with forward slashes."""
        ...

    def read(self, path: str, /) -> str:
        """Return the text of one file. Raises ToolError when it is missing or not text."""
        ...

    def write_to(self, folder: Path, changed: Mapping[str, str], /) -> None:
        """Write all files into an empty folder, the changed ones with their new text."""
        ...


def text_of(tree: Tree, path: str) -> str:
    """Return the text of a file, empty where there is none to be read."""
    try:
        return tree.read(path)
    except ToolError:
        return ""


class Deed(Struct, frozen=True, kw_only=True):
    """A commit to be made: exactly these files, on this branch, with this message."""

    base: str
    branch: str
    message: str
    changed: Mapping[str, str]
    removed: tuple[str, ...] = ()
    """Paths that are no longer there."""
    modes: Mapping[str, str] = {}
    """Git modes of changed files, 100644 or 100755; others keep theirs, new ones are 100644."""


class Repo(Protocol):
    """A git repository, used without its hooks, filters and helper programs."""

    async def commit(self, deed: Deed, /) -> str:
        """Put a commit on the branch without touching the user's tree; return its hash."""
        ...

    async def find(self, branch: str, marker: str, /) -> str:
        """Return the hash of the branch's commit that carries the marker, or an empty string."""
        ...

    async def note(self, commit: str, text: str, /) -> None:
        """Keep a text beside a commit; one that is there already is replaced."""
        ...

    async def diff(self, base: str, changed: Mapping[str, str], /) -> str:
        """Return the unified diff from `base` to the changed files."""
        ...

    async def push(self, branch: str, /) -> str:
        """Push the branch to its remote; return its page there, or else a reference to it."""
        ...

    async def pushed(self, branch: str, /) -> str:
        """Return what `push` returned if the remote has this very commit, else an empty string."""
        ...


class Live(Protocol):
    """A listener for what is too short-lived to be an event: tokens, sub-steps."""

    def __call__(self, kind: str, text: str, /) -> None: ...
