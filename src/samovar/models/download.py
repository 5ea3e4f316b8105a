"""Fetch one large file over HTTP, going on where an earlier try stopped."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import IO

from samovar.core.errors import Unreachable
from samovar.models.proxy import by, way

_CONNECT = 4.0
_SILENCE = 30.0
_TRIES = 5
"""Tries in a row that bring nothing new before giving up."""


async def download(url: str, part: Path, size: int, progress: Callable[[int, int], None]) -> None:
    """Fill `part` up to `size` bytes from `url`.

    Raises Unreachable, in a few words, when the server does not answer or does not have it.
    """
    tries = 0
    while (have := _size(part)) < size:
        progress(have, size)
        try:
            await _continue(url, part, size, progress)
        except Unreachable:
            tries = 1 if _size(part) > have else tries + 1
            if tries >= _TRIES or _size(part) == 0:
                raise
    progress(size, size)


async def _continue(url: str, part: Path, size: int, progress: Callable[[int, int], None]) -> None:
    import httpx2  # a tenth of a second; only who fetches weights needs it here

    have = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    time_out = httpx2.Timeout(_SILENCE, connect=_CONNECT)
    host = httpx2.URL(url).host
    reached = httpx2.AsyncHTTPTransport(proxy=way(url))
    try:
        async with (
            httpx2.AsyncClient(
                timeout=time_out, follow_redirects=True, transport=reached
            ) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            start = _start(answer.status_code, answer.headers, have, host)
            await _write(answer.aiter_bytes(), part, start, size, progress)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Unreachable(f"{host} cannot be reached{by(url)}") from error
    if _size(part) < size:
        raise Unreachable(f"{host} broke off")


def _start(status: int, headers: Mapping[str, str], have: int, host: str) -> int:
    """Return from which byte on the answer is."""
    if "html" in headers.get("content-type", ""):
        raise Unreachable(f"{host} sent a web page in place of the file")
    if status == 206 and headers.get("content-range", "").startswith(f"bytes {have}-"):
        return have
    if status == 200:
        return 0
    raise Unreachable(f"{host} answered HTTP {status}")


async def _write(
    blocks: AsyncIterator[bytes],
    part: Path,
    start: int,
    size: int,
    progress: Callable[[int, int], None],
) -> None:
    with _from(part, start) as handle:
        async for block in blocks:
            handle.write(block[: size - handle.tell()])
            progress(handle.tell(), size)
            if handle.tell() >= size:
                return


def _from(part: Path, start: int) -> IO[bytes]:
    handle = open(part, "r+b" if part.exists() else "wb")  # noqa: SIM115 - the caller closes it
    handle.truncate(start)
    handle.seek(start)
    return handle


def _size(path: Path) -> int:
    return os.stat(path).st_size if path.exists() else 0
