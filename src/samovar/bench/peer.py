"""Programs of others on the same tasks, through a door that counts and ends their budget.

A program is a line for `sh`. It runs in the task's repository as the person who measures, without a
sandbox, in a home of its own, and finds in its environment:

- TASK: a file with the task in words; FILES and TESTS: paths of what may be changed and of the
  visible tests, with spaces between;
- MODEL: the model's name; OPENAI_BASE_URL, OPENAI_API_BASE, OPENAI_API_KEY: where it answers.

Any program that speaks OpenAI's protocol will do; tools are offered to the model in the dialect
that fits it, so that none is worse off for a server without tools.
"""

import asyncio
import os
import shlex
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samovar.bench.sets import lay
from samovar.bench.work import Job, Made
from samovar.core.errors import ModelError
from samovar.core.message import Message, Request, Sampling
from samovar.core.seams import Command
from samovar.core.task import Budget
from samovar.models.dialects.choose import dialect_for
from samovar.models.serve.app import Shop, application
from samovar.models.serve.fault import Fault
from samovar.models.serve.run import listen, serve
from samovar.models.wrappers import Counted
from samovar.sandboxes.none import Unconfined

LONGEST = 1800.0
"""Seconds a program may take for a task."""
LINE = 200
"""Characters of its last line that are kept."""
MEMORY = 8 << 30


@dataclass(frozen=True)
class Door:
    """Lets requests through to the counted model until the budget is spent."""

    count: Counted
    budget: Budget
    model: str
    forms: bool = True

    async def chat(self, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Yield an answer in two chunks: its text, how it ended. Raises Fault for none."""
        left = self.budget.generated - self.count.usage.generated
        if left <= 0 or self.count.calls >= self.budget.calls:
            raise Fault(400, "the budget of this task is spent", code="insufficient_quota")
        before = self.count.usage.generated
        try:
            reply = await self.count.reply(_request(body, min(left, self.budget.reply)))
        except ModelError as error:
            raise Fault(502, str(error), code="upstream_error") from error
        read, made = reply.usage.prompt, self.count.usage.generated - before
        usage = {"prompt_tokens": read, "completion_tokens": made, "total_tokens": read + made}
        ended = "length" if reply.finish == "length" else "stop"
        yield {"choices": [{"index": 0, "delta": {"content": reply.text}}]}
        yield {"choices": [{"index": 0, "delta": {}, "finish_reason": ended}], "usage": usage}

    async def embed(self, _body: dict[str, Any], /) -> dict[str, Any]:
        """Refuse: no embeddings are measured."""
        raise Fault(501, "there are no embeddings here", code="not_supported")


def _request(body: Mapping[str, Any], limit: int) -> Request:
    form = (body.get("response_format") or {}).get("json_schema") or {}
    stop = body.get("stop") or ()
    return Request(
        messages=tuple(Message(m["role"], m["content"]) for m in body["messages"]),
        limit=min(limit, body.get("max_tokens") or limit),
        sampling=Sampling(
            temperature=body.get("temperature") or 0.0,
            top_p=body.get("top_p"),
            top_k=body.get("top_k"),
            seed=body.get("seed"),
        ),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        schema=form.get("schema"),
    )


async def peer(line: str, job: Job) -> Made:
    """Let another program work on the task, and take the files it leaves."""
    place = job.folder / "repo"
    lay(job.task, job.mode, place, job.over)
    (job.folder / "home").mkdir()
    (job.folder / "task.md").write_text(job.text)
    async with _open(job) as url:
        ran = await Unconfined().run(_command(line, job, place, url))
    said = ran.output.strip().splitlines() or [""]
    return Made(work=place, why=ran.stopped or said[-1][:LINE])


def _command(line: str, job: Job, place: Path, url: str) -> Command:
    facts = job.task.facts
    return Command(
        argv=("/bin/sh", "-c", line),
        workspace=place,
        seconds=LONGEST,
        memory=MEMORY,
        environment={
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(job.folder / "home"),
            "TASK": str(job.folder / "task.md"),
            "FILES": shlex.join(facts.solution_files or ()),
            "TESTS": shlex.join(facts.test_files if job.mode == "vis" else ()),
            "MODEL": Path(job.choice.endpoint.model).name,
            "OPENAI_BASE_URL": url,
            "OPENAI_API_BASE": url,
            "OPENAI_API_KEY": "none",
        },
    )


@asynccontextmanager
async def _open(job: Job) -> AsyncIterator[str]:
    """Serve the task's model; yield the address."""
    listening = listen("127.0.0.1", 0)
    name = Path(job.choice.endpoint.model).name
    profile = job.choice.profile
    door = Door(job.count, job.budget, name)
    shop = Shop(door, dialect_for(profile), name, context=profile.context)
    ready = asyncio.Event()
    serving = asyncio.create_task(serve(application(shop), listening, None, ready.set))
    try:
        await ready.wait()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
