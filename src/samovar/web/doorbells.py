"""SAQ's own page of the doorbells, inside ours and behind the same door: looking only."""

import asyncio

from litestar import Litestar, asgi
from litestar.exceptions import NotFoundException, ServiceUnavailableException
from litestar.types import Receive, Scope, Send

from samovar.store.page import saq_page
from samovar.web.desk import Desk
from samovar.web.guard import SAQ

PATIENCE = 4.0
"""Seconds its server has for an answer."""


@asgi(SAQ, is_mount=True, copy_scope=True)
async def saq(scope: Scope, receive: Receive, send: Send) -> None:
    """Show the SAQ queues of the agents."""
    desk: Desk = Litestar.from_scope(scope).state.desk
    bells = desk.office.bells if desk.office else None
    if bells is None:
        raise NotFoundException("no doorbells between machines: set SAMOVAR_BELL_URL=redis://HOST")
    if scope.get("raw_path") == SAQ.encode():
        # Its script knows its first page by the slash at the end.
        there = [(b"location", f"{SAQ}/".encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 307, "headers": there})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    troubles: tuple[type[Exception], ...] = (OSError, *bells.troubles)
    try:
        async with asyncio.timeout(PATIENCE):
            page = saq_page(SAQ, await bells.queues())
            await page(scope, receive, send)  # type: ignore[arg-type]
    except troubles as error:
        raise ServiceUnavailableException(
            "the server of the doorbells (SAMOVAR_BELL_URL) does not answer; tasks are not lost: "
            "workers look every few seconds"
        ) from error
