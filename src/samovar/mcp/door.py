"""The door of the HTTP server: who asks, by which name, from which page, before anything is read.

A token is wanted on this machine, too: every program and every web page can reach 127.0.0.1.
Source: MCP 2026-07-28, transports, security warning; CVE-2025-49596 (no token, DNS rebinding).
"""

import hmac
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from samovar.core.errors import SetupError
from samovar.core.log import write
from samovar.settings import variables

VARIABLE = "SAMOVAR_MCP_TOKEN"
FILE = "mcp.token"
SHORTEST = 16
PATH = "/mcp"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def find_token(home: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Return the token of a home; the first time it is made and kept in mcp.token, mode 0600.

    Raises SetupError for a token that could be guessed.
    """
    given = variables(home, environment).get(VARIABLE, "")
    path = home / FILE
    if not given and path.exists():
        path.chmod(0o600)
        given = path.read_text(errors="replace").strip()
    if not given:
        given = secrets.token_urlsafe(32)
        write(path, f"{given}\n".encode())
        path.chmod(0o600)
    if len(given) < SHORTEST:
        raise SetupError(
            f"the MCP token has {len(given)} characters, fewer than {SHORTEST}: put a longer one "
            f"into {VARIABLE}, or remove it and {path}"
        )
    return given


@dataclass(frozen=True)
class Door:
    """An ASGI application around another."""

    inner: Application
    token: str
    hosts: frozenset[str]
    """Host headers that mean us, with their port."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] == "lifespan":
            await self.inner(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self.inner(scope, receive, send)
        elif scope["type"] == "http":
            await _answer(send, *refusal)
        else:
            await send({"type": "websocket.close", "code": 4403, "reason": "no"})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        hosts, origins = _all(scope, b"host"), _all(scope, b"origin")
        if scope["type"] != "http" or len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return 403, "this server is not called so; use the address it printed"
        here = {f"http://{h}" for h in self.hosts}
        if any(o.lower() not in here for o in origins):
            return 403, "requests from web pages are refused"
        given = _all(scope, b"authorization")
        kind, _, word = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        known = hmac.compare_digest(word.strip().encode("utf-8", "replace"), self.token.encode())
        if kind.lower() != "bearer" or not known:
            return 401, "send 'Authorization: Bearer TOKEN'; the server printed where it lies"
        return None if scope["path"] == PATH else (404, f"there is nothing but {PATH}")


async def _answer(send: Send, status: int, text: str) -> None:
    body = msgspec.json.encode({"error": text})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _all(scope: Scope, name: bytes) -> list[str]:
    return [v.decode("latin-1") for n, v in scope.get("headers", ()) if n == name]
