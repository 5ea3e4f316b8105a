"""What was measured of one model on one server, and the measuring."""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import UNREADABLE
from samovar.core.log import write
from samovar.models import cache, context
from samovar.models.endpoint import Endpoint
from samovar.models.interview import Interview
from samovar.models.sampling import family

Tools = Literal["native", "text", "none"]
_READ = 500
"""Prompt tokens by which speed is measured."""
_WRITTEN = 40
_PATIENCE = 300.0
"""Seconds a single trial may take: a cold server loads its weights first."""
_PAYS = 1.3
"""Twice the requests must bring this many times the tokens."""
_MOST = 8
_TOOL = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "Read a file.",
        "parameters": {
            "type": "object",
            "properties": {"path": {"type": "string"}},
            "required": ["path"],
        },
    },
}


class Profile(Struct, frozen=True, kw_only=True):
    """What one model on one server can do; the defaults are a cautious guess."""

    context: int = 4096
    """Tokens really in force, prompt and answer together."""
    prefill: float = 20.0
    """Prompt tokens read in a second."""
    generate: float = 3.0
    """Tokens written in a second."""
    json_schema: bool = True
    """Whether `response_format` with a JSON Schema is obeyed."""
    tools: Tools = "none"
    """How a tool call is best asked for."""
    dialect: str = ""
    """Which of `models.dialects` was read best; empty where it was not measured."""
    threads: int = 0
    """Threads the server computes with; 0 where it is not ours to know."""
    parallel: int = 1
    """Requests at once that pay."""
    family: str = ""
    digest: str = ""
    """SHA-256 of the weights, where it is known."""
    measured_at: datetime | None = None
    """None when nothing was measured."""


UNMEASURED = Profile()
"""What to go by before anything was measured."""


def place(endpoint: Endpoint, name: str = "") -> Path:
    """Return the file of a profile; `name` stands for an address that changes, as our own does."""
    where = f"{name or endpoint.url} {endpoint.model}"
    shown = re.sub(r"[^a-z0-9.]+", "-", endpoint.model.lower()).strip("-.")[:60]
    return cache.folder() / "profiles" / f"{shown}-{_short(where)}.json"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def load(endpoint: Endpoint, name: str = "") -> Profile | None:
    """Return what was measured earlier; None when nothing was."""
    try:
        return msgspec.json.decode(place(endpoint, name).read_bytes(), type=Profile)
    except (OSError, *UNREADABLE):
        return None


def load_own(weights: Path) -> Profile | None:
    """Return what was measured of weights on the embedded server, whose address changes."""
    return load(Endpoint(url="http://127.0.0.1/v1", model=weights.stem), "embedded")


def save(endpoint: Endpoint, profile: Profile, name: str = "") -> None:
    """Keep a profile for later runs."""
    write(place(endpoint, name), msgspec.json.format(msgspec.json.encode(profile)) + b"\n")


async def known(endpoint: Endpoint) -> Profile:
    """Return what was measured of these weights earlier, else a cautious guess.

    In both the server is asked anew for context and digest: it may have been started again with
    less room, or other weights may go by the same name. What Ollama claims before a model is
    loaded is nothing, so the number of before stays. What a person says holds, measured or not.
    """
    claim, digest = await asyncio.gather(context.claimed(endpoint), context.digest(endpoint))
    measured = load(endpoint)
    if measured is None or (digest and digest != measured.digest):
        size = claim or UNMEASURED.context
        return replace(UNMEASURED, context=size, family=family(endpoint.model), digest=digest)
    if not endpoint.context:
        claim = min(measured.context, claim or measured.context)
    return replace(measured, context=claim)


async def probe(
    endpoint: Endpoint,
    *,
    seconds: float = 120.0,
    tell: Callable[[str], None] | None = None,
) -> Profile:
    """Measure a model on its server; about `seconds` go into finding the context.

    Where a person says how large it is, it is not looked for: the long prompts may cost money.
    Raises ModelError, one line with the address, when no answer comes at all.
    """
    say = tell or (lambda _: None)
    interview = Interview(endpoint)
    say("speed")
    prefill, generate = await _speed(interview)
    say("JSON Schema")
    obeys = await _obeys_schema(interview)
    say("tool calls")
    tools = await _tools(interview)
    say("requests at once")
    parallel = await _parallel(interview)
    say("context in force")
    held = await context.claimed(endpoint)
    if not endpoint.context:
        held = await context.in_force(interview, held, prefill, seconds)
    return Profile(
        context=held,
        prefill=round(prefill, 1),
        generate=round(generate, 1),
        json_schema=obeys,
        tools=tools,
        parallel=parallel,
        family=family(endpoint.model),
        digest=await context.digest(endpoint),
        measured_at=datetime.now(UTC).replace(microsecond=0),
    )


async def _speed(interview: Interview) -> tuple[float, float]:
    """Return the tokens read and written in a second."""
    await interview.ask("Say yes.", limit=2, seconds=_PATIENCE)
    text = f"{context.filler(_READ)}\nWrite a short story about these words."
    first = await interview.ask(text, limit=1, seconds=_PATIENCE)
    prefill = first.prefill or (first.prompt or _READ) / first.seconds
    # The prompt is in the server's cache now, so this time is writing alone.
    second = await interview.ask(text, limit=_WRITTEN, seconds=_PATIENCE)
    return prefill, second.generate or (second.generated or _WRITTEN) / second.seconds


async def _obeys_schema(interview: Interview) -> bool:
    """Whether a schema wins over what the prompt asks for."""
    words = ["kiwi-7", "kiwi-8"]
    form: dict[str, Any] = {
        "type": "json_schema",
        "json_schema": {
            "name": "answer",
            "strict": True,
            "schema": {"type": "string", "enum": words},
        },
    }
    answer = await interview.said(
        "Answer with the word banana.", limit=16, seconds=60, response_format=form
    )
    return answer is not None and answer.text.strip().strip('"') in words


async def _tools(interview: Interview) -> Tools:
    asked = "Read the file setup.cfg with the tool."
    answer = await interview.said(asked, limit=64, seconds=60, tools=[_TOOL])
    if answer is None:
        return "none"
    if any(call.tool == "read_file" for call in answer.calls):
        return "native"
    return "text" if "read_file" in answer.text and "setup.cfg" in answer.text else "none"


async def _parallel(interview: Interview) -> int:
    """Return how many requests at once still bring more tokens a second."""
    pays, best = 1, await _rate(interview, 1)
    while best and pays < _MOST:
        rate = await _rate(interview, pays * 2)
        if rate < best * _PAYS:
            break
        pays, best = pays * 2, rate
    return pays


async def _rate(interview: Interview, requests: int) -> float:
    began = time.monotonic()
    done = await asyncio.gather(
        *(
            interview.attempt(f"Count from {n} to 99.", limit=_WRITTEN, seconds=_PATIENCE)
            for n in range(requests)
        )
    )
    written = sum((t.generated or _WRITTEN) for t in done if t)
    return written / (time.monotonic() - began)
