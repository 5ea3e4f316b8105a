"""The application: routes, what they are given, and the door around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from litestar import Litestar, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp

from samovar import __version__
from samovar.core.errors import SamovarError
from samovar.org.seams import StoreAway
from samovar.store.memory_books import MemoryEffects
from samovar.web import acts, api, doorbells, failing, files, metrics, pages, socket
from samovar.web.body import LARGEST
from samovar.web.describe import Machines, OnePage
from samovar.web.desk import Desk
from samovar.web.forms import meant
from samovar.web.guard import Guard
from samovar.web.metrics import Counted, Metrics
from samovar.web.once import Once
from samovar.web.page import Page, environment


@get("/health", sync_to_thread=False, include_in_schema=False)
def health() -> dict[str, bool]:
    """Say that the server answers; nothing else, since it needs no token."""
    return {"ok": True}


def routes() -> list[Any]:
    """Return every route."""
    flat = [("/dashboard", "team"), *((f"/{n}", n) for n in FLAT)]
    return [
        health,
        pages.root,
        *(pages.scene_page(path, name) for path, name in flat),
        pages.agent_page,
        pages.run_page,
        pages.raw,
        pages.approval_page,
        pages.live_scene,
        pages.live_run,
        acts.login_page,
        acts.login,
        acts.logout,
        acts.submit,
        acts.act_on_run,
        acts.answer,
        acts.act_on_job,
        acts.drop,
        acts.examine,
        acts.write_to,
        acts.grant,
        api.router(),
        files.send_file,
        files.picture,
        metrics.metrics,
        socket.follow,
        doorbells.saq,
    ]


FLAT = ("runs", "board", "agents", "org", "credits", "approvals", "system")


def bare_site(desk: Desk) -> Litestar:
    """Return the application without its door; only tests look at it so."""
    page = Page(desk, environment())
    counted = Metrics()
    return Litestar(
        route_handlers=routes(),
        guards=[meant],
        dependencies={
            "desk": Provide(lambda: desk, sync_to_thread=False),
            "page": Provide(lambda: page, sync_to_thread=False),
            "counted": Provide(lambda: counted, sync_to_thread=False),
        },
        exception_handlers={
            HTTPException: failing.wrong_request,
            SamovarError: failing.cannot,
            RecursionError: failing.too_deep,
            Exception: failing.broken,
        },
        state=State({"desk": desk, "page": page, "counted": counted}),
        openapi_config=OpenAPIConfig(
            title="Samovar",
            version=__version__,
            path="/docs",
            render_plugins=[OnePage(), Machines()],
            components=Components(
                security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}
            ),
            security=[{"token": []}],
            use_handler_docstrings=True,
        ),
        lifespan=[_at_work],
        request_max_body_size=LARGEST,
        logging_config=None,
        debug=False,
    )


def site(desk: Desk) -> ASGIApp:
    """Return the application as it is served."""
    bare = bare_site(desk)
    effects = desk.office.effects if desk.office else MemoryEffects()
    refuse = partial(failing.refusal, bare.state.page)
    counted = Counted(Once(bare, effects, refuse), bare.state.counted)
    return Guard(counted, desk.keys, desk.hosts, refuse, desk.cookie)


@asynccontextmanager
async def _at_work(app: Litestar) -> AsyncIterator[None]:
    """Let the workshop work while the server runs."""
    desk: Desk = app.state.desk
    if desk.office is not None:
        # So that the homes of the agents' repositories are known from the first page on; while the
        # database is away, each page asks for them.
        with suppress(StoreAway):
            await desk.office.roster.agents()
    if desk.workshop is None:
        yield
        return
    desk.workshop.poke = desk.changed
    async with desk.workshop.open_day():
        yield
