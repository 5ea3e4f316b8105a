"""Small JSON questions to a server's own routes; the standard library is enough for them."""

import asyncio
import http.client
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

import msgspec

from samovar.core.errors import UNREADABLE, Unreachable
from samovar.models.proxy import way

GOOD = range(200, 300)
"""The statuses of an answer that is none of an error."""
_LARGEST = 8 << 20
_FAILURES = (
    Unreachable,
    URLError,
    http.client.HTTPException,
    OSError,
    ValueError,
    msgspec.MsgspecError,
)


async def ask(
    url: str, body: object = None, *, key: str = "", seconds: float = 5.0
) -> dict[str, Any]:
    """Return the JSON object a GET (with a body, a POST) answers; an empty one for anything else.

    Never raises: what a server does not offer is not an error here.
    """
    status, found = await heard(url, body, key=key, seconds=seconds)
    return found if status in GOOD else {}


async def heard(
    url: str, body: object = None, *, key: str = "", seconds: float = 5.0
) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the JSON object of an answer, an empty one for anything else.

    The status is 0 when nobody answers.
    """
    return await asyncio.to_thread(_heard, url, body, key, seconds)


def _heard(url: str, body: object, key: str, seconds: float) -> tuple[int, dict[str, Any]]:
    try:
        with _opened(_request(url, body, key), seconds) as answer:
            return answer.status, _decoded(answer.read(_LARGEST))
    except _FAILURES:
        return 0, {}


def _opened(request: Request, seconds: float) -> Any:
    try:
        return _opener(request.full_url).open(request, timeout=seconds)
    except HTTPError as refusal:
        return refusal


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except UNREADABLE:
        return {}
    return found if isinstance(found, dict) else {}


def _request(url: str, body: object, key: str) -> Request:
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else msgspec.json.encode(body)
    return Request(url, data, headers)  # noqa: S310 - Endpoint admits http and https only


def _opener(url: str) -> OpenerDirector:
    place = way(url)
    return build_opener(ProxyHandler({urlsplit(url).scheme: place} if place else {}))
