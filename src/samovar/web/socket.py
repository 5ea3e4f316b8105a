"""/ws: what changes, as JSON messages, for programs that want a websocket.

Browsers send cookies along with a websocket from any site, so the guard has checked the Origin
and the token before this is reached.
"""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from samovar.web.api import status
from samovar.web.commission import all_runs
from samovar.web.desk import Desk, TheDesk
from samovar.web.guard import visit_of
from samovar.web.live import Update

LATER = 1013
"""The code that says: try again later (IANA, WebSocket Close Code Numbers)."""
LEFT = "come back: you were too far behind or logged out, or the server stops"


class StatusSource:
    """The state of the home and its runs, as JSON."""

    pace = 0.5

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shown = b""
        self._count = 0

    async def look(self) -> Update | None:
        """Return the state when it changed."""
        whole = await status.fn(self._desk)
        runs = (await all_runs(self._desk))[:20]
        shown = msgspec.json.encode({"kind": "status", "status": whole, "runs": runs})
        if shown == self._shown:
            return None
        self._shown = shown
        self._count += 1
        return Update(str(self._count), shown.decode())

    async def since(self, _id: str, /) -> Update | None:
        """Return the state as it is."""
        return Update(str(self._count), self._shown.decode()) if self._shown else None


@websocket("/ws")
async def follow(socket: WebSocket[Any, Any, Any], desk: TheDesk) -> None:
    """Send the state of the home at once, and again whenever it changes."""
    await socket.accept()
    sending = asyncio.create_task(_send(socket, desk))
    leaving = asyncio.create_task(_left(socket))
    both = {sending, leaving}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not leaving.done():
            sending.result()
            await socket.close(LATER, LEFT)
    finally:
        for task in both:
            task.cancel()
        await asyncio.wait(both)


async def _left(socket: WebSocket[Any, Any, Any]) -> None:
    """Return once the client has gone; what it sends means nothing."""
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _send(socket: WebSocket[Any, Any, Any], desk: Desk) -> None:
    session = visit_of(socket.scope).session
    async for update in desk.hub.listen("ws", lambda: StatusSource(desk), "", session):
        if isinstance(update, Update):
            await socket.send_text(update.html)
