"""Models on this machine: `samovar model list | pull | probe`."""

from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from msgspec.structs import replace

from samovar.boot import EMBEDDED, choose_model, endpoint_of, endpoints, silent, usual
from samovar.boot import quiet as unheard
from samovar.cli.end import printable, say
from samovar.cli.terminal import screen
from samovar.models import profile, weights
from samovar.models.catalogue import CATALOGUE
from samovar.models.cores import paying
from samovar.models.dialects.measure import best
from samovar.models.embedded import embedded
from samovar.repo.home import home_near
from samovar.settings import Settings, load


async def show_list(folder: Path, as_json: bool) -> int:
    """List the models that answer and the weights samovar can fetch."""
    settings, home = await settings_of(folder)
    found = await endpoints(settings, home)
    rows = [
        {"name": name, "model": e.model, "at": e.shown, "state": "answers"} for name, e in found
    ]
    for server in silent(settings, found):
        at = endpoint_of(server).shown
        rows.append({"name": server.name, "model": server.model, "at": at, "state": "no answer"})
    for entry in CATALOGUE:
        state = "here" if weights.here(entry) else f"to be fetched, {entry.size / 1e9:.1f} GB"
        rows.append({"name": entry.name, "model": entry.file, "at": "embedded", "state": state})
    if as_json:
        print(msgspec.json.encode(rows).decode())
    else:
        for row in rows:
            print(printable(f"{row['name']:<24} {row['at']:<28} {row['state']}"))
    return 0


async def pull(name: str, plain: bool) -> int:
    """Fetch weights, verified; what was fetched is kept when it is interrupted."""
    view = screen(plain)
    view.live("step", f"fetching {name or EMBEDDED}")
    try:
        path = await weights.fetch(name or EMBEDDED, view.progress)
    finally:
        view.close()
    print(printable(f"{name or EMBEDDED} is here: {path}"))
    return 0


async def probe_one(folder: Path, name: str) -> int:
    """Measure one model and keep what was found."""
    settings, home = await settings_of(folder)
    await probe(settings, home, name)
    return 0


async def probe(settings: Settings, home: Path, name: str, *, quiet: bool = False) -> None:
    """Measure the model a run would take and keep what was found."""
    name = usual(settings, name)
    async with AsyncExitStack() as stack:
        view = screen(plain=True)
        choice = await choose_model(settings, home, stack, name, unheard, view.progress)
        endpoint = choice.endpoint
        own = not any(endpoint.url == e.url for _, e in await endpoints(settings, home))
        if not quiet:
            say(f"measuring {endpoint.model} at {endpoint.shown}; this takes minutes")
        tell = unheard_of if quiet else _tell
        used = 0
        if own:
            entry = weights.find(name if name and name != "embedded" else EMBEDDED)
            used = settings.threads or await paying(weights.place(entry), tell)
            again = embedded(weights.place(entry), threads=used, context=settings.context)
            endpoint = await stack.enter_async_context(again)
        found = await profile.probe(endpoint, tell=tell)
        tell("dialect of tool calls")
        found = replace(found, dialect=await best(endpoint, schemas=found.json_schema) or "")
        if own:
            found = replace(found, threads=used, digest=choice.profile.digest)
        profile.save(endpoint, found, "embedded" if own else "")
    if not quiet:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())


def unheard_of(_what: str) -> None:
    """Tell nobody."""


def _tell(what: str) -> None:
    say(f"... {what}")


async def settings_of(folder: Path) -> tuple[Settings, Path]:
    """Return the settings that count in a folder, which need not be a repository."""
    home = await home_near(folder)
    return load(home), home
