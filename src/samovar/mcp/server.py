"""The server itself: our tools behind the `mcp` package, over standard input or HTTP."""

import importlib
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import uvicorn
from msgspec import Struct

from samovar import __version__
from samovar.core.errors import UNREADABLE, SetupError
from samovar.core.rules import Broker, Rules, perform
from samovar.core.tool import Call, Tool
from samovar.mcp.door import PATH, Door

INSTRUCTIONS = (
    "Samovar develops software with local models. submit begins a run in the background; follow "
    "it with follow. When its state is waiting, show the person the difference (show) and answer "
    "with approve or refuse and the digest it names. Nothing is committed before."
)
_LONGEST = 200_000
_SECONDS = 90.0


class _Library(Struct, frozen=True):
    """What is used of the `mcp` package."""

    server: Any
    stdio: Any
    types: Any


def _library() -> _Library:
    """Import the package, which takes most of a second. Raises SetupError when it is missing."""
    try:
        return _Library(
            server=importlib.import_module("mcp.server.lowlevel").Server,
            stdio=importlib.import_module("mcp.server.stdio").stdio_server,
            types=importlib.import_module("mcp_types"),
        )
    except ImportError as error:
        raise SetupError("the MCP server needs an extra: pip install 'samovar[mcp]'") from error


async def serve_stdio(tools: Sequence[Tool], rules: Rules) -> None:
    """Serve the program that started us until it closes our standard input."""
    server = make_server(tools, rules)
    async with _library().stdio() as (read, write):
        await server.run(read, write, server.create_initialization_options())


async def serve_http(
    tools: Sequence[Tool], rules: Rules, token: str, port: int, ready: Callable[[str], None]
) -> None:
    """Serve on 127.0.0.1 until stopped; `ready` is told the address."""
    server = make_server(tools, rules)
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise SetupError(f"port {port} is taken: choose another --port") from error
    with listening:
        port = listening.getsockname()[1]
        hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        app = server.streamable_http_app(streamable_http_path=PATH, json_response=False)
        config = uvicorn.Config(
            Door(app, token, hosts),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            proxy_headers=False,
            limit_concurrency=200,
        )
        ready(f"http://127.0.0.1:{port}{PATH}")
        await uvicorn.Server(config).serve(sockets=[listening])


def make_server(tools: Sequence[Tool], rules: Rules) -> Any:
    """Return the package's server with our tools; every call goes through the broker.

    There is nobody to ask here, so what a rule leaves to a person is refused; the tools themselves
    ask for a digest where it matters.
    """
    library = _library()
    types = library.types
    # Its log repeats arguments of calls, and standard error is a terminal.
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    broker = Broker(rules, seconds=_SECONDS, longest=_LONGEST)

    async def on_list(_context: Any, _params: Any) -> Any:
        return types.ListToolsResult(tools=[_shown(types, each) for each in tools])

    async def on_call(_context: Any, params: Any) -> Any:
        call = Call(params.name, dict(params.arguments or {}))
        returned = await perform(call, tools, broker)
        content = [types.TextContent(type="text", text=returned.text)]
        facts = _facts(returned.text) if returned.ok else None
        return types.CallToolResult(
            content=content, structured_content=facts, is_error=not returned.ok
        )

    return library.server(
        "samovar",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=on_list,
        on_call_tool=on_call,
    )


def _shown(types: Any, tool: Tool) -> Any:
    read = tool.permission == "read"
    hints = types.ToolAnnotations(
        read_only_hint=read,
        destructive_hint=tool.name.startswith("approve"),
        open_world_hint=False,
    )
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.parameters,
        annotations=hints,
    )


def _facts(text: str) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text)
    except UNREADABLE:
        return None
    return found if isinstance(found, dict) else None
