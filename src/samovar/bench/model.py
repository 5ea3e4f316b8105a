"""The model that is measured: the one `samovar do` would take, or what a server has."""

import os
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from samovar import boot
from samovar.boot import Choice
from samovar.core.errors import SetupError
from samovar.settings import Server, Settings, load

_HOME = Path(".samovar")


async def model(wanted: str, url: str, stack: AsyncExitStack) -> Choice:
    """Return the model: at `url`, else at SAMOVAR_MODEL_URL, else as `samovar do` chooses.

    Raises SetupError for a name that is not there, and Unreachable when nothing answers.
    """
    settings = load(_HOME)
    if at := url or os.environ.get("SAMOVAR_MODEL_URL", ""):
        settings = _with_server(settings, at)
        wanted = await _named(settings, at, wanted)
    return await boot.choose_model(settings, _HOME, stack, wanted, boot.quiet, lambda _h, _a: None)


def _with_server(settings: Settings, url: str) -> Settings:
    server = Server(name="bench", url=url)
    return msgspec.structs.replace(settings, model="bench", models=(server,))


async def _named(settings: Settings, url: str, wanted: str) -> str:
    """Return the server's full name of a model, which may be the path of a file."""
    served = await boot.endpoints(settings, _HOME)
    names = [e.model for n, e in served if n == "bench" and wanted in e.model]
    if not names:
        raise SetupError(f"no model {wanted!r} answers at {url}: start the server there")
    return names[0]
