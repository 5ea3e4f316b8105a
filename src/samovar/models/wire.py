"""Small JSON questions to a server's own routes; the standard library is enough for them."""

import asyncio
import http.client
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

import msgspec

from samovar.core.errors import Unreachable
from samovar.models.proxy import way

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
    return await asyncio.to_thread(_ask, url, body, key, seconds)


async def status(url: str, *, key: str = "", seconds: float = 5.0) -> int:
    """Return the HTTP status a GET is answered with; 0 when nobody answers."""

    def asked() -> int:
        try:
            with _opener(url).open(_request(url, None, key), timeout=seconds) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except _FAILURES:
            return 0

    return await asyncio.to_thread(asked)


def _ask(url: str, body: object, key: str, seconds: float) -> dict[str, Any]:
    try:
        with _opener(url).open(_request(url, body, key), timeout=seconds) as answer:
            found = msgspec.json.decode(answer.read(_LARGEST))
    except _FAILURES:
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
