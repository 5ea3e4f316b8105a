"""Bubblewrap: Linux namespaces, a list of system calls, and limits, without privileges.

Source: https://github.com/containers/bubblewrap, bwrap(1).
"""

import asyncio
import json
import os
import platform
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from contextlib import ExitStack, suppress
from pathlib import Path

from samovar.core.errors import SandboxMissing, SetupError
from samovar.core.seams import Command, Ran, Session
from samovar.sandboxes import interpreter, limits, profile, seccomp, watch, workspace
from samovar.sandboxes.gauge import Gauge
from samovar.sandboxes.limits import Limits
from samovar.sandboxes.process import Watched
from samovar.sandboxes.running import Running

OTHER = 65533
"""Who the sandbox is outside when root starts it, for root without capabilities is still root.
Nobody (65534) would share its files and limits with every other program that runs as nobody."""


class Bubblewrap:
    """A core Sandbox on one bwrap binary.

    Raises SandboxMissing for a root that cannot become somebody else.
    """

    tier = "bubblewrap"

    def __init__(self, binary: Path, sizes: Limits | None = None) -> None:
        self.binary = binary
        self.sizes = sizes or Limits()
        self.uid = _other_user()

    async def run(self, command: Command, /) -> Ran:
        """Run to the end, or to a limit. Raises SandboxMissing when nothing could be run."""
        gauge = await self._prepared(command)
        with ExitStack() as opened:
            cell = await self._stood(command, opened, stdin=bool(command.stdin))
            return await cell.finish(gauge)

    async def start(self, command: Command, /) -> Session:
        """Start a command that is talked to, as core.seams.Host says."""
        gauge = await self._prepared(command)
        with ExitStack() as opened:
            cell = await self._stood(command, opened, stdin=True)
            session = cell.session(gauge, opened.pop_all())
        if command.stdin:
            await session.send(command.stdin)
        return session

    async def _prepared(self, command: Command) -> Gauge:
        if not command.workspace.is_dir():
            raise SetupError(f"there is no workspace {command.workspace}")
        if self.uid is not None:
            try:
                await asyncio.to_thread(workspace.hand_over, command.workspace, self.uid)
            except OSError as error:
                raise SandboxMissing(
                    f"cannot give {command.workspace} to user {self.uid}: {error.strerror}"
                ) from error
        return await asyncio.to_thread(Gauge, command, self.sizes)

    async def _stood(self, command: Command, opened: ExitStack, *, stdin: bool) -> "_Cell":
        starting = asyncio.ensure_future(self._start(command, opened, stdin))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            # A bwrap that is killed before it stands leaves a child that waits for ever.
            await asyncio.wait({starting})
            if starting.exception() is None:
                await starting.result().end()
            raise

    async def _start(self, command: Command, opened: ExitStack, stdin: bool) -> "_Cell":
        given = _Given(opened)
        shown = interpreter.resolve((*command.readable, *command.lent.values()))
        status, status_inside = given.pipe()
        options = [
            *profile.arguments(command, shown, self.sizes, given.data),
            *("--seccomp", str(given.data(seccomp.program(platform.machine())))),
            *("--json-status-fd", str(status_inside)),
        ]
        listed = given.data(b"".join(os.fsencode(o) + b"\0" for o in options))
        staged, user = self._user(command, shown)
        words = [
            *staged,
            *limits.around(command, self.sizes),
            *(str(self.binary), "--args", str(listed), "--"),
            *limits.within(self.sizes),
            *command.argv,
        ]
        process = await _spawned(words, user, given.inherited, stdin=stdin)
        given.close_inherited()
        cell = _Cell(process, command, self.sizes, status, staged=bool(staged))
        await cell.stands()
        return cell

    def _user(self, command: Command, shown: tuple[Path, ...]) -> tuple[list[str], int | None]:
        """Return the words that come first, and whom to become before; both only for root."""
        if self.uid is None:
            return [], None
        needed = (command.workspace, self.binary, *shown)
        if all(profile.passable(path) for path in needed):
            return [], self.uid
        return profile.stage(command, shown, self.binary, self.uid), None


class _Cell:
    """One started bwrap, from its first report to its last."""

    def __init__(
        self, process: Process, command: Command, sizes: Limits, status: int, *, staged: bool
    ) -> None:
        self._watched = Watched(process, command, sizes, self._kill)
        self._status = status
        self._staged = staged
        self._reported = b""
        self._first = 0
        """The first process of the outermost namespace: all the others die with it."""
        self._root: Path | None = None

    async def end(self) -> None:
        """Kill what was started."""
        await self._watched.end()

    async def stands(self) -> None:
        """Wait until the sandbox stands and the command begins."""
        start = self._watched.limits.start
        try:
            while b"\n" not in self._reported:
                more = await asyncio.wait_for(_readable(self._status), start)
                if not more:
                    raise await self._failure()
                self._reported += more
        except TimeoutError as error:
            await self.end()
            raise SandboxMissing(f"bubblewrap did not start within {start:.0f} s") from error
        child = self._first = int(json.loads(self._reported.partition(b"\n")[0])["child-pid"])
        if self._staged:
            self._first = watch.child(self._watched.process.pid)
            child = watch.child(watch.child(self._first))
        if child:
            limits.expendable(child)
            self._root = Path(f"/proc/{child}/root")

    def _kill(self) -> None:
        if self._watched.process.returncode is None:
            for kill, pid in ((os.kill, self._first), (os.killpg, self._watched.process.pid)):
                with suppress(ProcessLookupError, PermissionError):
                    if pid:
                        kill(pid, signal.SIGKILL)

    def session(self, gauge: Gauge, opened: ExitStack) -> Session:
        """Leave the command running; what is open is closed at its end."""
        gauge.root = self._root
        return Running(self._watched, gauge, opened)

    async def finish(self, gauge: Gauge) -> Ran:
        """Follow the command to its end."""
        watched = self._watched
        gauge.root = self._root
        seconds = await watched.follow(gauge)
        with suppress(BlockingIOError):
            while more := os.read(self._status, 4096):
                self._reported += more
        output = watched.kept.text()
        code = re.search(rb'"exit-code"\s*:\s*(\d+)', self._reported)
        if code is None and not watched.stopped:
            return self._ended(output, seconds)
        exit_code = int(code[1]) if code else 128 + signal.SIGKILL
        return Ran(exit=exit_code, output=output, seconds=seconds, stopped=watched.stopped)

    def _ended(self, output: str, seconds: float) -> Ran:
        """Say what became of a bwrap that ended without a report."""
        code = self._watched.process.returncode or 0
        if code == -signal.SIGKILL:
            return Ran(exit=137, output=output, seconds=seconds, stopped="memory")
        raise SandboxMissing(f"bubblewrap failed: {_reason(output)}; nothing was run")

    async def _failure(self) -> SandboxMissing:
        await self.end()
        reason = _reason(self._watched.kept.text())
        return SandboxMissing(f"bubblewrap failed: {reason}; nothing was run")


class _Given:
    """The open files bwrap inherits, and no others."""

    def __init__(self, opened: ExitStack) -> None:
        self._opened = opened
        self._inherited: list[int] = []

    @property
    def inherited(self) -> tuple[int, ...]:
        return tuple(self._inherited)

    def data(self, content: bytes) -> int:
        number = os.memfd_create("samovar", 0)
        self._keep(number, inherited=True)
        os.write(number, content)
        os.lseek(number, 0, os.SEEK_SET)
        return number

    def pipe(self) -> tuple[int, int]:
        """Return the end we read and the end bwrap writes."""
        ours, theirs = os.pipe()
        self._keep(ours, inherited=False)
        self._keep(theirs, inherited=True)
        os.set_blocking(ours, False)
        return ours, theirs

    def close_inherited(self) -> None:
        for number in self._inherited:
            os.close(number)
        self._inherited.clear()

    def _keep(self, number: int, *, inherited: bool) -> None:
        if inherited:
            self._inherited.append(number)
        self._opened.callback(self._close, number, inherited)

    def _close(self, number: int, inherited: bool) -> None:
        if not inherited or number in self._inherited:
            os.close(number)


async def _readable(number: int) -> bytes:
    """Return what a pipe holds, once it holds something; nothing at its end."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(number, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(number)
    return os.read(number, 4096)


async def _spawned(
    words: list[str], user: int | None, inherited: tuple[int, ...], *, stdin: bool
) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *words,
            stdin=PIPE if stdin else DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            cwd="/",
            env={},
            pass_fds=inherited,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else (),
        )
    except OSError as error:
        raise SandboxMissing(
            f"cannot start bubblewrap: {error.strerror}; nothing was run"
        ) from error


def _other_user() -> int | None:
    """Return whom root becomes outside; None for an ordinary user."""
    return other(Path("/proc/self/uid_map").read_text()) if os.geteuid() == 0 else None


def other(mapped: str) -> int | None:
    """Return whom root of a user namespace with this uid_map becomes; None where it may stay.

    It may where it is an ordinary user outside. Raises SandboxMissing where it is root there, too,
    or one of several users it could take for its own. Source: user_namespaces(7).
    """
    for line in mapped.splitlines():
        first, outside, count = map(int, line.split())
        if first <= OTHER < first + count:
            return OTHER
        if first == 0 and outside != 0 and count == 1:
            return None
    raise SandboxMissing(
        "root of this container cannot become another user: run samovar as an ordinary user"
    )


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    last = re.sub(r"^bwrap: ", "", lines[-1]) if lines else "it gave no reason"
    return "".join(c if c.isprintable() else "?" for c in last[:200])
