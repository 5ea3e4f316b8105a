"""`samovar mcp serve` and `samovar mcp list`."""

import os
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from msgspec import Struct, json

from samovar.app import App
from samovar.boot import at_work, scratch
from samovar.cli.end import printable, say
from samovar.cli.home import find_home
from samovar.companion.tools import yard_of
from samovar.core.errors import SetupError
from samovar.core.seams import Live
from samovar.core.tool import Tool
from samovar.flow.kit import Ask
from samovar.mcp.desk import Desk
from samovar.mcp.desk import tools as desk_tools
from samovar.mcp.door import FILE, VARIABLE, find_token
from samovar.mcp.people import People
from samovar.mcp.server import serve_http, serve_stdio
from samovar.office import open_team
from samovar.repo import git
from samovar.repo.home import home_of
from samovar.sandboxes.find import find_sandbox
from samovar.settings import load
from samovar.tools.remote import Joined, join
from samovar.workshop import Workshop


class Wanted(Struct, frozen=True):
    """What a person asks of the server."""

    repo: Path = Path()
    http: bool = False
    port: int = 8765
    model: str = ""
    no_sandbox: bool = False


async def serve(wanted: Wanted) -> int:
    """Serve until the client goes, or Ctrl-C."""
    home = home_of(await git.open(wanted.repo))
    rules = load(home).rules
    async with AsyncExitStack() as stack:
        tools = await _tools(home, wanted, stack)
        if not wanted.http:
            await serve_stdio(tools, rules)
            return 0
        token = find_token(home)
        where = VARIABLE if os.environ.get(VARIABLE) else home / FILE

        def ready(address: str) -> None:
            say(f"samovar answers at {address}; token: {where}; Ctrl-C ends it")

        await serve_http(tools, rules, token, wanted.port, ready)
    return 0


async def _tools(home: Path, wanted: Wanted, stack: AsyncExitStack) -> tuple[Tool, ...]:

    def opened(_home: Path, ask: Ask, live: Live) -> AbstractAsyncContextManager[App]:
        return at_work(wanted.repo, ask, live, wanted.model, wanted.no_sandbox)

    workshop = Workshop(opened)
    await stack.enter_async_context(workshop.open_day())
    found = desk_tools(Desk(App(home), workshop, load(home)))
    try:
        place = await find_home(wanted.repo)
    except SetupError:
        return found
    team = await stack.enter_async_context(open_team(place, no_sandbox=wanted.no_sandbox))
    return (*found, *await People(team).tools())


async def list_servers(repo: Path, no_sandbox: bool, as_json: bool) -> int:
    """Show the tools agents get from other servers, and what is wrong with the rest."""
    home = home_of(await git.open(repo))
    servers = load(home).mcp
    if not servers and not as_json:
        say("samovar: no MCP server is configured; see docs/guides/mcp.md")
        return 0
    sandbox = await find_sandbox(no_sandbox)
    async with AsyncExitStack() as stack:
        root = await stack.enter_async_context(scratch())
        yard = yard_of(root, sandbox, home)
        found = await join(servers, (), yard, stack)
        _show(found, as_json)
    return 2 if found.said else 0


def _show(found: Joined, as_json: bool) -> None:
    if as_json:
        tools = [
            {"name": t.name, "permission": t.permission, "description": t.description}
            for t in found.tools
        ]
        print(json.encode({"tools": tools, "complaints": found.said}).decode())
        return
    for each in found.tools:
        print(printable(f"{each.name:<32} {each.permission:<8} {each.description}"))
    for line in found.said:
        say(printable(line))
