"""A command of the shell, in the sandbox."""

import os
from typing import Annotated

from msgspec import Meta

from samovar.core.seams import Command, Ran, Sandbox
from samovar.core.text import tail, visible
from samovar.core.tool import Tool, tool
from samovar.tools.interpreter import Interpreter
from samovar.tools.workspace import Workspace

_SHELL = "/bin/bash" if os.access("/bin/bash", os.X_OK) else "/bin/sh"
_LIMITS = {
    "memory": "it took too much memory",
    "disk": "it wrote too much",
    "output": "it printed too much",
}


def shell(place: Workspace, sandbox: Sandbox, interpreter: Interpreter) -> Tool:
    """Return the tool that runs a command; the project's own programs come first on its PATH."""
    environment = {"PATH": f"{os.path.dirname(interpreter.python)}:{interpreter.path}"}

    async def shell(
        command: Annotated[str, Meta(min_length=1, description="a line of the shell")],
        seconds: Annotated[float, Meta(gt=0, le=1800, description="time limit")] = 60.0,
    ) -> str:
        """Run a command in the workspace, which is /w there; there is no network and no root.
        What it leaves in the background ends with it.
        """
        ran = await sandbox.run(
            Command(
                argv=(_SHELL, "-c", command),
                workspace=place.root,
                seconds=seconds,
                readable=interpreter.readable,
                environment=environment,
            )
        )
        return shown(ran, seconds)

    return tool(shell, "run", {"command": "python -m pytest -q", "seconds": 60})


def shown(ran: Ran, seconds: float) -> str:
    """Return how a command ended and the end of what it printed."""
    why = f"; stopped: {_LIMITS.get(ran.stopped, '')}" if ran.stopped else ""
    why = f"; stopped after {seconds:.0f} s" if ran.stopped == "time" else why
    output = tail(visible(ran.output.rstrip()), "pipe it to a file and read that, or filter it")
    quiet = "; it printed nothing" if not output.strip() else ""
    return f"exit {ran.exit} after {ran.seconds:.1f} s{why}{quiet}\n{output}".rstrip()
