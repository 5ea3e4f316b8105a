"""The routes of the model server and who may ask.

Source: OpenAI's API reference for chat completions, models, embeddings and errors.
"""

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Stream

from samovar.core.errors import UNREADABLE
from samovar.core.message import Sampling
from samovar.models.dialects.offered import Speech
from samovar.models.serve import answered
from samovar.models.serve.asked import understood
from samovar.models.serve.fault import Fault, invalid

Asking = Request[Any, Any, Any]
T = TypeVar("T")
log = logging.getLogger(__name__)
_LARGEST = 32 << 20
"""Bytes of a request."""


class Source(Protocol):
    """What writes the answers: a server behind ours, or a model in this process."""

    @property
    def model(self) -> str:
        """Its own name for the model. Raises Fault while there is none."""
        ...

    @property
    def forms(self) -> bool:
        """Whether answers can be held to a JSON Schema."""
        ...

    def chat(self, body: dict[str, Any], /) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the chunks of an answer. Raises Fault when there is none, or it breaks off."""
        ...

    async def embed(self, body: dict[str, Any], /) -> dict[str, Any]:
        """Return the answer to an embeddings request. Raises Fault."""
        ...


@dataclass(frozen=True)
class Shop:
    """What the server offers, and to whom."""

    source: Source
    dialect: Speech
    model: str
    """Its public name."""
    names: frozenset[str] = frozenset()
    """Other names by which it may be asked for."""
    context: int = 0
    """Tokens of a prompt and its answer together; 0 where nobody knows."""
    sampling: Sampling = field(default_factory=Sampling)
    """For requests that name no temperature."""
    key: str = ""
    """Token clients must send; empty asks for none."""
    hosts: frozenset[str] = frozenset({"localhost"})
    """Names, beside addresses, by which we are reached: a page of another name is an attack."""


def application(shop: Shop) -> Litestar:
    """Return the server."""
    made = int(time.time())

    async def admit(request: Asking) -> None:
        _admit(shop, request)

    @get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [_model(shop, made)]}

    @get("/v1/models/{name:str}")
    async def model(name: FromPath[str]) -> dict[str, Any]:
        _known(shop, name)
        return _model(shop, made)

    @get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok", "model": shop.source.model}

    @post("/v1/chat/completions", status_code=200)
    async def chat(request: Asking) -> Response[Any] | Stream:
        return await _chat(shop, request)

    @post("/v1/embeddings", status_code=200)
    async def embeddings(request: Asking) -> dict[str, Any]:
        return await _embed(shop, request)

    return Litestar(
        [models, model, health, chat, embeddings],
        before_request=admit,
        exception_handlers={Fault: _fault, HTTPException: _http, Exception: _broken},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=_LARGEST,
    )


def _admit(shop: Shop, request: Asking) -> None:
    """Raise Fault for a page that reaches us by DNS rebinding, and for who has no key."""
    for header in ("host", "origin"):
        said = request.headers.get(header, "")
        if said and not _ours(shop, said):
            raise Fault(403, f"{header} {said[:80]!r} is not allowed: ask by address or localhost")
    given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if shop.key and not hmac.compare_digest(given.encode(), shop.key.encode()):
        raise Fault(
            401, "wrong or missing key: send the one given with --key", code="invalid_api_key"
        )


def _ours(shop: Shop, said: str) -> bool:
    try:
        host = urlsplit(said if "//" in said else f"//{said}").hostname or ""
        return host in shop.hosts or bool(ip_address(host))
    except ValueError:
        return False


async def _chat(shop: Shop, request: Asking) -> Response[Any] | Stream:
    fields = await _fields(request)
    _known(shop, fields.get("model"))
    try:
        asked, speech = understood(fields, shop.dialect, shop.sampling)
    except RecursionError as error:
        raise invalid("the request is nested too deep") from error
    form = fields.get("response_format")
    if form and form["type"] != "text" and not shop.source.forms:
        text = "this model cannot be held to a form: leave out response_format"
        raise Fault(501, text, code="not_supported", param="response_format")
    head = answered.Head(shop.model)
    chunks = shop.source.chat(asked.body)
    if not asked.stream:
        made = await _while_there(request, answered.completion(chunks, asked, speech, head))
        return _response(200, made)
    # The first chunk decides whether this is an answer or an error: its status comes before it.
    first = await _while_there(request, anext(chunks, None))
    whole = _joined(first, chunks)
    if asked.tools:
        events = answered.called(whole, asked, speech, head)
    else:
        events = answered.passed(whole, asked, head)
    return Stream(_told(events, chunks), media_type="text/event-stream")


async def _joined(
    first: dict[str, Any] | None, rest: AsyncIterator[dict[str, Any]]
) -> AsyncIterator[dict[str, Any]]:
    if first is not None:
        yield first
    async for chunk in rest:
        yield chunk


async def _told(
    events: AsyncIterator[bytes], chunks: AsyncGenerator[dict[str, Any], None]
) -> AsyncIterator[bytes]:
    """Yield the events; a fault on the way becomes the last one. The server behind us is let go."""
    try:
        async for event in events:
            yield event
    except Fault as fault:
        yield answered.event(fault.body)
    finally:
        await chunks.aclose()


async def _while_there(request: Asking, work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns; stop it when the client goes away."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Fault(499, "the client went away")
        return task.result()
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(request: Asking) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _embed(shop: Shop, request: Asking) -> dict[str, Any]:
    fields = await _fields(request)
    _known(shop, fields.get("model"))
    given = fields.get("input")
    if not _embeddable(given):
        raise invalid("input must be a text, or a list of texts, none of them empty", "input")
    if fields.get("dimensions") is not None:
        raise invalid("this model's vectors have one length: leave out dimensions", "dimensions")
    form = fields.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise invalid("encoding_format must be float or base64", "encoding_format")
    body = {"input": given, "encoding_format": form}
    return {**await shop.source.embed(body), "model": shop.model}


def _embeddable(given: Any) -> bool:
    """Whether it is a text or the tokens of one, or a list of these; nothing of it empty."""
    many = given if isinstance(given, list) and not _tokens(given) else [given]
    return bool(many) and all((isinstance(e, str) and e) or _tokens(e) for e in many)


def _tokens(given: Any) -> bool:
    whole = isinstance(given, list) and all(type(t) is int and t >= 0 for t in given)
    return whole and bool(given)


async def _fields(request: Asking) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(await request.body())
    except UNREADABLE as error:
        raise invalid(f"the body is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise invalid("the body must be a JSON object")
    return fields


def _known(shop: Shop, name: Any) -> None:
    if not isinstance(name, str) or not name:
        raise invalid(f"model must be a name: this server has {shop.model!r}", "model")
    if name not in (shop.model, *shop.names):
        text = f"The model {str(name)[:100]!r} does not exist: this server has {shop.model!r}"
        raise Fault(404, text, code="model_not_found", param="model")


def _model(shop: Shop, made: int) -> dict[str, Any]:
    told = {"id": shop.model, "object": "model", "created": made, "owned_by": "samovar"}
    # As vLLM says it: whoever asks takes no less than there is.
    return told | ({"max_model_len": shop.context} if shop.context else {})


def _fault(_request: Asking, fault: Fault) -> Response[bytes]:
    headers = {"Retry-After": "3"} if fault.status == 503 else {}
    return _response(fault.status, fault.body, headers)


def _http(request: Asking, error: HTTPException) -> Response[bytes]:
    hint = ": there are /v1/chat/completions, /v1/models and /v1/embeddings"
    text = f"{error.detail}{hint if error.status_code == 404 else ''}"
    return _fault(request, Fault(error.status_code, text))


def _broken(request: Asking, error: Exception) -> Response[bytes]:
    """Answer our own mistake."""
    log.error("the model server made a mistake", exc_info=error)
    said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return _fault(request, Fault(500, f"the model server made a mistake: {said}"))


def _response(
    status: int, fields: dict[str, Any], headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    whole = answered.encoded(fields)
    return Response(whole, status_code=status, headers=headers, media_type=MediaType.JSON)
