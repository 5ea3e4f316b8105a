"""No sandbox at all: only for a person who says so, and who reads what is run."""

import asyncio
import os
import secrets
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from samovar.core.errors import SetupError
from samovar.core.seams import Command, Ran, Session
from samovar.sandboxes import limits, profile, workspace
from samovar.sandboxes.gauge import Gauge
from samovar.sandboxes.limits import Limits
from samovar.sandboxes.process import Watched
from samovar.sandboxes.running import Running

MARK = "SAMOVAR_COMMAND"
"""In the environment of all a command starts, so that what left its session is found too."""


class Unconfined:
    """A core Sandbox that confines nothing; time, sizes and output are limited all the same.

    The number of processes is not: outside a namespace of its own that limit would count
    everything the person runs.
    """

    tier = "none"

    def __init__(self, sizes: Limits | None = None) -> None:
        self.sizes = sizes or Limits()

    async def run(self, command: Command, /) -> Ran:
        """Run to the end, or to a limit. Raises SetupError when it cannot be started."""
        watched, gauge = await self._started(command, stdin=bool(command.stdin))
        seconds = await watched.follow(gauge)
        code = watched.process.returncode or 0
        return Ran(
            exit=128 - code if code < 0 else code,
            output=watched.kept.text(),
            seconds=seconds,
            stopped=watched.stopped,
        )

    async def start(self, command: Command, /) -> Session:
        """Start a command that is talked to, as core.seams.Host says."""
        watched, gauge = await self._started(command, stdin=True)
        session = Running(watched, gauge, ExitStack())
        if command.stdin:
            await session.send(command.stdin)
        return session

    async def _started(self, command: Command, *, stdin: bool) -> tuple[Watched, Gauge]:
        mark = secrets.token_hex(16)
        if not command.workspace.is_dir():
            raise SetupError(f"there is no workspace {command.workspace}")
        for name, source in command.lent.items():
            # A program of the folder finds the rest beside itself, as the python of a `.venv` does.
            if not Path(command.argv[0]).is_relative_to(source):
                # A link would let the command write to the folder itself.
                await workspace.lend(source, command.workspace, name)
        gauge = await asyncio.to_thread(Gauge, command, self.sizes)
        given = {**profile.ENVIRONMENT, **command.environment}
        near = command.environment.get("PATH", "")
        # The person's own programs come after what the command asks for.
        path = os.pathsep.join(filter(None, (near, os.environ.get("PATH", os.defpath))))
        try:
            process = await asyncio.create_subprocess_exec(
                *limits.around(command, self.sizes),
                *command.argv,
                stdin=PIPE if stdin else DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
                cwd=command.workspace,
                env={**given, "PATH": path, MARK: mark},
                start_new_session=True,
            )
        except OSError as error:
            raise SetupError(f"cannot start {command.argv[0]}: {error.strerror}") from error
        limits.expendable(process.pid)
        kill = partial(_kill, process.pid, mark)
        return Watched(process, command, self.sizes, kill), gauge


def _kill(pid: int, mark: str) -> None:
    """Kill the session and whatever carries the mark, until nothing new turns up."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    for _ in range(5):
        marked = _marked(mark)
        for other in marked:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(other, signal.SIGKILL)
        if not marked:
            return


def _marked(mark: str) -> list[int]:
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                if wanted in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found
