"""What the arguments of a call name: paths, hosts and commands, told by the arguments' own names.

The same for every tool, so that nobody has to know a tool to judge a call of it: tools of MCP
servers are described by strangers. A name counts whatever its case, with or without `_` and `-`.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from msgspec import Struct

Kind = Literal["path", "host", "command"]
_END = r"(?:name|line|list)?[a-z]?[0-9]*"
"""What may follow a telling word: filename, pathB, urls, file2, command_line."""
_NAMES: dict[Kind, re.Pattern[str]] = {
    "path": re.compile(
        rf".*(?:path|(?<!pro)file|folder|dir|directory|directorie|cwd|attachment){_END}"
        r"|from|to|into|src|dst|dest|source|target|destination|output|script|root|workspace"
    ),
    "host": re.compile(rf".*(?:url|uri|host|endpoint|website|domain){_END}|address|server|href"),
    "command": re.compile(rf".*(?:command|cmd){_END}|shell|args|argv|arguments"),
}

_SCHEME = re.compile(r"\s*(file(?=:)|[a-z][a-z0-9+.-]*(?=://))", re.IGNORECASE)


class Places(Struct, frozen=True):
    """Every text of a call's arguments that is one of the three, as it was given."""

    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    """Names of hosts, in small letters."""
    commands: tuple[str, ...] = ()
    """Where there are several, all of them in a row besides: a program and its arguments."""


def places(arguments: dict[str, Any]) -> Places:
    """Return what the arguments of a call name."""
    found: dict[Kind, list[str]] = {"path": [], "host": [], "command": []}
    for kind, text in _named(arguments, None):
        found[kind] += [text]
    commands = found["command"]
    if len(commands) > 1:
        commands.append(" ".join(commands))
    return Places(tuple(found["path"]), tuple(found["host"]), tuple(commands))


def kind_of(name: str) -> Kind | None:
    """Return what an argument of that name holds; None for anything else."""
    plain = re.sub(r"[_$-]", "", name.lower())
    return next((kind for kind, form in _NAMES.items() if form.fullmatch(plain)), None)


def _named(value: Any, kind: Kind | None) -> Iterator[tuple[Kind, str]]:
    if isinstance(value, str) and kind:
        yield from _meant(value, kind)
    elif isinstance(value, dict):
        fields = {str(key): inner for key, inner in value.items()}
        kinds = {key: kind_of(key) or (kind if key == "name" else None) for key in fields}
        record = any(kinds.values())
        for key, inner in fields.items():
            if kind == "path" and not (record and key.isidentifier()):
                # Files and what is to be in them: {"files": {"a.txt": "text"}}.
                yield "path", key
            yield from _named(inner, kinds[key])
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner, kind)


def _meant(text: str, kind: Kind) -> Iterator[tuple[Kind, str]]:
    """Yield a text as what its argument's name makes it, and a URI also as what its scheme does."""
    if kind == "command":
        yield kind, text.strip()
        return
    scheme = _SCHEME.match(text)
    local = scheme is not None and scheme[1].lower() == "file"
    if local:
        yield "path", _local(text.strip())
    if kind == "path" or text.startswith(("/", ".", "~")):
        yield "path", text
    if not local and (kind == "host" or scheme):
        yield "host", _host(text.strip())


def _local(uri: str) -> str:
    try:
        return unquote(urlsplit(uri).path)
    except ValueError:
        return uri


def _host(text: str) -> str:
    try:
        found = urlsplit(text if "//" in text else f"//{text}").hostname
    except ValueError:
        found = None
    return (found or text).lower().rstrip(".")
