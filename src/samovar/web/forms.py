"""What a form or an unsafe request must carry, checked before any route sees it."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from samovar.web.body import FORM, kind_of
from samovar.web.desk import Desk
from samovar.web.guard import SAFE, visit_of

FIELD, HEADER = "csrf", "x-csrf-token"


async def meant(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Refuse a change that none of our own pages asked for (CSRF).

    A bearer of the token needs nothing more: no browser adds that header by itself. Whoever has
    no session yet can only log in, and must come from our own login page.
    """
    if not isinstance(connection, Request):
        return
    if connection.method in SAFE:
        return
    visit = visit_of(connection.scope)
    if visit.bearer:
        return
    if not visit.session:
        if not connection.headers.get("origin"):
            raise PermissionDeniedException("log in from the login page")
        return
    token = connection.headers.get(HEADER) or (await fields(connection)).get(FIELD, "")
    desk: Desk = connection.app.state.desk
    if not desk.keys.accepts(visit.session, token):
        raise PermissionDeniedException("this form is too old; go back, reload the page, try again")


async def fields(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return the fields of a form; nothing for any other kind of request, also one with files."""
    if kind_of(request.headers.get("content-type", "")) != FORM:
        return {}
    found = await request.form()
    return {k: v for k, v in found.items() if isinstance(v, str)}
