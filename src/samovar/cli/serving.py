"""`samovar model serve`: the model of this machine for other programs."""

import ipaddress
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
from samovar.models.sampling import family, sampling
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


async def run(folder: Path, wanted: Wanted) -> int:
    """Serve until Ctrl-C."""
    if not _near(wanted.host) and not wanted.key:
        raise SetupError(f"{wanted.host} is open to other machines: give a token with --key TOKEN")
    listening = listen(wanted.host, wanted.port)
    behind, endpoint, found = await _behind(folder, wanted)
    model = endpoint.model
    shop = Shop(
        upstream=Upstream(behind),
        dialect=dialect_for(found),
        model=model,
        names=frozenset({wanted.model or EMBEDDED}) if isinstance(behind, Keeper) else frozenset(),
        sampling=sampling(found.family or family(model)),
        key=wanted.key,
        hosts=frozenset({"localhost", wanted.host}),
    )
    host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
    port = listening.getsockname()[1]
    keeper = behind if isinstance(behind, Keeper) else None

    def tell() -> None:
        print(f"{model} answers at http://{host}:{port}/v1; Ctrl-C ends it", flush=True)

    await serve(application(shop), listening, keeper, tell)
    return 0


async def _behind(folder: Path, wanted: Wanted) -> tuple[Behind, Endpoint, Profile]:
    """Return the server behind ours, where it is, and what was measured of it."""
    if wanted.upstream:
        asked = Endpoint(url=wanted.upstream, model=wanted.model or "?")
        models = [e for e in await named(asked) if wanted.model in ("", e.model)]
        if not models:
            raise SetupError(f"no model {wanted.model!r} answers at {asked.shown}: start it there")
        found = profiles.load(models[0]) or await profiles.assume(models[0])
        return Fixed(models[0]), models[0], found
    settings, _ = await settings_of(folder)
    view = screen(plain=True)
    path = await weights.fetch(wanted.model or EMBEDDED, view.progress)
    wish = Wish(threads=computing(settings, path), context=settings.context, embeddings=True)
    say(f"starting {path.stem}")
    endpoint = Endpoint(url="http://127.0.0.1/v1", model=path.stem, kind="llama.cpp")
    found = profiles.load(endpoint, "embedded") or Profile(family=family(path.stem))
    return Keeper(lambda: running(path, wish)), endpoint, replace(found, context=settings.context)


def _near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
