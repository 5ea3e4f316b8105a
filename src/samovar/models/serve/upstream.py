"""Ask the server behind ours, always streaming, so that silence is noticed."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec

from samovar.core.errors import UNREADABLE
from samovar.models.endpoint import Endpoint
from samovar.models.proxy import way
from samovar.models.serve.fault import Fault, too_long
from samovar.models.serve.keeper import Behind

_SILENCE = 300.0
"""Seconds without a byte, also none of llama.cpp's progress, after which a server is given up."""
_CONNECT = 5.0
_LONGEST = 8 << 20


@dataclass(frozen=True)
class Upstream:
    """The server behind ours."""

    behind: Behind

    @property
    def endpoint(self) -> Endpoint:
        """Where it answers now. Raises Fault while it does not."""
        found = self.behind.endpoint
        if found is None:
            text = "the model is being started: try again in a few seconds"
            raise Fault(503, text, code="model_not_ready")
        return found

    @property
    def model(self) -> str:
        """The server's own name for the model. Raises Fault while it does not answer."""
        return self.endpoint.model

    @property
    def forms(self) -> bool:
        """A server is asked to hold answers to a schema; what comes is read leniently anyway."""
        return True

    async def chat(self, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the chunks of an answer. Raises Fault when there is none, or it breaks off."""
        endpoint = self.endpoint
        extra = {"return_progress": True} if endpoint.kind == "llama.cpp" else {}
        whole = {"model": endpoint.model, "stream": True, **extra, **body}
        whole["stream_options"] = {"include_usage": True}
        url = f"{endpoint.url.rstrip('/')}/chat/completions"
        try:
            async with (
                _client(endpoint) as client,
                client.stream("POST", url, json=whole) as answer,
            ):
                if answer.status_code != 200:
                    raise refused(answer.status_code, await answer.aread())
                async for chunk in _chunks(answer):
                    yield chunk
        except httpx2.TimeoutException as error:
            text = f"the model said nothing for {_SILENCE:.0f} s"
            raise Fault(504, text, code="timeout") from error
        except httpx2.HTTPError as error:
            raise _down() from error

    async def embed(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to an embeddings request. Raises Fault."""
        endpoint = self.endpoint
        url = f"{endpoint.url.rstrip('/')}/embeddings"
        try:
            async with _client(endpoint) as client:
                answer = await client.post(url, json={**body, "model": endpoint.model})
        except httpx2.HTTPError as error:
            raise _down() from error
        if answer.status_code != 200:
            raise refused(answer.status_code, answer.content)
        found = _object(answer.content)
        if not isinstance(found.get("data"), list):
            raise Fault(502, "the model server sent something that is no embedding")
        return found


def refused(status: int, data: bytes) -> Fault:
    """Return the fault for an error of the server behind ours."""
    error = _object(data).get("error")
    fields = (
        error
        if isinstance(error, dict)
        else {"message": error or data[:200].decode("utf-8", "replace")}
    )
    said = " ".join(str(fields.get("message") or "").split())[:400] or f"HTTP {status}"
    said = said.replace("increase the physical batch size", "split the text")
    long = fields.get("type") == "exceed_context_size_error" or "too large to process" in said
    if long or fields.get("code") == "context_length_exceeded":
        return _too_long(fields, said)
    if status == 501:
        return Fault(501, f"the model server cannot do that: {said}", code="not_supported")
    if status in (429, 503):
        return Fault(503, f"the model is busy: {said}; try again", code="overloaded")
    if status in (401, 403):
        key = "give it with --upstream-key, or as the key of its [[models]] table"
        return Fault(502, f"the model server wants a key: {said}; {key}", code="upstream_error")
    if 400 <= status < 500:
        return Fault(400, said)
    return Fault(502, f"the model server failed: {said}", code="upstream_error")


def _too_long(fields: dict[str, Any], said: str) -> Fault:
    size, most = fields.get("n_prompt_tokens"), fields.get("n_ctx")
    if isinstance(size, int) and isinstance(most, int):
        return too_long(size, most)
    return Fault(400, said, code="context_length_exceeded", param="messages")


def _down() -> Fault:
    text = "the model server does not answer, or broke off: try again in a few seconds"
    return Fault(503, text, code="model_not_ready")


def _client(endpoint: Endpoint) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    times = httpx2.Timeout(_SILENCE, connect=_CONNECT)
    reached = httpx2.AsyncHTTPTransport(proxy=way(endpoint.url))
    return httpx2.AsyncClient(headers=headers, timeout=times, transport=reached)


async def _chunks(answer: httpx2.Response) -> AsyncGenerator[dict[str, Any], None]:
    """Yield what the lines of a stream carry. Raises Fault when it ends before its end."""
    async for line in answer.aiter_lines():
        if len(line) > _LONGEST:
            raise Fault(502, "the model server sent a line that is too long")
        field, _, data = line.partition(":")
        if data.strip() == "[DONE]":
            return
        found = _object(data.encode()) if field == "data" else {}
        if found.get("error"):
            raise refused(500, data.encode())
        if found:
            yield found
    raise _down()


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except UNREADABLE:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            return {}
    return found if isinstance(found, dict) else {}
