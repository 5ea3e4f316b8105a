"""The rule of two: untrusted input, private data, acting outside; at most two without a person.

What an agent reads in an outbox carries along what the writer has read, so the first two legs pass
from writer to reader over any number of agents. Acting outside does not pass: it is the last agent
that does it, and a person's yes for each act takes that leg away.
Source: "Agents Rule of Two", Meta 2025; "The lethal trifecta", Willison 2025.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Mapping

from msgspec import Struct

from samovar.core.rules import Rules, waived
from samovar.org.resume import EVERYBODY, Resume

_NO_RULES = Rules()

UNTRUSTED = frozenset(
    {"fetch", "web_search", "research", "issues", "read_issue", "gitea", "gitea_read", "telegram"}
)
"""Tools that bring in text of strangers."""
PRIVATE = frozenset(
    {
        *("list_files", "read_file", "search", "data_view", "shell", "python", "nvim"),
        *("edit_text", "edit_symbol", "write_file"),
        *("memory", "notebook", "skill_source", "database"),
    }
)
"""Tools that show what belongs to the home's owner."""
OUTSIDE = frozenset(
    {
        *("fetch", "web_search", "research", "push", "pull_request", "comment", "create_issue"),
        *("gitea", "gitea_write", "telegram", "publish", "mail", "webhook"),
    }
)
"""Tools that change or tell something outside this machine; an address asked for tells, too."""
OTHER = frozenset({"ask", "promote_skill", "commit", "documents", "library"})
"""Tools with none of the three."""
TOOLS = UNTRUSTED | PRIVATE | OUTSIDE | OTHER
"""Every tool samovar knows by itself."""


class Legs(Struct, frozen=True):
    """What an agent has, by itself or through those it reads; empty when it has not."""

    untrusted: str = ""
    """Where strangers' text comes from, such as `fetch of researcher`."""
    private: str = ""
    outside: tuple[str, ...] = ()
    """Its tools that act outside without a person's yes."""
    waived: tuple[str, ...] = ()
    """Those of them that a rule of samovar.toml allows, not its resume."""

    @property
    def all(self) -> bool:
        """Whether it breaks the rule of two."""
        return bool(self.untrusted and self.private and self.outside)


def remote(tool: str, servers: Collection[str] = ()) -> bool:
    """Whether a tool belongs to an MCP server: nobody knows what it reads and does.

    Its name begins with that of its server.
    """
    return tool.startswith(("mcp_", "mcp:", "mcp.", *(f"{name}_" for name in servers)))


def reads(resume: Resume, names: Collection[str]) -> frozenset[str]:
    """Return the agents among `names` whose outboxes it may read; never its own."""
    wanted = resume.permissions.read_outboxes
    if EVERYBODY in wanted:
        return frozenset(names) - {resume.name}
    return frozenset(w for w in wanted if w in names and w != resume.name)


def legs(
    team: Mapping[str, Resume], servers: Collection[str] = (), rules: Rules = _NO_RULES
) -> dict[str, Legs]:
    """Return what each agent has, those it reads included, in time linear in who reads whom.

    `servers` are the names of the MCP servers there are; `rules` those of samovar.toml.
    """
    readers: dict[str, list[str]] = defaultdict(list)
    for name in sorted(team):
        for writer in sorted(reads(team[name], team)):
            readers[writer].append(name)
    untrusted = _spread({n: _strange(r, servers) for n, r in sorted(team.items())}, readers)
    private = _spread({n: _private(r) for n, r in sorted(team.items())}, readers)
    found: dict[str, Legs] = {}
    for name, resume in team.items():
        outside = ungated(resume, servers, rules)
        allowed = tuple(t for t in outside if t not in resume.permissions.ungated)
        found[name] = Legs(untrusted.get(name, ""), private.get(name, ""), outside, allowed)
    return found


def acting(resume: Resume, servers: Collection[str] = ()) -> tuple[str, ...]:
    """Return the tools of an agent that act outside."""
    return tuple(t for t in resume.permissions.tools if t in OUTSIDE or remote(t, servers))


def ungated(
    resume: Resume, servers: Collection[str] = (), rules: Rules = _NO_RULES
) -> tuple[str, ...]:
    """Return those of them that nobody is asked for: by the resume, or by a rule."""
    free = resume.permissions.ungated
    return tuple(t for t in acting(resume, servers) if t in free or waived(rules, t))


def pushes(resume: Resume) -> bool:
    """Whether an agent's tasks are runs in a repository, whose branch a person may have pushed."""
    return resume.craft == "code" and bool(resume.permissions.repositories)


def _strange(resume: Resume, servers: Collection[str]) -> str:
    tools = resume.permissions.tools
    return next((t for t in tools if t in UNTRUSTED or remote(t, servers)), "")


def _private(resume: Resume) -> str:
    found = [t for t in resume.permissions.tools if t in PRIVATE]
    return next(iter((*found, *resume.permissions.repositories)), "")


def _spread(own: Mapping[str, str], readers: Mapping[str, list[str]]) -> dict[str, str]:
    """Carry a leg from everyone who has it to everyone who reads them."""
    found = {name: f"{what} of {name}" for name, what in own.items() if what}
    waiting = deque(found)
    while waiting:
        writer = waiting.popleft()
        for reader in readers.get(writer, ()):
            if reader not in found:
                found[reader] = found[writer]
                waiting.append(reader)
    return found
