"""A delivery that comes again is acted on once: the header Idempotency-Key.

Semantics of the IETF draft httpapi-idempotency-key-header: a repeat gets the answer of the first;
one that comes while the first is being worked on, or after a crash in the middle of it, gets 409;
another body under a key that was used gets 422. What was refused, or could not be begun since the
database was away, was not acted on: its key is free again. A key is kept for a day.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import Struct

from samovar.core.errors import SamovarError
from samovar.org.seams import Effects
from samovar.web.failing import status_of
from samovar.web.guard import answered, headers_of, said

log = structlog.get_logger("samovar.web")
LONGEST = 200
"""Bytes of a key."""
LARGEST = 1 << 20
"""Bytes a request may carry."""
DAY = 86_400.0
_NAME = "delivery:"
_AWAY = 503


class Answer(Struct, frozen=True):
    """What a request was answered with."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Once:
    """An ASGI application around ours, for POST requests of the API that carry a key."""

    app: ASGIApp
    effects: Effects
    """Where answers are kept."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a first delivery in, and answer a repeat here."""
        key = _key(scope)
        if not key:
            await self.app(scope, receive, send)
            return
        if len(key) > LONGEST:
            await said(400, f"an Idempotency-Key has at most {LONGEST} bytes")(send)
            return
        messages, body = await _whole(receive)
        if len(body) > LARGEST:
            await said(413, f"a request has at most {LARGEST} bytes")(send)
            return
        digest = hashlib.sha256(body).hexdigest()
        name = f"{_NAME}{hashlib.sha256(scope['path'].encode() + b' ' + key).hexdigest()}"
        try:
            await self.effects.forget(_NAME, older=DAY)
            known = await self.effects.intend(name, digest)
        except SamovarError as error:
            await said(status_of(error), str(error))(send)
            return
        if known.fresh:
            await self._keep(name, await self._first(scope, _again(messages, receive), send))
        elif known.what != digest:
            await said(422, "this Idempotency-Key was used for another request")(send)
        elif not known.done:
            await said(409, "the first delivery has no answer yet; see whether it was done")(send)
        else:
            kept = msgspec.json.decode(known.result, type=Answer)
            await answered(kept.status, kept.body)(send)

    async def _keep(self, name: str, answer: Answer) -> None:
        """Keep an answer for repeats; what was not acted on may be tried again."""
        try:
            if 400 <= answer.status < 500 or answer.status == _AWAY:
                await self.effects.forget(name)
            elif answer.status < 400:
                await self.effects.complete(name, msgspec.json.encode(answer).decode())
        except SamovarError as error:
            # The answer is out; a repeat hears that this delivery has none yet.
            log.warning("once.not_kept", error=str(error))

    async def _first(self, scope: Scope, receive: Receive, send: Send) -> Answer:
        """Answer a request, and return the answer."""
        status, parts = 500, []

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, sending)
        return Answer(status, b"".join(parts))


def _key(scope: Scope) -> bytes:
    if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
        return b""
    found = headers_of(scope, b"idempotency-key") if scope["path"].startswith("/api/") else []
    return found[0].encode("latin-1") if found else b""


async def _whole(receive: Receive) -> tuple[list[Any], bytes]:
    """Return the messages of a request up to its end or the limit, and its body so far."""
    messages: list[Any] = []
    body = b""
    more = True
    while more and len(body) <= LARGEST:
        message: Any = await receive()
        messages.append(message)
        more = message["type"] == "http.request" and message.get("more_body", False)
        body += message.get("body", b"") if message["type"] == "http.request" else b""
    return messages, body


def _again(messages: list[Any], receive: Receive) -> Receive:
    """Return what gives the messages once more, and then what comes after them."""
    left = list(messages)

    async def receiving() -> Any:
        return left.pop(0) if left else await receive()

    return receiving
