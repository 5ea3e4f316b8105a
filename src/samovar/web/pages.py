"""Routes of the pages, and of their live streams."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import ServiceUnavailableException
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from samovar.core.errors import Missing, SetupError
from samovar.core.text import whole
from samovar.web import onerun, transcript
from samovar.web.commission import commission
from samovar.web.guard import visit_of
from samovar.web.live import Source, encode
from samovar.web.onerun import RunSource
from samovar.web.page import Page, ThePage
from samovar.web.record import Record
from samovar.web.scenes import SCENES, Scene, SceneSource, draw, render, stamp
from samovar.web.views import approval

Asked = Request[Any, Any, Any]
LONGEST = 300
"""Characters of one filter in an address."""
STREAMS = ("after", "seal")
"""What the stream of a page is asked for besides its filters: what was seen, and the page's seal.

Everybody with the same filters shares one source; each stream has the forms of its own page.
"""


@get("/", include_in_schema=False)
async def root() -> Redirect:
    """Lead to the dashboard."""
    return Redirect("/dashboard")


def scene_page(path: str, name: str) -> Any:
    """Return the route of a page without parameters."""
    scene = SCENES[name]

    @get(path, name=f"page.{name}", include_in_schema=False)
    async def show(request: Asked, page: ThePage) -> Response[bytes]:
        return await _show(request, page, scene, _query(request))

    return show


@get("/agents/{name:str}", name="page.agent", include_in_schema=False)
async def agent_page(request: Asked, page: ThePage, name: FromPath[str]) -> Response[bytes]:
    """Show one agent."""
    with_name = {**_query(request), "name": name[:LONGEST]}
    return await _show(request, page, SCENES["agent"], with_name)


@get("/live/page/{scene:str}", include_in_schema=False)
async def live_scene(request: Asked, page: ThePage, scene: FromPath[str]) -> Stream:
    """Send the parts of a page when they change."""
    if scene not in SCENES:
        raise Missing(f"there is no page {scene[:40]!r}")
    query = _query(request)
    key = f"{scene}?{sorted(query.items())}"
    return _stream(request, page, key, lambda: SceneSource(page.desk, page, SCENES[scene], query))


@get("/runs/{run:str}", name="page.run", include_in_schema=False)
async def run_page(request: Asked, page: ThePage, run: FromPath[str]) -> Response[bytes]:
    """Show one run; with `at`, as it was after that entry."""
    record = onerun.record_of(page.desk, run)
    at = _entry(request.query_params.get("at", ""), record)
    bought = await commission(page.desk, run)
    said = await onerun.mail(page.desk, run, bought)
    data = {**onerun.view(page.desk, run, record, bought, at), "mail": said}
    parts = render(page, "run", onerun.PARTS, data)
    first = data["left_out"]
    items = [i for i in transcript.items(onerun.rewound(record, at).rows) if i.seq >= first]
    last = record.rows[-1].seq if record.rows else -1
    extra = {"parts": parts, "items": items, "after": last, "name": "run"}
    return page.respond(request, "run.html", {**data, **extra})


@get("/live/run/{run:str}", include_in_schema=False)
async def live_run(request: Asked, page: ThePage, run: FromPath[str]) -> Stream:
    """Send what happens in a run."""
    record = onerun.record_of(page.desk, run)

    def made() -> Source:
        return RunSource(
            page.desk,
            run,
            record,
            lambda data: render(page, "run", onerun.PARTS, data),
            lambda items: page.part("parts/run/items.html", {"items": items, "run": run}),
        )

    return _stream(request, page, f"runs/{run}", made)


@get("/runs/{run:str}/raw", include_in_schema=False)
async def raw(page: ThePage, run: FromPath[str]) -> Response[bytes]:
    """Return the log of a run as it lies on the disk, as plain text."""
    path = onerun.record_of(page.desk, run).path
    try:
        return Response(path.read_bytes(), media_type="text/plain")
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror}") from error


@get("/approvals/{id:str}", name="page.approval", include_in_schema=False)
async def approval_page(request: Asked, page: ThePage, id: FromPath[str]) -> Response[bytes]:
    """Show one question with exactly what would be done."""
    data = await approval(page.desk, {"id": id[:LONGEST]})
    if data["approval"] is None and data["waits"] is None:
        if whole(id, 15) is not None and page.desk.office is not None:
            raise Missing("there is no question of that number here; see Approvals")
        onerun.record_of(page.desk, id)
        raise Missing(f"run {id} asks nothing, or its agent does; see Approvals")
    parts = render(page, "approval", SCENES["approval"].parts, data)
    shown = {"parts": parts, "query": {"id": id}, "after": stamp(parts), "name": "approval"}
    if data["approval"] is not None:
        return page.respond(request, "approval.html", {**data, **shown})
    facts = onerun.receipt_of(onerun.record_of(page.desk, id), data["change"])
    return page.respond(request, "question.html", {**data, **shown, "facts": facts})


async def _show(request: Asked, page: Page, scene: Scene, query: dict[str, str]) -> Response[bytes]:
    parts = await draw(page.desk, page, scene, query)
    data = {
        "parts": parts,
        "title": query.get("name", scene.title),
        "name": scene.name,
        "query": query,
        "after": stamp(parts),
        "works": page.desk.workshop is not None or page.desk.office is not None,
        **await _offered(page, scene),
    }
    return page.respond(request, f"{scene.name}.html", data)


async def _offered(page: Page, scene: Scene) -> Mapping[str, Sequence[str]]:
    """Return the agents a form offers, and the repositories of those that have several."""
    if scene.name not in ("team", "runs") or page.desk.office is None:
        return {"names": (), "repos": ()}
    agents = [a for a in await page.desk.office.roster.agents() if a.mood != "broken"]
    repos = {r for a in agents if len(a.repositories) > 1 for r in a.repositories}
    return {"names": [a.name for a in agents], "repos": sorted(repos)}


def _entry(text: str, record: Record) -> int | None:
    """Return which entry of a log is meant; None for the log as it is."""
    number = whole(text, 8)
    return None if number is None or not record.rows else min(number, len(record.rows) - 1)


def _query(request: Asked) -> dict[str, str]:
    return {k: v[:LONGEST] for k, v in request.query_params.items() if k not in STREAMS}


def _stream(request: Asked, page: Page, key: str, make: Callable[[], Source]) -> Stream:
    if page.desk.hub.full:
        raise ServiceUnavailableException("too many live pages are open; close some")
    last = str(request.headers.get("last-event-id") or request.query_params.get("after", ""))
    session, seal = visit_of(request.scope).session, request.query_params.get("seal", "")

    async def chunks() -> AsyncIterator[bytes]:
        yield b"retry: 500\n\n"
        async for update in page.desk.hub.listen(key, make, last, session):
            yield page.signed(encode(update), session, seal)

    return Stream(chunks(), media_type="text/event-stream")
