"""Where a question of an agent may have come from: what of others its run had read by then."""

from collections.abc import Collection, Iterable
from datetime import datetime

from samovar.core.context import named
from samovar.core.errors import Missing
from samovar.core.event import Entry
from samovar.core.talk import Began, Used
from samovar.core.tool import Call
from samovar.org.legs import UNTRUSTED, remote
from samovar.settings import load
from samovar.web.desk import Desk
from samovar.web.onerun import record_of

TEAM = "team"
"""The folder in which an agent without a repository finds what its teammates said."""


def origin(desk: Desk, run: str, asked: datetime | None) -> list[str] | None:
    """Return what a run had read of others when it asked.

    None where it is no conversation, or does not lie here.
    """
    try:
        entries = record_of(desk, run).entries
    except Missing:
        return None
    if not entries or not isinstance(entries[0].event, Began):
        return None
    before = [e for e in entries if asked is None or e.at <= asked]
    return read_of_others(before, load(desk.home).mcp)


def read_of_others(entries: Iterable[Entry], servers: Collection[str]) -> list[str]:
    """Return the calls that brought in text of strangers or teammates, in their order.

    `servers` are the names of the MCP servers there are.
    """
    found: list[str] = []
    alone = False
    for entry in entries:
        match entry.event:
            case Began(repo=repo):
                alone = not repo
            case Used(result=result) if result.ok:
                call = result.call
                strange = call.tool in UNTRUSTED or remote(call.tool, servers)
                if strange or (alone and _team(call)):
                    found.append(named(call))
            case _:
                continue
    return list(dict.fromkeys(found))


def _team(call: Call) -> bool:
    """Whether a call looked into what teammates said; a search without a path looks everywhere."""
    path = str(call.arguments.get("path", "")).strip("./")
    return path.split("/")[0] == TEAM or (call.tool == "search" and not path)
