"""A word that counts from now on: the rule that would allow calls like the one that was asked for.

Only what can be told exactly becomes a rule, and only when it would really allow this very call.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import UNREADABLE, SetupError
from samovar.core.log import write
from samovar.core.places import places
from samovar.core.rules import Rule, Rules, decide
from samovar.core.tool import Call, Tool
from samovar.org.seams import Approval
from samovar.settings import load

FIELDS = ("tool", "path", "host", "command")
_WILD = re.compile(r"[*?\[\x00-\x1f\x7f]")
"""What a glob would take for more than it says, and what no file of settings should hold."""
_INLINE = re.compile(r"^(\s*allow\s*=\s*\[)", re.MULTILINE)


def call_of(approval: Approval) -> Call | None:
    """Return the call an agent asks leave for; None for an act that is no call of a tool.

    `samovar.hands.leave` writes it into the last line, as the tool's name and its arguments.
    """
    name, _, given = approval.text.rpartition("\n")[2].partition(" ")
    if name != approval.act:
        return None
    try:
        return Call(name, msgspec.json.decode(given, type=dict[str, Any]))
    except UNREADABLE:
        return None


def rule_of(approval: Approval, home: Path) -> Rule | None:
    """Return the narrowest rule that would allow this call next time; None when there is none."""
    call = call_of(approval)
    if call is None or _WILD.search(call.tool):
        return None
    rule = _narrow(call)
    if rule is None:
        return None
    rules = load(home).rules
    with_it = replace(rules, allow=(*rules.allow, rule))
    return rule if decide(with_it, _stand_in(call.tool), call).verdict == "allow" else None


def words(rule: Rule) -> str:
    """Return what a rule allows, for a person."""
    parts = [
        *([f"to the host {rule.host}"] if rule.host else []),
        *([_where(rule.path)] if rule.path else []),
        *([f"with exactly the command: {rule.command}"] if rule.command else []),
    ]
    what = " and ".join(parts) or "with any arguments"
    return f"Every call of {rule.tool} {what}, by every agent of this home, without asking."


def _where(path: str) -> str:
    if path.startswith(("/", "~")):
        return f"on {path}"
    if "/" not in path:
        return f"on a file or in a folder called {path}, wherever in the workspace"
    return f"on any path of the workspace that ends in {path}"


def shown(rule: Rule) -> str:
    """Return a rule as it stands in samovar.toml."""
    return "\n".join(["[[rules.allow]]", *_pairs(rule)]) + "\n"


def keep(rule: Rule, home: Path) -> Path:
    """Write a rule into the home's samovar.toml; return the file.

    Raises SetupError, and then nothing is written, where the file cannot be read or added to.
    """
    path = home / "samovar.toml"
    try:
        text = path.read_text() if path.exists() else ""
        before = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path}: {error}") from error
    # The permissions of a home replace those of the person's own folder, so these come along.
    held = load(home).rules.allow
    added = [rule] if "allow" in before.get("rules", {}) else [*held, rule]
    for form in (_appended, _inserted):
        made = form(text, added)
        if _holds(made, rule, before):
            write(path, made.encode())
            return path
    raise SetupError(f"{path}: add this by hand:\n{shown(rule)}")


def _narrow(call: Call) -> Rule | None:
    named = places(call.arguments)
    paths = tuple(p.removeprefix("./") for p in named.paths)
    lists = (named.hosts, paths, named.commands)
    if any(len(set(each)) > 1 for each in lists):
        return None
    host, path, command = (each[0] if each else "" for each in lists)
    if any(_WILD.search(each) for each in (host, path, command)):
        return None
    return Rule(tool=call.tool, host=host, path=path, command=command)


def _stand_in(name: str) -> Tool:
    """Return a tool of that name, of the kind that is asked about."""

    async def run() -> str:
        return ""

    return Tool(name, "", "network", Struct, {}, run)


def _pairs(rule: Rule) -> list[str]:
    given = [(f, getattr(rule, f)) for f in (*FIELDS, "why")]
    # A JSON string is a TOML string, once control characters are out.
    return [f"{f} = {msgspec.json.encode(v).decode()}" for f, v in given if v]


def _appended(text: str, rules: list[Rule]) -> str:
    """Return the file with tables at its end, as most are written."""
    gap = "" if not text or text.endswith("\n") else "\n"
    return text + gap + "".join(f"\n{shown(r)}" for r in rules)


def _inserted(text: str, rules: list[Rule]) -> str:
    """Return the file with the rules at the front of the list it has on one line or several."""
    inline = "".join(f"{{ {', '.join(_pairs(r))} }}, " for r in rules)
    return _INLINE.sub(lambda m: m[1] + inline, text, count=1)


def _holds(text: str, rule: Rule, before: dict[str, Any]) -> bool:
    """Say whether a file means what it meant, and the rule besides."""
    try:
        after = tomllib.loads(text)
        rules = msgspec.convert(after.get("rules", {}), Rules)
        old = msgspec.convert(before.get("rules", {}), Rules)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError):
        return False
    rest = {k: v for k, v in after.items() if k != "rules"}
    same = rest == {k: v for k, v in before.items() if k != "rules"}
    kept = all(r in rules.allow for r in old.allow) and set(rules.ask) >= set(old.ask)
    return same and kept and rule in rules.allow and rules.deny == old.deny
