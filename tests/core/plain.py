"""A dialect, `CALL {"tool": ..., "arguments": ...}`, tools and turns for tests of conversations."""

import json
from collections.abc import Sequence
from typing import Any

from samovar.core.agent import Agent, Limits, converse
from samovar.core.errors import ToolError
from samovar.core.message import Message
from samovar.core.talk import Began, Heard, Talk, Used, replay
from samovar.core.tool import Call, Said, Tool, tool
from samovar.models.scripted import Scripted


class Plain:
    """A call stands on a line of its own behind the word CALL."""

    def offer(self, tools: Sequence[Tool], /) -> str:
        return "Tools: " + ", ".join(t.name for t in tools)

    def schema(self, tools: Sequence[Tool], reply: bool = True, /) -> dict[str, Any] | None:
        return None

    def read(self, text: str, tools: Sequence[Tool], /) -> Said:
        calls, rest = [], []
        for line in text.splitlines():
            if line.startswith("CALL "):
                try:
                    found = json.loads(line[5:])
                    calls.append(Call(found["tool"], found.get("arguments", {})))
                except (ValueError, KeyError, TypeError) as error:
                    raise ToolError(f"behind CALL belongs JSON: {error}") from error
            elif "<invoke" in line:
                raise ToolError('write a call as CALL {"tool": ..., "arguments": {...}}')
            else:
                rest.append(line)
        return Said("\n".join(rest).strip(), tuple(calls))

    def show(self, said: Said, /) -> str:
        rows = [said.text] if said.text else []
        return "\n".join([*rows, *(call(c.tool, **c.arguments) for c in said.calls)])


def call(name: str, /, **arguments: Any) -> str:
    return "CALL " + json.dumps({"tool": name, "arguments": arguments})


def words(messages: Sequence[Message]) -> int:
    """Three characters to a token, and eight around a message."""
    return sum(8 + (len(m.text) + 2) // 3 for m in messages)


class Desk:
    """Tools over a dictionary of files; every act is noted in order."""

    def __init__(self, **files: str) -> None:
        self.files = dict(files)
        self.acts: list[str] = []

    def tools(self) -> Sequence[Tool]:
        return (
            tool(self.look, "read", {"path": "a.py"}, name="read_file"),
            tool(self.write, "write", {"path": "a.py", "text": "x = 1\n"}, name="write_file"),
            tool(self.shell, "run", {"command": "ls"}),
            tool(self.fetch, "network", {"url": "https://example.org"}),
        )

    async def look(self, path: str, first: int = 1) -> str:
        """Read a file of the project from a line on."""
        self.acts.append(f"look {path}")
        if path not in self.files:
            raise ToolError(f"there is no file {path!r}")
        return self.files[path]

    async def write(self, path: str, text: str) -> str:
        """Write a whole file of the project."""
        self.acts.append(f"write {path}")
        self.files[path] = text
        return f"wrote {path}"

    async def shell(self, command: str) -> str:
        """Run a command."""
        self.acts.append(f"shell {command}")
        return f"exit {1 if 'bad' in command else 0}\n$ {command}"

    async def fetch(self, url: str) -> str:
        """Fetch a page of the web."""
        self.acts.append(f"fetch {url}")
        return "a page"


BEGAN = Began(run="r", system="You are careful.")


def start(text: str = "mend a.py") -> list[Talk]:
    return [BEGAN, Heard(text=text)]


def agent(model: Any, desk: Desk | None = None, **limits: Any) -> Agent:
    at = desk or Desk(**{"a.py": "x = 1\n", "b.py": "y = 2\n"})
    return Agent(model, Plain(), at.tools, words, Limits(**limits))


async def run(made: Agent, events: Sequence[Talk] | None = None) -> list[Talk]:
    """Return all events of a turn, those given first."""
    log = list(start() if events is None else events)
    async for event in converse(replay(log), made):
        log.append(event)
    return log


def results(log: Sequence[Talk]) -> list[str]:
    return [e.result.text for e in log if isinstance(e, Used)]


def told(model: Scripted, request: int = -1) -> str:
    return "\n".join(m.text for m in model.asked[request].messages)
