"""The `mcp` package, and what stands between it and a stranger's server.

Everything a server sends is bounded here, and kept from the package where it would trust it.
"""

import contextlib
import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec import Struct

from samovar.core.errors import SetupError, ToolError
from samovar.core.seams import Session
from samovar.tools.foreign import line
from samovar.tools.wire import Answer, End, Offer, Speaker

LARGEST = 4 << 20
"""Bytes of one message of a server."""
PAGES = 20
MOST = 64
"""Tools taken from one server."""


class Pipe:
    """Lines of JSON to and from a program; what it prints beside them is kept as its last words."""

    def __init__(self, session: Session, end: End) -> None:
        self.session = session
        self.end = end
        self._last = ""

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield every line that may be a message, until the program ends."""
        rest = b""
        while more := await self.session.receive():
            *whole, rest = (rest + more).split(b"\n")
            if len(rest) > LARGEST or any(len(w) > LARGEST for w in whole):
                raise ToolError(f"it sent a message of more than {LARGEST >> 20} MB")
            for each in whole:
                if each.lstrip().startswith(b"{"):
                    yield each
                else:
                    self._note(each)
        self._note(rest)
        stopped = self.session.stopped
        ended = f"its {stopped} in the sandbox is used up" if stopped else "it ended"
        self.end.said = ended + (f", saying: {line(self._last, 200)}" if self._last else "")

    def _note(self, said: bytes) -> None:
        text = said.decode("utf-8", "replace").strip()
        self._last = text or self._last


class _Library(Struct, frozen=True):
    """What is used of the `mcp` package, and its HTTP client."""

    client: Any
    http: Any
    message: Any
    types: Any
    httpx: Any
    anyio: Any


def _library() -> _Library:
    """Import the package, which takes most of a second. Raises SetupError when it is missing."""
    try:
        return _Library(
            client=importlib.import_module("mcp").Client,
            http=importlib.import_module("mcp.client.streamable_http").streamable_http_client,
            message=importlib.import_module("mcp.shared.message").SessionMessage,
            types=importlib.import_module("mcp_types"),
            httpx=importlib.import_module("httpx2"),
            anyio=importlib.import_module("anyio"),
        )
    except ImportError as error:
        raise SetupError("MCP servers need an extra: pip install 'samovar[mcp]'") from error


@asynccontextmanager
async def by_pipe(pipe: Pipe) -> AsyncGenerator[Speaker]:
    """Talk to a program that was started."""
    library = _library()
    sieve = _Sieve()
    async with _client(library, sieve.around(_piped(library, pipe))) as client:
        yield _Speaker(library, client, sieve)


@asynccontextmanager
async def by_http(url: str, token: str, seconds: float, end: End) -> AsyncGenerator[Speaker]:
    """Talk to a server at an address."""
    library = _library()
    httpx = library.httpx
    headers = {"Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    limits = httpx.Timeout(seconds, connect=10.0)
    async with httpx.AsyncClient(
        headers=headers,
        timeout=limits,
        trust_env=False,
        event_hooks={"response": [_bounded(httpx), _known(end)]},
    ) as http:
        transport = library.http(url, http_client=http, max_sse_event_size=LARGEST)
        sieve = _Sieve()
        async with _client(library, sieve.around(transport)) as client:
            yield _Speaker(library, client, sieve)


def _client(library: _Library, transport: Any) -> Any:
    # No cache: a list that a server may change behind our back is asked for once and kept by us.
    return library.client(transport, cache=None, input_required_max_rounds=1)


def _bounded(httpx: Any) -> Callable[[Any], Awaitable[None]]:
    """Return a hook that refuses what is packed, and ends an answer that is too long."""

    async def blocks(stream: Any) -> AsyncIterator[bytes]:
        total = 0
        async for block in stream:
            total += len(block)
            if total > LARGEST:
                raise httpx.RemoteProtocolError(f"it sent more than {LARGEST >> 20} MB")
            yield block

    class Bounded(httpx.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def __aiter__(self) -> AsyncIterator[bytes]:
            return blocks(self.stream)

        async def aclose(self) -> None:
            await self.stream.aclose()

    async def check(response: Any) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise httpx.RemoteProtocolError("its answer is packed, which nobody asked for")
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            response.stream = Bounded(response.stream)

    return check


def _known(end: End) -> Callable[[Any], Awaitable[None]]:
    """Return a hook that sees when a server knows our session no more, as one begun again does."""

    async def check(response: Any) -> None:
        asked = response.request
        # Without a way to be listened to, many answer 404 to that alone, which is a GET.
        told = asked.method == "POST" and "mcp-session-id" in asked.headers
        if told and response.status_code == 404:
            end.said = "it has forgotten the session: call again for a new one"

    return check


@asynccontextmanager
async def _piped(library: _Library, pipe: Pipe) -> AsyncGenerator[tuple[Any, Any]]:
    """Give the two streams the package wants."""
    anyio, parse = library.anyio, library.types.jsonrpc_message_adapter
    heard, read = anyio.create_memory_object_stream(0)
    write, said = anyio.create_memory_object_stream(0)

    async def hear() -> None:
        async with heard:
            async for each in pipe.lines():
                with contextlib.suppress(ValueError):
                    message = parse.validate_json(each, by_name=False)
                    await heard.send(library.message(message))

    async def say() -> None:
        async with said:
            async for each in said:
                text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                with contextlib.suppress(ConnectionError):
                    await pipe.session.send(text.encode() + b"\n")

    async with read, write, anyio.create_task_group() as group:
        group.start_soon(hear)
        group.start_soon(say)
        try:
            yield read, write
        finally:
            group.cancel_scope.cancel()


class _Sieve:
    """Takes lists of tools out of what is heard: for one bad tool the package would refuse all.

    It also keeps a stranger's schemas away from the package, which would compile them.
    """

    def __init__(self) -> None:
        self.tools: list[Any] = []

    @asynccontextmanager
    async def around(self, transport: Any) -> AsyncGenerator[tuple[Any, Any]]:
        """Wrap what is read of a connection."""
        async with transport as (read, write):
            yield _Sifted(read, self.sifted), write

    def sifted(self, item: Any) -> Any:
        """Return a message without its tools, which are kept here."""
        result = getattr(getattr(item, "message", None), "result", None)
        if isinstance(result, dict) and isinstance(result.get("tools"), list):
            self.tools = (self.tools + result["tools"])[: MOST + 1]
            result["tools"] = []
        return item


class _Sifted:
    """A stream of messages, each seen by a function first."""

    def __init__(self, inner: Any, see: Callable[[Any], Any]) -> None:
        self._inner = inner
        self._see = see

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def receive(self) -> Any:
        return self._see(await self._inner.receive())

    def __aiter__(self) -> "_Sifted":
        return self

    async def __anext__(self) -> Any:
        return self._see(await self._inner.__anext__())

    async def __aenter__(self) -> "_Sifted":
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        return await self._inner.__aexit__(*error)


class _Speaker:
    """The two requests we make, without what the package would check with a stranger's schema."""

    def __init__(self, library: _Library, client: Any, sieve: _Sieve) -> None:
        self._types = library.types
        self._client = client
        self._sieve = sieve

    async def offers(self) -> Sequence[Offer]:
        """Return the tools of the server, page by page."""
        types, cursor = self._types, None
        self._sieve.tools = []
        for _ in range(PAGES):
            params = types.PaginatedRequestParams(cursor=cursor)
            asked = types.ListToolsRequest(params=params)
            page = await self._client.session.send_request(asked, types.ListToolsResult)
            cursor = page.next_cursor
            if cursor is None or len(self._sieve.tools) > MOST:
                break
        return [_offer(raw) for raw in self._sieve.tools]

    async def call(self, name: str, arguments: dict[str, Any], /) -> Answer:
        """Use a tool; what is no text is told of."""
        types = self._types
        params = types.CallToolRequestParams(name=name, arguments=arguments)
        asked = types.CallToolRequest(params=params)
        result = await self._client.session.send_request(asked, types.CallToolResult)
        parts = [_text(block) for block in result.content]
        if not any(parts) and result.structured_content is not None:
            parts = [msgspec.json.encode(result.structured_content).decode()]
        return Answer("\n".join(p for p in parts if p), not result.is_error)


def _offer(raw: Any) -> Offer:
    """Return a tool as it was told of; what is no text is empty, and refused later."""
    told = raw if isinstance(raw, dict) else {}
    name, description = told.get("name"), told.get("description")
    return Offer(
        name if isinstance(name, str) else "",
        description if isinstance(description, str) else "",
        told.get("inputSchema"),
    )


def _text(block: Any) -> str:
    """Return the text of a part of an answer, or what it is."""
    match block.type:
        case "text":
            return str(block.text)
        case "image" | "audio":
            size = len(block.data) * 3 // 4
            return f"[{block.type} {line(block.mime_type, 60)}, {size:,} bytes, is left out]"
        case "resource_link":
            return f"[a link to {line(str(block.uri), 200)}]"
        case "resource" if getattr(block.resource, "text", None) is not None:
            return str(block.resource.text)
    return f"[{line(block.type, 40)}: left out]"
