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

from samovar.core.errors import Unreachable
from samovar.core.log import write
from samovar.models import cache, context
from samovar.models.endpoint import Endpoint
from samovar.models.sampling import family
from samovar.models.trial import Trial, attempt

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
    except (OSError, msgspec.MsgspecError):
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
    loaded is nothing, so the number of before stays.
    """
    claim, digest = await asyncio.gather(context.claimed(endpoint), context.digest(endpoint))
    measured = load(endpoint)
    if measured is None or (digest and digest != measured.digest):
        size = claim or UNMEASURED.context
        return replace(UNMEASURED, context=size, family=family(endpoint.model), digest=digest)
    return replace(measured, context=min(measured.context, claim or measured.context))


async def probe(
    endpoint: Endpoint,
    *,
    seconds: float = 120.0,
    tell: Callable[[str], None] | None = None,
) -> Profile:
    """Measure a model on its server; about `seconds` go into finding the context.

    Raises Unreachable when it does not answer at all.
    """
    say = tell or (lambda _: None)
    say("speed")
    prefill, generate = await _speed(endpoint)
    say("JSON Schema")
    obeys = await _obeys_schema(endpoint)
    say("tool calls")
    tools = await _tools(endpoint)
    say("requests at once")
    parallel = await _parallel(endpoint)
    say("context in force")
    claim = await context.claimed(endpoint)
    return Profile(
        context=await context.in_force(endpoint, claim, prefill, seconds),
        prefill=round(prefill, 1),
        generate=round(generate, 1),
        json_schema=obeys,
        tools=tools,
        parallel=parallel,
        family=family(endpoint.model),
        digest=await context.digest(endpoint),
        measured_at=datetime.now(UTC).replace(microsecond=0),
    )


async def _speed(endpoint: Endpoint) -> tuple[float, float]:
    """Return the tokens read and written in a second."""
    await _must(endpoint, "Say yes.", 2)
    text = f"{context.filler(_READ)}\nWrite a short story about these words."
    first = await _must(endpoint, text, 1)
    prefill = first.prefill or (first.prompt or _READ) / first.seconds
    # The prompt is in the server's cache now, so this time is writing alone.
    second = await _must(endpoint, text, _WRITTEN)
    return prefill, second.generate or (second.generated or _WRITTEN) / second.seconds


async def _must(endpoint: Endpoint, text: str, limit: int) -> Trial:
    trial = await attempt(endpoint, text, limit=limit, seconds=_PATIENCE)
    if trial is None:
        raise Unreachable(
            f"{endpoint.model} at {endpoint.shown} does not answer: "
            "start the server, and see 'samovar model list' for the models it has"
        )
    return trial


async def _obeys_schema(endpoint: Endpoint) -> bool:
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
    trial = await attempt(
        endpoint, "Answer with the word banana.", limit=16, seconds=60, response_format=form
    )
    return trial is not None and trial.text.strip().strip('"') in words


async def _tools(endpoint: Endpoint) -> Tools:
    asked = "Read the file setup.cfg with the tool."
    trial = await attempt(endpoint, asked, limit=64, seconds=60, tools=[_TOOL])
    if trial is None:
        return "none"
    if trial.called == "read_file":
        return "native"
    return "text" if "read_file" in trial.text and "setup.cfg" in trial.text else "none"


async def _parallel(endpoint: Endpoint) -> int:
    """Return how many requests at once still bring more tokens a second."""
    pays, best = 1, await _rate(endpoint, 1)
    while best and pays < _MOST:
        rate = await _rate(endpoint, pays * 2)
        if rate < best * _PAYS:
            break
        pays, best = pays * 2, rate
    return pays


async def _rate(endpoint: Endpoint, requests: int) -> float:
    began = time.monotonic()
    trials = await asyncio.gather(
        *(
            attempt(endpoint, f"Count from {n} to 99.", limit=_WRITTEN, seconds=_PATIENCE)
            for n in range(requests)
        )
    )
    written = sum((t.generated or _WRITTEN) for t in trials if t)
    return written / (time.monotonic() - began)
