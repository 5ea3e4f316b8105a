"""`samovar model serve`: the model of this machine for other programs."""

import asyncio
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from samovar.boot import EMBEDDED, computing
from samovar.cli.end import say
from samovar.cli.models import settings_of
from samovar.cli.terminal import screen
from samovar.core.errors import SetupError
from samovar.models import profile as profiles
from samovar.models import weights
from samovar.models.dialects.choose import dialect_for
from samovar.models.discover import named
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


class Wanted(Struct, frozen=True, kw_only=True):
    """What a person asks of the server."""

    model: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    key: str = ""
    upstream: str = ""
    """Address of a server to stand in front of; empty runs the embedded one."""
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
        names=frozenset({wanted.model or EMBEDDED}) if keeper else frozenset(),
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
    if wanted.upstream:
        asked = Endpoint(url=wanted.upstream, model=wanted.model or "?")
        models = [e for e in await named(asked) if wanted.model in ("", e.model)]
        if not models:
            raise SetupError(f"no model {wanted.model!r} answers at {asked.shown}: start it there")
        found = await profiles.known(models[0])
        return Fixed(models[0]), models[0], found
    settings, _ = await settings_of(folder)
    view = screen(plain=True)
    path = await weights.fetch(wanted.model or EMBEDDED, view.progress)
    wish = Wish(threads=computing(settings, path), context=settings.context, embeddings=True)
    say(f"starting {path.stem}")
    endpoint = Endpoint(url="http://127.0.0.1/v1", model=path.stem, kind="llama.cpp")
    found = profiles.load_own(path) or Profile(family=family(path.stem))
    return Keeper(lambda: running(path, wish)), endpoint, replace(found, context=settings.context)
