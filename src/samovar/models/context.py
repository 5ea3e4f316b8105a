"""How many tokens of context a server really gives a model, whatever it claims."""

import random
import re
import secrets
import time
from typing import Any

from samovar.models.endpoint import Endpoint
from samovar.models.interview import Answer, Interview
from samovar.models.wire import ask

_WORDS = ("river", "stone", "cloud", "paper", "green", "seven", "light", "table", "bread", "music")
_SMALLEST = 1024
_LARGEST = 131_072
_STEP = 512
"""Tokens to which the limit is found."""
_ANSWER = 12
_CLAIMS = ("max_model_len", "context_length", "context_window", "max_context_length")
"""What vLLM, OpenRouter, Groq and Mistral call it in their lists of models."""


async def claimed(endpoint: Endpoint) -> int:
    """Return the tokens in force for one request: as the server says, else as a person set it.

    0 when nobody says.
    """
    return await _said(endpoint) or endpoint.context


async def _said(endpoint: Endpoint) -> int:
    root, key, model = endpoint.root, endpoint.key, endpoint.model
    match endpoint.kind:
        case "llama.cpp":
            props = await ask(f"{root}/props", key=key)
            return _whole(_part(props, "default_generation_settings").get("n_ctx"))
        case "ollama":
            running = (await ask(f"{root}/api/ps", key=key)).get("models")
            return _whole(_entry(running, model).get("context_length"))
        case "lmstudio":
            loaded = (await ask(f"{root}/api/v0/models", key=key)).get("data")
            return _whole(_entry(loaded, model).get("loaded_context_length"))
        case "vllm" | "other":
            served = (await ask(f"{endpoint.url}/models", key=key)).get("data")
            entry = _entry(served, model)
            return next((n for name in _CLAIMS if (n := _whole(entry.get(name)))), 0)


async def digest(endpoint: Endpoint) -> str:
    """Return the SHA-256 of the weights; empty when the server does not tell."""
    if endpoint.kind != "ollama":
        return ""
    shown = await ask(f"{endpoint.root}/api/show", {"model": endpoint.model}, key=endpoint.key)
    found = re.search(r"^FROM .*sha256-([0-9a-f]{64})", str(shown.get("modelfile")), re.MULTILINE)
    return found[1] if found else ""


def filler(tokens: int) -> str:
    """Return about so many tokens of plain words that no server has in its cache."""
    draw = random.Random(secrets.token_bytes(8))  # noqa: S311 - filler, no secret
    return " ".join(draw.choices(_WORDS, k=tokens))


async def in_force(interview: Interview, claim: int, speed: float, seconds: float) -> int:
    """Return a number of tokens that surely fits, found within about so many seconds.

    A canary stands at the front of a long prompt; a server that cuts prompts loses it. Gallops
    up, then halves the gap. With a claim, one prompt near it decides, if it is affordable;
    llama.cpp refuses what does not fit, so its claim is believed. `speed` is in tokens a second.
    """
    deadline = time.monotonic() + seconds
    near = claim * 9 // 10
    if claim and interview.endpoint.kind == "llama.cpp" and near / speed > seconds / 2:
        return claim
    if claim and near / speed < seconds / 2 and await _holds(interview, near, seconds):
        return claim
    good, bad = 0, min(claim or _LARGEST, _LARGEST) + 1
    size = _SMALLEST
    while bad - good > _STEP and time.monotonic() + size / speed < deadline:
        if await _holds(interview, size, deadline - time.monotonic() + 5):
            good = size
            size = min(size * 2, (good + bad) // 2)
        else:
            bad = size
            size = (good + bad) // 2
    return good or _SMALLEST


async def _holds(interview: Interview, size: int, seconds: float) -> bool:
    """Whether a prompt of so many tokens arrives whole."""
    canary = f"{secrets.choice(_WORDS)}{secrets.randbelow(900) + 100}"
    text = (
        f"The code word is {canary}.\n{filler(size - 64)}\n"
        "What is the code word from the very beginning? Answer with the code word alone."
    )
    answer = await interview.attempt(text, limit=_ANSWER, seconds=seconds)
    return answer is not None and (canary in answer.text.lower() or _whole_prompt(answer, size))


def _whole_prompt(answer: Answer, size: int) -> bool:
    """Whether the server counted the whole prompt; small models may miss a canary it holds."""
    return answer.prompt >= size - 64


def _entry(entries: object, model: str) -> dict[str, Any]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and model in (entry.get("id"), entry.get("name")):
            return entry
    return {}


def _part(fields: dict[str, Any], name: str) -> dict[str, Any]:
    part = fields.get(name)
    return part if isinstance(part, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
