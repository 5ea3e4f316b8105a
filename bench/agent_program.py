# ruff: noqa: T201 -- a script, that prints
"""Whether an agent program of others works against `samovar model serve`: pydantic-ai, one tool.

    python3 -m venv /tmp/other
    /tmp/other/bin/pip install 'pydantic-ai-slim[openai]==2.68.0'
    samovar model serve --port 8000 &
    /tmp/other/bin/python bench/agent_program.py [--url http://127.0.0.1:8000/v1] [--model NAME]

It stands in an environment of its own and knows nothing of samovar, as any program would. The task
is asked three times: for a text, for a typed result, and as a stream. Printed is what happened, a
line each; the exit code is 1 unless each time the tool was called and the answer was right.
"""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

TASK = "How many pieces of the item lamp are in the store?"
STORE = {"lamp": 17, "chair": 4}


class Count(BaseModel):
    """The answer as a program wants it."""

    pieces: int


class Trial:
    """The program with its tool, asked one way."""

    def __init__(self, model: OpenAIChatModel) -> None:
        self.model = model
        self.calls: list[str] = []
        self.pieces = 0
        """Of a streamed answer."""

    def stock(self, item: str) -> str:
        """Return how many pieces of an item are in the store."""
        self.calls.append(item)
        return f"{STORE.get(item, 0)} pieces of {item}"

    async def text(self) -> str:
        """Ask for words."""
        return (await Agent(self.model, tools=[self.stock]).run(TASK)).output

    async def typed(self) -> str:
        """Ask for a result of a type, which the program itself asks for as one more tool."""
        agent = Agent(self.model, tools=[self.stock], output_type=Count)
        return str((await agent.run(TASK)).output.pieces)

    async def streamed(self) -> str:
        """Ask for words as they come."""
        said = ""
        async with Agent(self.model, tools=[self.stock]).run_stream(TASK) as answer:
            async for piece in answer.stream_text(delta=True):
                said += piece
                self.pieces += 1
        return said


async def tried(name: str, trial: Trial, ask: Callable[[], Awaitable[str]]) -> bool:
    """Ask once, print what happened, and return whether it was right."""
    began = time.monotonic()
    try:
        said = await ask()
    except AgentRunError as error:
        said = f"{type(error).__name__}: {error}"
    right = "lamp" in trial.calls and re.search(r"\b17\b", said) is not None
    calls = ", ".join(f"stock({item!r})" for item in trial.calls) or "no call"
    pieces = f" in {trial.pieces} pieces" if trial.pieces else ""
    seconds = time.monotonic() - began
    mark = "ok" if right else "WRONG"
    print(f"{mark:<6}{name:<9}{seconds:6.1f} s  {calls} -> {said!r}{pieces}", flush=True)
    return right


async def main() -> int:
    """Try all ways; return the exit code."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--url", default="http://127.0.0.1:8000/v1")
    words.add_argument("--model", default="qwen2.5-coder-1.5b")
    given = words.parse_args()
    provider = OpenAIProvider(base_url=given.url, api_key="none")
    print(f"pydantic-ai {version('pydantic-ai-slim')} with {given.model} at {given.url}")
    results = []
    for name in ("text", "typed", "streamed"):
        trial = Trial(OpenAIChatModel(given.model, provider=provider))
        results.append(await tried(name, trial, getattr(trial, name)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
