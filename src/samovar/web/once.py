"""What is delivered again is acted on once: requests with an Idempotency-Key, and our own forms.

Semantics of the IETF draft httpapi-idempotency-key-header: a repeat gets the answer of the first;
one that comes while the first is being worked on, or after a crash in the middle of it, gets 409;
another body under a key that was used gets 422. What was refused, or could not be begun since the
database was away, was not acted on: its key is free again. A key is kept for a day.

A form of our pages carries a seal that is new whenever a page is shown, so the whole of it is its
key: a second click, or a page sent again, leads where the first led. It waits for that. While the
database is away nobody knows which click is the second: a form is let in, so that what needs no
database can be done, and a request with a key, whose sender can come back, gets 503.
"""

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import Struct

from samovar.core.errors import SamovarError
from samovar.org.seams import Effect, Effects
from samovar.web.body import LARGEST, Body, is_form, read
from samovar.web.failing import status_of
from samovar.web.forms import FIELD
from samovar.web.guard import JSON, Refuse, answered, headers_of

log = structlog.get_logger("samovar.web")
LONGEST = 200
"""Bytes of a key."""
DAY = 86_400.0
LOOKS, GAP = 100, 0.1
"""How often a second click looks for the answer to the first, and seconds between two looks."""
_NAME = "delivery:"
_AWAY = 503


class Answer(Struct, frozen=True):
    """What a request was answered with."""

    status: int
    body: bytes
    location: str = ""
    """Where it led; empty for an answer that leads nowhere."""


class Delivery(Struct, frozen=True):
    """A request that is to be acted on once."""

    name: str
    """Under which its answer is kept."""
    digest: str
    """Of its body: another one under the same name is another request."""
    sealed: bool
    """Whether it is a form of our pages: then it waits for the answer to one that came before."""


@dataclass(frozen=True)
class Once:
    """An ASGI application around ours."""

    app: ASGIApp
    effects: Effects
    """Where answers are kept."""
    refuse: Refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a first delivery in, and answer a repeat here."""
        key = _key(scope)
        if not key and not is_form(scope):
            await self.app(scope, receive, send)
            return
        if len(key) > LONGEST:
            await self._refuse(scope, send, 400, f"an Idempotency-Key has at most {LONGEST} bytes")
            return
        body = await read(receive)
        if body.cut_off:
            # Nobody waits for an answer, and half a request is no wish of anybody's.
            return
        if len(body.data) > LARGEST:
            await self._refuse(scope, send, 413, f"a request has at most {LARGEST} bytes")
            return
        delivery = _delivery(scope["path"], key, body)
        if delivery is None:
            await self.app(scope, body.again(receive), send)
        else:
            await self._once(delivery, scope, body.again(receive), send)

    async def _once(self, delivery: Delivery, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.effects.forget(_NAME, older=DAY)
            known = await self.effects.intend(delivery.name, delivery.digest)
        except SamovarError as error:
            if delivery.sealed:
                await self.app(scope, receive, send)
            else:
                await self._refuse(scope, send, status_of(error), str(error))
            return
        known = await self._waited(delivery, known)
        if known.fresh:
            await self._keep(delivery.name, await self._first(scope, receive, send))
        elif known.what != delivery.digest:
            used = "this Idempotency-Key was used for another request"
            await self._refuse(scope, send, 422, used)
        elif not known.done:
            waits = "the first delivery has no answer yet; see whether it was done"
            await self._refuse(scope, send, 409, waits)
        else:
            kept = msgspec.json.decode(known.result, type=Answer)
            led = [(b"location", kept.location.encode("latin-1"))] if kept.location else JSON
            await answered(kept.status, kept.body, led)(send)

    async def _waited(self, delivery: Delivery, known: Effect) -> Effect:
        """Return what is known of a delivery, once its first one is answered or time is up."""
        for _ in range(LOOKS if delivery.sealed else 0):
            if known.fresh or known.done:
                break
            await asyncio.sleep(GAP)
            # Another look may find the database back; what has begun is never let in again.
            with suppress(SamovarError):
                known = await self.effects.intend(delivery.name, delivery.digest)
        return known

    async def _refuse(self, scope: Scope, send: Send, status: int, text: str) -> None:
        await self.refuse(scope, status, text, "")(send)

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
        status, parts, location = 500, [], ""

        async def sending(message: Message) -> None:
            nonlocal status, location
            if message["type"] == "http.response.start":
                status = message["status"]
                location = dict(message.get("headers", [])).get(b"location", b"").decode("latin-1")
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, sending)
        return Answer(status, b"".join(parts), location)


def _key(scope: Scope) -> bytes:
    if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
        return b""
    found = headers_of(scope, b"idempotency-key") if scope["path"].startswith("/api/") else []
    return found[0].encode("latin-1") if found else b""


def _delivery(path: str, key: bytes, body: Body) -> Delivery | None:
    """Return what makes a request the same as one before; None for a form without a seal."""
    sealed = not key and FIELD in body.fields
    if not key and not sealed:
        return None
    named = hashlib.sha256(path.encode() + b" " + (key or body.data)).hexdigest()
    digest = hashlib.sha256(body.data).hexdigest()
    return Delivery(f"{_NAME}{named}", digest, sealed)
