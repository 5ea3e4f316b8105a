"""Find the model servers that run on this machine."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from urllib.parse import urlsplit

from msgspec.structs import replace

from samovar.models.endpoint import Endpoint, Kind
from samovar.models.wire import GOOD, ask, heard

_SECONDS = 0.5
_PORTS: tuple[tuple[int, Kind], ...] = (
    (11434, "ollama"),
    (1234, "lmstudio"),
    (8080, "llama.cpp"),
    (8000, "vllm"),
)
CLOSED = (401, 403)
"""How a server answers that wants a key, or another one."""
_UNLISTED = (404, 405)
_EMBEDS = re.compile(r"embed|minilm|rerank|(?<![a-z0-9])(bge|e5|gte)(?![a-z0-9])")
OLLAMA_NOTE = (
    "Ollama cuts prompts at 2,048 or 4,096 tokens unless told otherwise: start it with "
    "OLLAMA_CONTEXT_LENGTH=16384, then run 'samovar doctor'"
)


async def discover(configured: Sequence[Endpoint] = ()) -> list[Endpoint]:
    """Return what is configured, as it is, then every model of the servers on well-known ports.

    Those made for code come first, those for embeddings last.
    Asks 127.0.0.1 only, half a second at most.
    """
    known = {endpoint.url for endpoint in configured}
    near = [Endpoint(url=f"http://127.0.0.1:{p}", model="", kind=kind) for p, kind in _PORTS]
    found = await asyncio.gather(*(_models(e, _SECONDS) for e in near if e.url not in known))
    return [*configured, *_ranked(chain.from_iterable(models for _, models in found))]


async def named(endpoint: Endpoint) -> list[Endpoint]:
    """Return one endpoint for each model a server has, such as one configured without a model.

    Empty when it does not answer. Those made for code come first, those for embeddings last.
    A server that lets nobody read its list, as Anthropic's, may have the model that was named.
    """
    guess = endpoint.kind
    if guess == "other":
        guess = dict(_PORTS).get(urlsplit(endpoint.root).port or 0, "other")
    at = replace(endpoint, kind=guess)
    status, found = await _models(at, 5.0)
    if not found and at.model and _unlisted(status, at.key):
        return [replace(at, kind=_kind(guess, ()), listed=False)]
    return _ranked(found)


async def heeds(endpoint: Endpoint) -> int:
    """Return the HTTP status of a server's list of models; 0 when nobody answers."""
    status, _ = await heard(f"{endpoint.url}/models", key=endpoint.key)
    return status


def embeds(model: str) -> bool:
    """Return whether a model is one for embeddings, by its name: it writes no text."""
    return _EMBEDS.search(model.lower()) is not None


def _ranked(found: Iterable[Endpoint]) -> list[Endpoint]:
    return sorted(found, key=lambda e: (embeds(e.model), "code" not in e.model.lower()))


def _unlisted(status: int, key: str) -> bool:
    """Return whether a server is one that shows no list, rather than one that wants a key."""
    return status in _UNLISTED or (status in CLOSED and key != "")


async def _models(at: Endpoint, seconds: float) -> tuple[int, list[Endpoint]]:
    """Return the HTTP status of a server's list, and the models in it; its kind is a guess."""
    status, answer = await heard(f"{at.url}/models", key=at.key, seconds=seconds)
    data = answer.get("data") if status in GOOD else None
    entries = [e for e in data if isinstance(e, dict)] if isinstance(data, list) else []
    names = sorted({e["id"] for e in entries if isinstance(e.get("id"), str) and e["id"]})
    kind = _kind(at.kind, (e.get("owned_by") for e in entries))
    if names and kind == "other":
        # Models that were made or pulled from elsewhere are not of Ollama's library.
        said = await ask(f"{at.root}/api/version", key=at.key, seconds=seconds)
        kind = "ollama" if isinstance(said.get("version"), str) else kind
    return status, [replace(at, model=name, kind=kind) for name in names]


def _kind(guess: Kind, owners: Iterable[object]) -> Kind:
    """Return which server it is: by what it says of itself, else by its port."""
    said = set(owners)
    if "llamacpp" in said:
        return "llama.cpp"
    if "vllm" in said:
        return "vllm"
    if "library" in said:
        return "ollama"
    return guess if guess in ("ollama", "lmstudio") else "other"
