"""Where skills run: in the sandbox, each time in a fresh folder, never in this process."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from samovar.core.errors import UNREADABLE, ToolError
from samovar.core.log import plain
from samovar.core.seams import Command, Ran, Sandbox
from samovar.core.text import visible

_RUNNER = Path(__file__).with_name("inside") / "skill_runner.py"
_RESULT = 1 << 20
"""Bytes of a result."""
_PRINTED = 600


class _Outcome(Struct, frozen=True):
    ok: bool
    value: Any = None
    error: str = ""


@dataclass(frozen=True)
class Workshop:
    """A sandbox and a Python in it."""

    sandbox: Sandbox
    scratch: Callable[[], AbstractAsyncContextManager[Path]]
    """Gives an empty folder and removes it afterwards, whatever is in it then."""
    python: str
    readable: tuple[Path, ...]
    """Folders the interpreter needs."""
    seconds: float = 30.0
    memory: int = 1 << 30
    """Bytes."""

    async def test(self, source: bytes, function: str, tests: Sequence[str]) -> bool:
        """Run a skill's tests; return whether one of them turns red without the function.

        Raises ToolError with the failure.
        """
        return await self._run(source, {"tests": list(tests), "function": function}) is True

    async def call(self, source: bytes, function: str, arguments: Mapping[str, Any]) -> Any:
        """Return what a skill's function returns: plain data, and not to be trusted.

        Raises ToolError with what it raised.
        """
        order = {"tests": [], "function": function, "arguments": dict(arguments)}
        return await self._run(source, order)

    async def _run(self, source: bytes, order: Mapping[str, Any]) -> Any:
        name = f"result-{secrets.token_hex(8)}.json"
        async with self.scratch() as folder:
            (folder / "skill.py").write_bytes(source)
            (folder / "skill_runner.py").write_bytes(_RUNNER.read_bytes())
            ran = await self.sandbox.run(
                Command(
                    argv=(self.python, "-I", "-B", "-X", "utf8", "skill_runner.py"),
                    workspace=folder,
                    seconds=self.seconds,
                    memory=self.memory,
                    output=4_000,
                    readable=self.readable,
                    stdin=msgspec.json.encode({**order, "result": name}),
                )
            )
            outcome = _read(folder / name, ran)
        if not outcome.ok:
            said = visible(" ".join(outcome.error.split()))[:1_000]
            raise ToolError(said or "the skill failed and does not say why")
        return outcome.value


def _read(path: Path, ran: Ran) -> _Outcome:
    """Return what the skill left; the file is its own work, so it may be a link or a pipe."""
    try:
        return msgspec.json.decode(plain(path, _RESULT), type=_Outcome)
    except (FileNotFoundError, *UNREADABLE) as error:
        raise ToolError(_ended(ran)) from error
    except OSError as error:
        wrong = "the skill's result is larger than 1 MB, or no file: return less"
        raise ToolError(wrong) from error


def _ended(ran: Ran) -> str:
    why = f"was stopped by its limit of {ran.stopped}" if ran.stopped else "ended without a result"
    printed = visible(" ".join(ran.output.split()))[-_PRINTED:]
    return f"the skill {why} (exit {ran.exit}){': ' + printed if printed else ''}"
