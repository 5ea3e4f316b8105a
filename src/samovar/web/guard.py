"""The door: every request passes here first, also one to a page that does not exist.

It checks the Host header (DNS rebinding), the Origin (other sites), and who asks; and it gives
every answer its security headers. Forms are checked by `forms`, which reads them.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from samovar.web.body import is_form, read
from samovar.web.keys import Keys

PUBLIC = ("/login", "/health")
"""Paths that need no token; the files under /assets/ are the only others."""
SAFE = ("GET", "HEAD")
SAQ = "/saq"
"""Where SAQ's own page is mounted. It has scripts in files, without our nonce."""
MACHINES = ("/api/", "/live", "/metrics", "/docs/openapi", "/ws", f"{SAQ}/api")
"""Where a missing token is answered with 401 instead of the login page."""


@dataclass(frozen=True)
class Visit:
    """Who asks, and the nonce of the answer."""

    nonce: str
    session: str = ""
    """The session's cookie; empty for a bearer of the token, and for a stranger."""
    bearer: bool = False

    @property
    def known(self) -> bool:
        """Whether the request carries a good token or session."""
        return self.bearer or bool(self.session)


def visit_of(scope: Any) -> Visit:
    """Return what the guard found out about a request."""
    found: Visit = scope["state"]["visit"]
    return found


@dataclass(frozen=True)
class Guard:
    """An ASGI application around ours."""

    app: ASGIApp
    keys: Keys
    hosts: frozenset[str]
    """Host headers that mean us, with their port."""
    refuse: "Refuse"
    cookie: str = "samovar"
    """Name of the session's cookie. Browsers share cookies between the ports of one host."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] not in (ScopeType.HTTP, ScopeType.WEBSOCKET):
            await self.app(scope, receive, send)
            return
        visit = self._visit(scope)
        scope.setdefault("state", {})["visit"] = visit
        answer = self._refusal(scope, receive, visit)
        if answer is None:
            await self.app(scope, receive, _with_headers(send, _policy(scope["path"], visit.nonce)))
        elif scope["type"] == ScopeType.WEBSOCKET:
            await receive()
            await send({"type": "websocket.close", "code": 4401, "reason": "no"})
        else:
            await answer(_with_headers(send, _policy(scope["path"], visit.nonce)))

    def _visit(self, scope: Scope) -> Visit:
        nonce = secrets.token_urlsafe(12)
        given = _header(scope, b"authorization")
        if given:
            kind, _, token = given.partition(" ")
            good = kind.lower() == "bearer" and self.keys.opens(token.strip())
            return Visit(nonce, bearer=good)
        session = _cookie(_header(scope, b"cookie"), self.cookie)
        return Visit(nonce, session if session and self.keys.lasts(session) else "")

    def _refusal(self, scope: Scope, receive: Receive, visit: Visit) -> "Answer | None":
        if headers_of(scope, b"host")[1:] or _header(scope, b"host").lower() not in self.hosts:
            return said(403, "this server is not called so; see docs/guides/dashboard.md")
        if not self._from_here(scope):
            return said(403, "requests from other sites are refused")
        path: str = scope["path"]
        if visit.known or path in PUBLIC or path.startswith("/assets/"):
            return None
        if not path.startswith(MACHINES) and is_form(scope):
            return self._ended(scope, receive)
        if path.startswith(MACHINES) or scope.get("method") not in SAFE:
            return said(401, "no valid token: send 'Authorization: Bearer TOKEN', or log in")
        return _login(scope)

    def _ended(self, scope: Scope, receive: Receive) -> "Answer":
        """Return the answer to a form whose session is over; what was typed comes back with it."""

        async def answer(send: Send) -> None:
            typed = (await read(receive)).fields
            text = "you are logged in no more, so nothing was done: log in, then do it again"
            kept = typed.get("text") or typed.get("note", "")
            await self.refuse(scope, 401, text, kept)(send)

        return answer

    def _from_here(self, scope: Scope) -> bool:
        """Say whether a request comes from one of our own pages, or from no page at all."""
        origins = headers_of(scope, b"origin")
        if origins:
            scheme, _, host = origins[0].lower().partition("://")
            return len(origins) == 1 and scheme in ("http", "https") and host in self.hosts
        site = _header(scope, b"sec-fetch-site")
        if site in ("", "none", "same-origin"):
            return True
        # Following a link from elsewhere is fine; the cookie does not travel with it.
        return scope.get("method") in SAFE and _header(scope, b"sec-fetch-mode") == "navigate"


Answer = Callable[[Send], Awaitable[None]]
Refuse = Callable[[Scope, int, str, str], Answer]
"""Answers a request that reaches no route: its status, what to do, and what somebody had typed."""
JSON = [(b"content-type", b"application/json")]


def said(status: int, text: str) -> Answer:
    """Return an answer that says what is wrong, as JSON."""
    body = msgspec.json.encode({"error": text, "status": status})
    extra = [(b"www-authenticate", b"Bearer")] if status == 401 else []
    return answered(status, body, [*JSON, *extra])


def _login(scope: Scope) -> Answer:
    query = scope["query_string"].decode("latin-1")
    wanted = scope["path"] + (f"?{query}" if query else "")
    target = "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='/')}"
    return answered(303, b"", [(b"location", target.encode())])


def answered(status: int, body: bytes, headers: list[tuple[bytes, bytes]] = JSON) -> Answer:
    """Return an answer of one piece; JSON by default."""

    async def answer(send: Send) -> None:
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return answer


def _policy(path: str, nonce: str) -> str:
    """Return what a page may load (Content Security Policy Level 3)."""
    scripts, images = f"'nonce-{nonce}'", "'self'"
    if path == SAQ or path.startswith(f"{SAQ}/"):
        # Its scripts are files, and its style sheet holds its pictures.
        scripts, images = f"'self' {scripts}", f"{images} data:"
    return (
        "default-src 'none'; style-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'; "
        f"script-src {scripts}; img-src {images}; "
        "require-trusted-types-for 'script'; trusted-types htmx"
    )


def _with_headers(send: Send, policy: str) -> Send:
    fixed = {
        b"content-security-policy": policy.encode(),
        b"x-content-type-options": b"nosniff",
        # With "no-referrer" a browser also hides the Origin of our own forms.
        b"referrer-policy": b"same-origin",
        b"cross-origin-opener-policy": b"same-origin",
        b"cross-origin-resource-policy": b"same-origin",
        b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
    }

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            names = {n.lower() for n, _ in headers}
            if b"cache-control" not in names:
                headers.append((b"cache-control", b"no-store"))
            message["headers"] = [*headers, *fixed.items()]
        await send(message)

    return sending


def headers_of(scope: Scope, name: bytes) -> list[str]:
    """Return what a request carries under the name of a header, in lower case."""
    return [v.decode("latin-1") for n, v in scope["headers"] if n == name]


def _header(scope: Scope, name: bytes) -> str:
    return next(iter(headers_of(scope, name)), "")


def _cookie(text: str, name: str) -> str:
    # Not http.cookies: it gives up at the first odd cookie some other program of this host set.
    pairs = (p.strip().partition("=") for p in text.split(";"))
    return next((value for key, _, value in pairs if key == name), "")
