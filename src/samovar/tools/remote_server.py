"""One MCP server, as a person describes it in samovar.toml."""

from msgspec import Struct

from samovar.core.tool import Permission


class RemoteServer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[mcp.NAME]` table: either a command to start or an address to reach."""

    command: tuple[str, ...] = ()
    """Program and arguments; it speaks MCP on standard input and output."""
    url: str = ""
    """Address of a streamable HTTP server."""
    key: str = ""
    """Name of the environment variable that holds the token of the address, never the token."""
    environment: tuple[str, ...] = ()
    """Names of variables of yours that the command is given; by default it gets none."""
    readable: tuple[str, ...] = ()
    """More folders the command may read inside the sandbox; what holds credentials never is one."""
    trusted: bool = False
    """Whether the command may run outside the sandbox, with your files and network."""
    allow: tuple[str, ...] = ("*",)
    """Globs over the server's own names of its tools; the others are not offered."""
    permission: Permission = "network"
    """What its tools count as for the rules; a person is asked before every use of `network`."""
    start_seconds: float = 30.0
    """How long it may take until its tools are known."""
    seconds: float = 60.0
    """How long one call may take."""
