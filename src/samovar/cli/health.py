"""What works here and what does not: `samovar doctor`."""

import asyncio
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar import __version__
from samovar.boot import EMBEDDED, endpoint_of, endpoints, silent
from samovar.cli.end import printable
from samovar.cli.models import probe
from samovar.core.errors import SetupError
from samovar.core.text import count
from samovar.models import profile, weights
from samovar.models.discover import OLLAMA_NOTE
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.models.proxy import by
from samovar.org.peers import alike
from samovar.org.problem import Problem
from samovar.org.roster import Folder
from samovar.pool import answers
from samovar.repo import git
from samovar.repo.command import run
from samovar.repo.home import home_near
from samovar.sandboxes.find import describe
from samovar.settings import Server, Settings, load


class Finding(Struct, frozen=True, kw_only=True):
    """One line of the doctor's report."""

    name: str
    ok: bool
    text: str
    fix: str = ""


async def doctor(folder: Path, as_json: bool, measure: bool) -> int:
    """Report what works; return 0 when samovar can work here."""
    home = await home_near(folder)
    if measure and (settings := _settings(home)):
        await probe(settings, home, settings.model, quiet=as_json)
    rows = await findings(folder, home)
    _report(rows, as_json)
    if not all(r.ok for r in rows if r.name == "sandbox"):
        return 5
    if not all(r.ok for r in rows if r.name in ("git", "repository", "settings")):
        return 2
    return 0 if all(r.ok for r in rows if r.name == "model") else 3


async def findings(folder: Path, home: Path) -> list[Finding]:
    """Return what works in a folder with the settings of a home; nothing is measured."""
    git_found, sandbox = await asyncio.gather(_git(), describe())
    tier = Finding(
        name="sandbox", ok=sandbox.tier != "none", text=f"{sandbox.tier}: {sandbox.detail}"
    )
    rows = [Finding(name="samovar", ok=True, text=__version__), git_found]
    rows += [await _repository(folder)] if git_found.ok else []
    rows += [tier]
    try:
        settings = load(home)
    except SetupError as error:
        return [*rows, Finding(name="settings", ok=False, text=str(error))]
    return rows + await _models(settings, home)


def _settings(home: Path) -> Settings | None:
    """Return the settings; None when they are wrong, which `findings` says."""
    try:
        return load(home)
    except SetupError:
        return None


def _report(rows: list[Finding], as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(rows).decode())
        return
    for found in rows:
        print(printable(f"{'ok ' if found.ok else 'no '} {found.name:<10} {found.text}"))
        if found.fix:
            print(printable(f"    {'':<10} fix: {found.fix}"))


async def _git() -> Finding:
    try:
        asked = await run("--version")
    except SetupError as error:
        return Finding(name="git", ok=False, text=str(error), fix="apt install git")
    return Finding(name="git", ok=asked.status == 0, text=asked.text.removeprefix("git version "))


async def _repository(folder: Path) -> Finding:
    try:
        repo = await git.open(folder)
    except SetupError as error:
        return Finding(name="repository", ok=False, text=str(error))
    base = await repo.head()
    unseen = len(await repo.dirty())
    loose = f"; {unseen} paths not committed, which runs do not see" if unseen else ""
    at = f"at {base[:12]}" if base else "without a commit yet"
    return Finding(name="repository", ok=True, text=f"{repo.place.work or 'bare'} {at}{loose}")


async def _models(settings: Settings, home: Path) -> list[Finding]:
    found = await endpoints(settings, home)
    rows = [_model(name, endpoint) for name, endpoint in found]
    rows += [_silent(server) for server in silent(settings, found)]
    roster = await asyncio.to_thread(Folder(home).read)
    twins = alike(roster.resumes, partial(answers, settings, found))
    return [*rows, _embedded(bool(found)), *map(_twin, twins)]


def _twin(problem: Problem) -> Finding:
    """Return that two agents of a team are one model, where they are meant to be two."""
    text = f"{problem.agent}: its model {problem.wrong}"
    return Finding(name="team", ok=False, text=text, fix=problem.fix)


def _silent(server: Server) -> Finding:
    at = endpoint_of(server).shown
    text = f"{server.model or server.name} at {at}: no answer{by(server.url)}"
    fix = f"start the server, or check the address and the key of {server.name!r}"
    return Finding(name="model", ok=False, text=text, fix=fix)


def _embedded(others: bool) -> Finding:
    """Return whether our own model is here; it need not be where others answer."""
    own = weights.find(EMBEDDED)
    if weights.here(own):
        known = profile.load_own(weights.place(own))
        fix = "" if known or others else "samovar doctor --probe"
        text = f"{own.name}: here; {measured(known)}"
        return Finding(name="embedded", ok=True, text=text, fix=fix)
    text = f"{own.name}: not here; the first run fetches {own.size / 1e9:.1f} GB"
    fix = "" if others else "samovar model pull, or start Ollama or another server"
    return Finding(name="embedded", ok=others, text=text, fix=fix)


def _model(name: str, endpoint: Endpoint) -> Finding:
    known = profile.load(endpoint)
    called = f" (called {name})" if name != endpoint.model else ""
    text = f"{endpoint.model} at {endpoint.shown}{called}; {measured(known)}"
    if known is None and not endpoint.listed:
        text += "; it lists no models, so key and name are untried"
        return Finding(name="model", ok=False, text=text, fix=f"samovar model probe {name}")
    small = endpoint.kind == "ollama" and known is not None and known.context <= 4096
    fix = OLLAMA_NOTE if small else "" if known else "samovar doctor --probe"
    return Finding(name="model", ok=True, text=text, fix=fix)


def measured(known: Profile | None) -> str:
    """Return what was measured of a model, on one line."""
    if known is None or known.measured_at is None:
        return "not measured"
    schema = "obeys" if known.json_schema else "ignores"
    threads = f", {count(known.threads, 'thread')}" if known.threads else ""
    return (
        f"context {known.context}, reads {known.prefill:.0f} and writes {known.generate:.1f} "
        f"tokens/s, {schema} JSON Schema, tools {known.tools}, {known.parallel} at once{threads}"
    )
