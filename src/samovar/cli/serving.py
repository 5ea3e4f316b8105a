"""`samovar model serve`: the model of this machine for other programs."""

import asyncio
from pathlib import Path
from typing import NoReturn

from msgspec import Struct
from msgspec.structs import replace

from samovar.boot import EMBEDDED, computing, endpoint_of, endpoints, fitting
from samovar.cli.end import say
from samovar.cli.models import settings_of
from samovar.cli.terminal import screen
from samovar.core.errors import SetupError
from samovar.models import profile as profiles
from samovar.models import weights
from samovar.models.catalogue import CATALOGUE
from samovar.models.dialects.choose import dialect_for
from samovar.models.discover import CLOSED, heeds, named
from samovar.models.embedded import Wish, running
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.models.proxy import near
from samovar.models.sampling import family, sampling
from samovar.models.serve import transformers
from samovar.models.serve.app import Shop, application
from samovar.models.serve.keeper import Behind, Fixed, Keeper
from samovar.models.serve.run import listen, serve
from samovar.models.serve.upstream import Upstream
from samovar.models.wire import GOOD
from samovar.settings import Settings, variables


class Wanted(Struct, frozen=True, kw_only=True):
    """What a person asks of the server."""

    model: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    key: str = ""
    upstream: str = ""
    """Address of a server to stand in front of; empty runs the embedded one."""
    upstream_key: str = ""
    """Name of the variable that holds the key of that server."""
    transformers: bool = False
    """Whether the model is one of Transformers, in this process."""


async def run(folder: Path, wanted: Wanted) -> int:
    """Serve until Ctrl-C."""
    if not near(wanted.host) and not wanted.key:
        raise SetupError(f"{wanted.host} is open to other machines: give a token with --key TOKEN")
    listening = listen(wanted.host, wanted.port)
    shop, keeper = await _shop(folder, wanted)
    host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
    port = listening.getsockname()[1]

    def tell() -> None:
        print(f"{shop.model} answers at http://{host}:{port}/v1; Ctrl-C ends it", flush=True)

    await serve(application(shop), listening, keeper, tell)
    return 0


async def _shop(folder: Path, wanted: Wanted) -> tuple[Shop, Keeper | None]:
    """Return what is offered, and who keeps the embedded server alive."""
    hosts = frozenset({"localhost", wanted.host})
    if wanted.transformers:
        return await _in_here(wanted, hosts), None
    behind, endpoint, found = await _behind(folder, wanted)
    keeper = behind if isinstance(behind, Keeper) else None
    shop = Shop(
        source=Upstream(behind),
        dialect=dialect_for(found),
        model=endpoint.model,
        names=frozenset({wanted.model or (EMBEDDED if keeper else endpoint.model)}),
        context=found.context,
        sampling=sampling(found.family or family(endpoint.model)),
        key=wanted.key,
        hosts=hosts,
    )
    return shop, keeper


async def _in_here(wanted: Wanted, hosts: frozenset[str]) -> Shop:
    """Return a model of Transformers; it obeys no schema, so its calls are read from plain text."""
    if not wanted.model or wanted.upstream:
        raise SetupError("--transformers needs NAME, a folder with a model, and no --upstream")
    say(f"loading {wanted.model}")
    source = await asyncio.to_thread(transformers.load, wanted.model)
    return Shop(
        source=source,
        dialect=dialect_for(Profile(json_schema=False)),
        model=source.model,
        names=frozenset({wanted.model}),
        context=source.context,
        sampling=sampling(family(source.model)),
        key=wanted.key,
        hosts=hosts,
    )


async def _behind(folder: Path, wanted: Wanted) -> tuple[Behind, Endpoint, Profile]:
    """Return the server behind ours, where it is, and what was measured of it."""
    settings, home = await settings_of(folder)
    if other := await _other(settings, home, wanted):
        return Fixed(other), other, await profiles.known(other)
    view = screen(plain=True)
    name = EMBEDDED if wanted.model in ("", "embedded") else wanted.model
    path = await weights.fetch(name, view.progress)
    wish = Wish(threads=computing(settings, path), context=settings.context, embeddings=True)
    say(f"starting {path.stem}")
    endpoint = Endpoint(url="http://127.0.0.1/v1", model=path.stem, kind="llama.cpp")
    found = profiles.load_own(path) or Profile(family=family(path.stem))
    return Keeper(lambda: running(path, wish)), endpoint, replace(found, context=settings.context)


async def _other(settings: Settings, home: Path, wanted: Wanted) -> Endpoint | None:
    """Return the server to stand before; None where the embedded one is wanted.

    A name is looked for among the [[models]] tables, then the weights, then what answers here.
    """
    if wanted.upstream:
        key = _secret(home, wanted.upstream_key)
        asked = Endpoint(url=wanted.upstream, model=wanted.model, key=key)
        models = [e for e in await named(asked) if wanted.model in ("", e.model)]
        return models[0] if models else await _nobody(asked, wanted.upstream_key)
    table = next((s for s in settings.models if s.name == wanted.model), None)
    own = {"", "embedded", *(name for w in CATALOGUE for name in (w.name, w.file))}
    if table is None and wanted.model in own:
        return None
    found = fitting(await endpoints(settings, home), wanted.model)
    if found:
        return found[0]
    table = table or next((s for s in settings.models if s.model == wanted.model), None)
    if table is not None:
        return await _nobody(endpoint_of(table, variables(home).get(table.key, "")), table.key)
    known = ", ".join(w.name for w in CATALOGUE)
    raise SetupError(
        f"no model is called {wanted.model!r}: name a [[models]] table of samovar.toml, a model "
        f"that 'samovar model list' shows, or one of {known}"
    )


def _secret(home: Path, name: str) -> str:
    """Return the key that a variable holds. Raises SetupError when it is not set."""
    key = variables(home).get(name, "")
    if name and not key:
        raise SetupError(
            f"{name} is not set: --upstream-key takes the name of a variable, whose value is the "
            "key; put it into .env"
        )
    return key


async def _nobody(asked: Endpoint, variable: str) -> NoReturn:
    """Raise SetupError with what keeps us from the models of a server."""
    status = await heeds(asked)
    named = f" {asked.model!r}" if asked.model else ""
    if status in CLOSED and variable and asked.key:
        raise SetupError(f"{asked.shown} refuses the key in {variable} (HTTP {status}): correct it")
    if status in CLOSED:
        where = f"as {variable}" if variable else "and give its name with --upstream-key"
        raise SetupError(f"{asked.shown} wants a key (HTTP {status}): put it into .env {where}")
    if status in GOOD:
        raise SetupError(f"no model{named} is at {asked.shown}: start it there")
    if status:
        raise SetupError(
            f"{asked.shown} lists no models (HTTP {status}): correct the address, or name one "
            "with --model"
        )
    raise SetupError(f"no model{named} answers at {asked.shown}: start it there")
