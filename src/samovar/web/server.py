"""Serving a home: who may reach it, under which names, and with what behind it."""

import asyncio
import ipaddress
import os
import platform
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from socket import AF_INET, AF_INET6, create_server, socket
from types import FrameType

import uvicorn

from samovar import __version__
from samovar.app import App
from samovar.boot import at_work
from samovar.core.errors import SetupError
from samovar.core.seams import Live
from samovar.flow.kit import Ask
from samovar.memory.project import project_of
from samovar.repo import git
from samovar.settings import variables
from samovar.traces.tracing import standing
from samovar.web.checkup import Checkup, Doctor
from samovar.web.desk import Desk
from samovar.web.keys import ENDED, VARIABLE, Keys, find_token, given_token
from samovar.web.shelf import Shelf
from samovar.web.site import site
from samovar.web.verbs import Office
from samovar.workshop import Workshop

NAMES = "SAMOVAR_WEB_NAMES"
LOCAL = ("127.0.0.1", "localhost", "[::1]")


def desk_of(
    home: Path,
    port: int,
    *,
    host: str = "127.0.0.1",
    office: Office | None = None,
    doctor: Doctor | None = None,
) -> Desk:
    """Return what the pages of a home work with. Raises SetupError for an open door.

    `doctor` examines this machine.
    """
    names = more_names(home)
    if not is_local(host) and not given_token(home):
        raise SetupError(
            f"{host} can be reached from other machines: choose a token first, "
            f"{VARIABLE}=... in the environment or in {home / '.env'}, or serve on 127.0.0.1"
        )
    app = App(home)
    return Desk(
        app=app,
        shelf=Shelf(app, office.roster.homes if office else lambda: ()),
        keys=Keys(find_token(home), home / ENDED),
        hosts=frozenset((*_names(host, port), *names, *(f"{n}:{port}" for n in names))),
        workshop=Workshop(_opened),
        office=office,
        cookie=f"samovar-{port}",
        secure=bool(names) and is_local(host),
        facts={
            "samovar": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.release()}",
            "home": str(home),
            "address": address(host, port),
            "traces": standing(home),
        },
        checkup=Checkup(doctor),
    )


async def serve(
    desk: Desk,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve until cancelled or told to stop by a signal.

    `ready` is given the address that opens the dashboard once, within ten minutes.
    """
    config = uvicorn.Config(
        site(desk),
        host=host.strip("[]"),
        port=port,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=2000,
        ws_max_size=1 << 16,
        proxy_headers=False,
    )
    url = f"{address(host, port)}/login?code="
    server = _Server(config, lambda: ready(url + desk.keys.code()), desk.hub.close)
    serving = asyncio.create_task(server.serve([_listening(host.strip("[]"), port)]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.handle_exit(0, None)
        await asyncio.wait({serving})
        raise


def _listening(host: str, port: int) -> socket:
    """Return a socket at an address; uvicorn would end the process where it cannot have one."""
    family = AF_INET6 if ":" in host else AF_INET
    try:
        return create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise SetupError(
            f"cannot serve on {host}:{port} ({error}): choose another --port"
        ) from error


class _Server(uvicorn.Server):
    """Says when it can be reached, and ends the live streams before it waits for their end."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], leave: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready, self._leave = ready, leave

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        super().handle_exit(sig, frame)
        self._leave()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._ready()


@asynccontextmanager
async def _opened(home: Path, ask: Ask, live: Live) -> AsyncIterator[App]:
    """Open the repository a home belongs to. Raises SetupError for a home that belongs to none."""
    repo = project_of(home)
    # A home may have a history of its own, which is no project to work on.
    if (await git.open(repo)).place.home.resolve() != home.resolve():
        raise SetupError(f"the home {home} belongs to no repository: there is none to work on")
    async with at_work(repo, ask, live) as app:
        yield app


def more_names(home: Path, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return more names that mean us, such as `samovar.example.org`, behind a proxy or without.

    They come from SAMOVAR_WEB_NAMES, set apart by commas.
    """
    text = variables(home, environment).get(NAMES, "")
    return tuple(n.strip().lower() for n in text.split(",") if n.strip())


def is_local(host: str) -> bool:
    """Say whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def address(host: str, port: int) -> str:
    """Return the address people open: where every address is served, this machine's own."""
    try:
        found = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return f"http://{host}:{port}"
    if found.is_unspecified:
        found = ipaddress.ip_address("::1" if found.version == 6 else "127.0.0.1")
    return f"http://[{found}]:{port}" if found.version == 6 else f"http://{found}:{port}"


def _names(host: str, port: int) -> list[str]:
    hosts = {*LOCAL, host if ":" not in host else f"[{host.strip('[]')}]"}
    plain = [h for h in hosts if port == 80]
    return [*(f"{h}:{port}" for h in hosts), *plain]
