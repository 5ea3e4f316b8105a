"""All tools there are, made of what is installed and configured."""

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from samovar.core.rules import Reach
from samovar.core.seams import Host
from samovar.core.tool import Tool
from samovar.tools import ask as asking
from samovar.tools import data, edit, edit_symbol, files, nvim, search, shell, web
from samovar.tools import python as repl
from samovar.tools.address import Hosts, Web
from samovar.tools.ask import Company
from samovar.tools.interpreter import Interpreter, own
from samovar.tools.web import free
from samovar.tools.workspace import Workspace


@dataclass(frozen=True)
class Bench:
    """What tools work with."""

    place: Workspace
    sandbox: Host
    stack: AsyncExitStack
    """What tools start ends with it."""
    interpreter: Interpreter = field(default_factory=own)
    """The project's Python, for `shell` and `python`."""
    web: Web = field(default_factory=Web)
    reach: Reach = free
    """What the rules say of a host that a page leads to."""
    company: Company | None = None
    """Whom `ask` can ask; without anybody there is no such tool."""
    again: bool = False
    """Whether `python` was used here before, in a session that is gone."""


def toolbox(bench: Bench) -> tuple[Tool, ...]:
    """Return every tool that can work here, in the order models are told of them.

    Raises SetupError for a web address that is none.
    """
    missing = lacking(bench.web)
    made = (*_of_files(bench), *_of_programs(bench), *_of_others(bench))
    return tuple(t for t in made if t.name not in missing)


def lacking(reach: Web) -> dict[str, str]:
    """Return the tools that cannot work here, each with what would help."""
    code = all(importlib.util.find_spec(name) for name in ("libcst", "tree_sitter"))
    engine = "name a SearXNG server as searxng under [web] in samovar.toml"
    engine += ", or pip install 'samovar[web]'" if reach.public else ""
    engine = "" if reach.searxng or _public(reach) else engine
    fixes = {
        "edit_symbol": "" if code else "pip install 'samovar[code]'",
        "nvim": "" if nvim.find_nvim() else "install neovim and pip install 'samovar[nvim]'",
        "data_view": "" if data.installed() else "pip install 'samovar[data]'",
        "fetch": "" if reach.hosts else "list hosts under [web] in samovar.toml",
        "web_search": engine if reach.search else "write search = true under [web] in samovar.toml",
    }
    return {name: fix for name, fix in fixes.items() if fix}


def _of_files(bench: Bench) -> Iterator[Tool]:
    place = bench.place
    yield files.list_files(place)
    yield files.read_file(place)
    yield search.search(place, search.find_ripgrep())
    yield files.write_file(place)
    yield edit.edit_text(place)
    yield edit_symbol.edit_symbol(place)
    yield nvim.nvim(place, nvim.Neovim(bench.sandbox, own(), nvim.find_nvim()))


def _of_programs(bench: Bench) -> Iterator[Tool]:
    yield shell.shell(bench.place, bench.sandbox, bench.interpreter)
    session = repl.Repl(bench.place, bench.sandbox, bench.interpreter, again=bench.again)
    bench.stack.push_async_callback(session.end)
    yield repl.python(session)
    yield data.data_view(bench.place, bench.sandbox, own())


def _of_others(bench: Bench) -> Iterator[Tool]:
    yield web.fetch(web.Reader(Hosts.of(bench.web.hosts), bench.sandbox, own(), reach=bench.reach))
    yield web.web_search(_finders(bench.web))
    if bench.company is not None:
        yield asking.ask(bench.company)


def _finders(reach: Web) -> Sequence[web.Find]:
    """Return what `web_search` asks, in this order."""
    near = [web.searxng(reach.searxng)] if reach.search and reach.searxng else []
    return [*near, *_public(reach)]


def _public(reach: Web) -> Sequence[web.Find]:
    return [web.ddgs] if reach.public and web.has_ddgs() else []
