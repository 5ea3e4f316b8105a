"""Editing a file with neovim, in the sandbox and away from the workspace."""

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from samovar.core.errors import UNREADABLE, ToolError
from samovar.core.scratch import ENTERED, Scratch
from samovar.core.seams import Command, Sandbox
from samovar.core.text import shorten, visible
from samovar.core.tool import Tool, tool
from samovar.tools.edit import put
from samovar.tools.interpreter import Interpreter
from samovar.tools.workspace import Text, Workspace

SECONDS = 20.0


class Answer(Struct, frozen=True):
    """What the program inside says."""

    said: str = ""
    error: str = ""


def find_nvim() -> str:
    """Return the path of neovim; nothing unless pynvim (the extra `nvim`) is there too."""
    found = shutil.which("nvim") or ""
    if importlib.util.find_spec("pynvim") is None or not found.startswith("/"):
        return ""
    return str(Path(found).resolve())


@dataclass(frozen=True)
class Neovim:
    """Neovim, run on copies of files."""

    sandbox: Sandbox
    interpreter: Interpreter
    """One that has pynvim."""
    program: str

    async def edited(self, old: Text, end: str, commands: str, lua: str) -> tuple[str, str]:
        """Return the new text and what neovim said. Raises ToolError when a command failed."""
        asked = {
            "file": f"file.{end}" if end.isalnum() and end.isascii() else "file",
            "commands": [line for line in commands.splitlines() if line.strip()],
            "lua": lua,
            "program": self.program,
        }
        with Scratch(ENTERED) as folder:
            copy = Workspace(folder)
            copy.write(str(asked["file"]), Text(old.text))
            answer = await self._asked(copy.root, msgspec.json.encode(asked))
            return copy.read(str(asked["file"])).text, answer.said

    async def _asked(self, folder: Path, request: bytes) -> Answer:
        needed = () if self.program.startswith("/usr/") else (Path(self.program).parent.parent,)
        command = Command(
            argv=self.interpreter.argv("nvim"),
            workspace=folder,
            seconds=SECONDS,
            readable=(*self.interpreter.shown, *needed),
            stdin=request,
        )
        ran = await self.sandbox.run(command)
        if ran.stopped:
            raise ToolError(
                f"neovim was stopped by its limit of {ran.stopped}; nothing was written"
            )
        answer = _answer(ran.output)
        if answer.error:
            raise ToolError(f"neovim: {visible(answer.error)[:500]}; nothing was written")
        return answer


def nvim(place: Workspace, editor: Neovim) -> Tool:
    """Return the tool that edits with neovim."""

    async def nvim(
        path: Annotated[str, Meta(description="path relative to the workspace")],
        commands: Annotated[
            str, Meta(description="ex commands, one a line, such as %s/old/new/g")
        ] = "",
        lua: Annotated[str, Meta(description="Lua run after them, with vim.api")] = "",
    ) -> str:
        """Edit a file by ex commands or Lua of neovim; it is saved at the end."""
        old = place.read(path)
        if not commands.strip() and not lua.strip():
            raise ToolError("commands and lua are both empty: give at least one")
        text, said = await editor.edited(old, Path(path).suffix[1:9], commands, lua)
        return f"changed {path}" + put(place, path, old, text) + _said(said)

    return tool(nvim, "write", {"path": "app.py", "commands": "%s/colour/color/g"})


def _answer(output: str) -> Answer:
    last = output.strip().split("\n")[-1]
    try:
        return msgspec.json.decode(last, type=Answer)
    except UNREADABLE as error:
        raise ToolError(
            f"neovim ended early ({visible(last)[:300]}); nothing was written"
        ) from error


def _said(said: str) -> str:
    text = shorten(visible(said.strip()), "print less", 1500)
    return f"\nneovim says:\n{text}" if text else ""
