"""One GET request to the web, dialled at an address that was checked and no other."""

import asyncio
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, cast
from urllib.parse import urljoin

import httpcore2
from msgspec import Struct

from samovar.core.errors import ToolError
from samovar.tools.address import Hosts, Target, as_address, parse

SECONDS = 20.0
"""For a page with all its redirections."""
LARGEST = 5 << 20
REDIRECTS = 5
_CONNECT = 6.0
_FAILED = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    ssl.SSLError,
    OSError,
)
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a name and a port to addresses."""
Onward = Callable[[Target, Target], None]
"""Takes what was asked for and where that leads; raises ToolError unless it may be followed."""


class Page(Struct, frozen=True):
    """What a server sent."""

    url: str
    """Where it came from in the end."""
    kind: str
    """Its content type, without parameters."""
    charset: str
    """As the server told it; empty where it did not."""
    data: bytes
    cut: bool = False
    """Whether it was larger than is read."""


def _anywhere(_first: Target, _then: Target, /) -> None:
    return None


async def get(
    url: str, hosts: Hosts, resolve: Resolve | None = None, onward: Onward = _anywhere
) -> Page:
    """Return a page. Raises ToolError for an address that is not allowed, or no page.

    Every name is resolved once, all its addresses are checked, and one of these is dialled, for
    each redirection anew.
    """
    try:
        async with asyncio.timeout(SECONDS):
            return await _followed(parse(url), hosts, resolve or resolved, onward)
    except TimeoutError as error:
        raise ToolError(f"{url} did not answer within {SECONDS:.0f} s") from error


async def resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, as the machine knows them."""
    loop = asyncio.get_running_loop()
    try:
        rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ToolError(f"{host} is not known here: no network, or no such name") from error
    return [str(row[4][0]) for row in rows]


class Dialler:
    """The network of a connection pool: resolves, checks, and dials what was checked."""

    def __init__(self, hosts: Hosts, resolve: Resolve) -> None:
        self._hosts = hosts
        self._resolve = resolve
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the pool passes it
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to a name."""
        found = (host,) if as_address(host) else await self._resolve(host, port)
        addresses = list(dict.fromkeys(found))
        for address in addresses:
            self._hosts.check_address(address, port)
        for address in addresses[:3]:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout=timeout or _CONNECT, socket_options=socket_options
                )
            except httpcore2.ConnectError:
                continue
        raise ToolError(f"{host} does not answer on port {port}")

    async def connect_unix_socket(self, path: str, **_more: object) -> httpcore2.AsyncNetworkStream:
        """Refuse: nothing of the web is there."""
        raise ToolError(f"{path} is no address of the web")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def _followed(first: Target, hosts: Hosts, resolve: Resolve, onward: Onward) -> Page:
    target = first
    for _ in range(REDIRECTS + 1):
        hosts.check(target)
        found = await _asked(target, hosts, resolve)
        if isinstance(found, Page):
            return found
        target = parse(urljoin(target.shown, found))
        onward(first, target)
    raise ToolError(f"{target.host} redirects more than {REDIRECTS} times")


async def _asked(target: Target, hosts: Hosts, resolve: Resolve) -> Page | str:
    """Return the page, or where it is said to be."""
    network = cast("httpcore2.AsyncNetworkBackend", Dialler(hosts, resolve))
    headers: dict[bytes | str, bytes | str] = {
        "Host": target.shown.split("/")[2],
        "User-Agent": "samovar",
        "Accept": "text/html, text/*;q=0.9, application/json;q=0.9, */*;q=0.1",
        "Accept-Encoding": "identity",
    }
    limits = {"timeout": {"connect": _CONNECT, "read": SECONDS, "write": SECONDS}}
    try:
        async with (
            httpcore2.AsyncConnectionPool(network_backend=network) as pool,
            pool.stream("GET", target.shown, headers=headers, extensions=limits) as answer,
        ):
            told = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in answer.headers}
            if answer.status in (301, 302, 303, 307, 308) and told.get("location"):
                return told["location"]
            if answer.status != 200:
                raise ToolError(f"{target.shown} answered HTTP {answer.status}")
            stream = cast("AsyncIterator[bytes]", answer.aiter_stream())
            return await _page(target, told, stream)
    except _FAILED as error:
        said = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise ToolError(f"{target.shown} cannot be fetched: {said}") from error


async def _page(target: Target, told: dict[str, str], stream: AsyncIterator[bytes]) -> Page:
    data = bytearray()
    async for block in stream:
        data += block
        if len(data) > LARGEST:
            break
    kind, _, more = told.get("content-type", "").partition(";")
    charset = more.lower().partition("charset=")[2].strip(" \"'").partition(";")[0]
    plain = _unpacked(bytes(data[:LARGEST]), told.get("content-encoding", "identity").lower())
    cut = len(data) > LARGEST or len(plain) > LARGEST
    return Page(target.shown, kind.strip().lower(), charset, plain[:LARGEST], cut)


def _unpacked(data: bytes, how: str) -> bytes:
    """Return what is inside, up to a little more than the largest page."""
    if how in ("identity", ""):
        return data
    if how not in ("gzip", "x-gzip", "deflate"):
        raise ToolError(f"the page is packed by {how[:20]!r}, which is not read here")
    try:
        return zlib.decompressobj(47).decompress(data, LARGEST + 1)
    except zlib.error as error:
        raise ToolError("the page is packed in a way that cannot be read") from error
