"""What agents may do: rules, and the one broker that every call of a tool goes through.

Rules keep honest models from mistakes and ask a person in time. The boundary is the sandbox.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from msgspec import Struct

from samovar.core.errors import SamovarError, ToolError
from samovar.core.glob import fits, sieve
from samovar.core.places import places
from samovar.core.text import ends, letters
from samovar.core.tool import Call, Permission, Returned, Tool, arguments, find
from samovar.core.way import followed, written

Verdict = Literal["allow", "ask", "deny"]


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Calls it speaks of: all that fit every field which is given."""

    tool: str = ""
    """Name of the tool, or what the call may do: its permission (read, write, run, network, ask);
    `*` stands for any."""
    path: str = ""
    """Glob over the paths in the arguments, as written and with links followed: over a whole path
    if it begins with `/` or `~`, else over the way from the workspace, of which it means any part
    when it has no slash."""
    host: str = ""
    """Glob over the host names in the arguments."""
    command: str = ""
    """Glob over the command line in the arguments."""
    why: str = ""
    """What model and person are told."""


class Rules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The `[rules]` table of samovar.toml."""

    allow: tuple[Rule, ...] = ()
    ask: tuple[Rule, ...] = ()
    deny: tuple[Rule, ...] = ()
    person: "Rules | None" = None
    """Those of the person's own folder, where these are a home's; no file writes it."""

    @property
    def files(self) -> "tuple[Rules, ...]":
        """The rules of each file, the person's own first."""
        return (self.person, self) if self.person else (self,)


_PART = "ask for a part"
_HIDDEN = "it holds secrets"
_HARM = "it destroys more than a workspace"
BUILT_IN = Rules(
    ask=(Rule(tool="network", why="it reaches other machines"),),
    deny=(
        *(
            Rule(path=p, why=_HIDDEN)
            for p in (
                *("~/.ssh/**", "~/.gnupg/**", "~/.aws/**", "~/.config/samovar/**", "~/.netrc"),
                *("/etc/shadow*", "/etc/gshadow*", "/etc/sudoers*", "/proc/*/environ"),
                *(".env", ".env.local", ".env.production", "id_rsa", "id_ed25519", ".netrc"),
                *("*.pem", "*.key", ".git-credentials", ".pypirc"),
            )
        ),
        Rule(path=".git/**", why="it belongs to git"),
        *(
            Rule(command=c, why=_HARM)
            for c in ("rm -rf /", "rm -rf /[!w]*", "rm -rf ~*", "mkfs*", "dd *of=/dev/*", ":(){*")
        ),
        *(Rule(command=c, why="it needs rights nobody gave") for c in ("sudo *", "su *")),
    ),
)
"""What holds without a word in samovar.toml."""

_JOINED = re.compile(r"&&|\|\||[;&|\n]")
_GLOB = re.compile(r"[*?\[]")
_BEYOND = re.compile(r"[;&|<>`$\n\\]")
"""What makes a command line more than its first command."""


class Decision(Struct, frozen=True):
    """What the rules say of a call."""

    verdict: Verdict
    why: str = ""


def decide(rules: Rules, tool: Tool, call: Call, root: str = "") -> Decision:
    """Return what the rules say; the order is in docs/reference/rules.md.

    Own denials hold always. Built-in ones hold unless an own permission names the path, host or
    command. Then the most precise rule of each file counts, asking before allowing, then the
    built-in questions; what no rule speaks of is allowed. `root` is the folder relative paths start
    from; a path counts as it is written and as the links on it lead.
    """
    return _decide(rules, _Facts.of(tool, call, root))


Sight = Callable[[str, str], Verdict]
"""Says whether a tool, by its name, may show a path that it came upon by itself."""


def sight(rules: Rules, root: str) -> Sight:
    """Return what the rules let tools show that find files by themselves.

    Rules without a path have spoken when the tool was called. Most paths fit no rule, which is
    seen at a glance: thousands of them take no time that counts.
    """
    of_paths = _of_paths(rules)
    known = [r for file in (*of_paths.files, BUILT_IN) for r in (*file.ask, *file.deny) if r.path]
    caught = sieve([r.path for r in known], root)

    def verdict(tool: str, path: str) -> Verdict:
        whole = written(path, root)
        if caught(whole):
            return _decide(of_paths, _Facts(tool, "read", (whole,), (), (), root)).verdict
        return "allow"

    return verdict


Reach = Callable[[str], Decision]
"""Says what the rules let `fetch` do at a host, by its name."""


def reach(rules: Rules) -> Reach:
    """Return what the rules say of a host that an address leads to, as if it were the one named."""

    def decision(host: str) -> Decision:
        return _decide(rules, _Facts("fetch", "network", (), (host,), (), ""))

    return decision


def _of_paths(rules: Rules) -> Rules:
    lists = (rules.allow, rules.ask, rules.deny)
    allow, ask, deny = (tuple(r for r in each if r.path) for each in lists)
    person = _of_paths(rules.person) if rules.person else None
    return Rules(allow=allow, ask=ask, deny=deny, person=person)


def _decide(rules: Rules, facts: "_Facts") -> Decision:
    for own in (r for file in rules.files for r in file.deny):
        if facts.fit(own, "deny"):
            return Decision("deny", own.why or "a rule of samovar.toml forbids it")
    allowed = [r for r in rules.allow if facts.fit(r, "allow")]
    for rule in BUILT_IN.deny:
        if facts.fit(rule, "deny") and not any(a.path or a.host or a.command for a in allowed):
            return Decision("deny", rule.why)
    for file in rules.files:
        if question := _question(file, facts):
            why = question.why or "a rule of samovar.toml wants a person's yes"
            return Decision("ask", why)
    if allowed:
        return Decision("allow")
    for rule in BUILT_IN.ask:
        if facts.fit(rule, "ask"):
            return Decision("ask", rule.why)
    return Decision("allow")


def _question(rules: Rules, facts: "_Facts") -> Rule | None:
    """Return the question of a file that fits best, unless a permission in it fits better."""
    asked = max((r for r in rules.ask if facts.fit(r, "ask")), key=_precision, default=None)
    if asked is None:
        return None
    allowed = (_precision(r) for r in rules.allow if facts.fit(r, "allow"))
    return asked if _precision(asked) >= max(allowed, default=-1) else None


def waived(rules: Rules, name: str) -> bool:
    """Whether calls of a network tool go out without a person, because an own rule allows them.

    A rule for one host, written out, is a person's word for that host and does not count. Nor does
    one that a denial, or as precise a question, about the whole tool overrules.
    """
    if any(_is_all(r, name) for file in rules.files for r in file.deny):
        return False
    wide = -1
    for file in rules.files:
        wide = max((_precision(r) for r in file.allow if _is_wide(r, name)), default=-1)
        asked = max((_precision(r) for r in file.ask if _is_all(r, name)), default=-1)
        if asked >= max(wide, 0):
            return False
    return wide >= 0


def _is_all(rule: Rule, name: str) -> bool:
    """Whether a rule speaks of every call of a network tool."""
    some = rule.path or rule.host or rule.command
    return not some and _fits_name(rule.tool, name, "network")


def _is_wide(rule: Rule, name: str) -> bool:
    exact = rule.host and not _GLOB.search(rule.host)
    return not exact and _fits_name(rule.tool, name, "network")


@dataclass(frozen=True)
class _Facts:
    """What a rule can look at in a call."""

    tool: str
    permission: Permission
    paths: tuple[str, ...]
    hosts: tuple[str, ...]
    commands: tuple[str, ...]
    root: str

    @classmethod
    def of(cls, tool: Tool, call: Call, root: str) -> "_Facts":
        named = places(call.arguments)
        paths = tuple(way(p, root) for p in named.paths for way in (written, followed))
        return cls(tool.name, tool.needs(call), paths, named.hosts, named.commands, root)

    def fit(self, rule: Rule, verdict: Verdict) -> bool:
        """Whether a rule speaks of this call; to be allowed, all of it must fit."""
        every = all if verdict == "allow" else any
        checks: list[bool] = [_fits_name(rule.tool, self.tool, self.permission)]
        if rule.path:
            beyond = verdict != "allow"
            held = [fits(rule.path, p, self.root, beyond=beyond) for p in self.paths]
            checks.append(bool(held) and every(held))
        if rule.host:
            checks.append(
                bool(self.hosts) and every(fnmatchcase(h, rule.host.lower()) for h in self.hosts)
            )
        if rule.command:
            checks.append(
                bool(self.commands)
                and every(_fits_command(rule.command, c, verdict) for c in self.commands)
            )
        return all(checks)


def _fits_name(pattern: str, name: str, permission: Permission) -> bool:
    if pattern in get_args(Permission):
        return permission == pattern
    return not pattern or fnmatchcase(name, pattern)


def _fits_command(pattern: str, command: str, verdict: Verdict) -> bool:
    if verdict == "allow":
        return fnmatchcase(command, pattern) and not _BEYOND.search(command)
    parts = [command, *(" ".join(p.split()) for p in _JOINED.split(command))]
    return any(fnmatchcase(p, pattern) for p in parts)


def _precision(rule: Rule) -> int:
    fields = (rule.path, rule.host, rule.command)
    letters = sum(len(f.replace("*", "")) for f in (*fields, rule.tool))
    return 1000 * sum(bool(f) for f in fields) + 100 * bool(rule.tool) + letters


AskPerson = Callable[[Call, str], Awaitable[bool]]
"""Asks a person to allow exactly this call, with the reason why it is asked.

Raises ToolError for a no with words to the model.
"""


async def nobody(_call: Call, _why: str, /) -> bool:
    """Say no: nobody is there to be asked."""
    return False


@dataclass(frozen=True)
class Broker:
    """What every call goes through."""

    rules: Rules = field(default_factory=Rules)
    ask: AskPerson = nobody
    root: str = ""
    """The folder relative paths start from."""
    seconds: float = 600.0
    """A tool that takes longer is given up, unless its call allows it more, or it asks somebody."""
    left: float | None = None
    """Seconds that are left of the turn, which no call may pass; None for no limit."""
    longest: int = 12_000
    """Characters of a result; more are cut, visibly."""


MARGIN = 60.0
"""Seconds a call may take beyond those it allows itself: to begin, to be stopped, to tell."""


async def perform(call: Call, tools: Sequence[Tool], broker: Broker) -> Returned:
    """Carry out a call if it is right and permitted; whatever happens is told to the model.

    An error nobody foresaw is named as a mistake in samovar, and the turn goes on.
    """
    watch = _Watch()
    try:
        tool = find(tools, call.tool)
        checked = arguments(tool, call)
        await _permit(broker, tool, call, watch)
        with watch.waiting() if tool.permission == "ask" else nullcontext():
            text = await _ran(tool, checked, broker)
    except (SamovarError, OSError) as error:
        return watch.returned(call, _told(str(error) or type(error).__name__, broker), ok=False)
    except Exception as error:
        mistake = f"a mistake in samovar, {type(error).__name__}: {error}; do it another way"
        return watch.returned(call, _told(mistake, broker), ok=False)
    said = _told(text, broker)
    return watch.returned(call, said if said.strip() else "(nothing)", ok=True)


@dataclass
class _Watch:
    """How long a call takes, and how much of that goes by until somebody answers; in seconds."""

    began: float = field(default_factory=time.monotonic)
    waited: float = 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count what is done meanwhile as waiting for somebody."""
        since = time.monotonic()
        try:
            yield
        finally:
            self.waited += time.monotonic() - since

    def returned(self, call: Call, text: str, *, ok: bool) -> Returned:
        """Return what came of a call that ends now."""
        took, waited = round(time.monotonic() - self.began, 3), round(self.waited, 3)
        return Returned(call=call, text=text, ok=ok, seconds=took, waited=waited)


async def _ran(tool: Tool, given: Mapping[str, Any], broker: Broker) -> str:
    """Run a tool. Raises ToolError when it takes longer than the limit, or than its call allows.

    A tool that stops by itself is given no more than is left of the turn, and tells what it has. A
    question to a person has no limit.
    """
    said = given.get("seconds")
    own = said if isinstance(said, int | float) else None
    most, why = max(broker.seconds, own + MARGIN) if own else broker.seconds, ""
    if broker.left is not None and broker.left < (own or most):
        most, why = max(1.0, broker.left), ", all that was left of the turn"
        if own:
            given, most = {**given, "seconds": most}, most + MARGIN
    limit = asyncio.timeout(None if tool.permission == "ask" else most)
    try:
        async with limit:
            return await tool.run(**given)
    except TimeoutError as error:
        if limit.expired():
            raise ToolError(f"{tool.name} took longer than {most:.0f} s{why}") from error
        raise


def _told(text: str, broker: Broker) -> str:
    """Return what a model may be told of a text, cut visibly."""
    return ends(letters(text), _PART, broker.longest)


async def _permit(broker: Broker, tool: Tool, call: Call, watch: _Watch) -> None:
    """Raise ToolError unless rules, and where they want it a person, allow the call."""
    decision = decide(broker.rules, tool, call, broker.root)
    match decision.verdict:
        case "allow":
            return
        case "deny":
            raise ToolError(f"not permitted: {decision.why}; do it another way or tell the person")
        case "ask":
            with watch.waiting():
                said = await broker.ask(call, decision.why)
            if not said:
                raise ToolError("nobody allowed this call; go on without it or tell the person")
