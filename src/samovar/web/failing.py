"""What somebody sees when something went wrong: a line that says what to do, no traceback."""

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import Scope

from samovar.core.errors import Missing, ModelError, Refused, SamovarError
from samovar.org.seams import StoreAway
from samovar.web.body import is_form
from samovar.web.guard import MACHINES, Answer, answered, said
from samovar.web.page import Page

log = structlog.get_logger("samovar.web")
Asked = Request[Any, Any, Any]
HTML = "text/html; charset=utf-8"
NEXT = {
    401: ("/login", "Log in"),
    403: ("/dashboard", "Back to the team"),
    404: ("/runs", "See all runs"),
}
WORDS = {
    400: "That does not fit",
    401: "You are not logged in",
    403: "Refused",
    404: "Nothing is here",
    405: "This cannot be done here",
    409: "That did not work",
    413: "Too large",
    503: "Not now",
}


def refusal(page: Page, scope: Scope, status: int, text: str, kept: str = "") -> Answer:
    """Return the answer to a request that reaches no route: a page for a form, else JSON.

    `kept` is what a person had typed, which the page gives back.
    """
    if scope["path"].startswith(MACHINES) or not is_form(scope):
        return said(status, text)
    body = _drawn(page, scope, status, text, kept)
    return answered(status, body, [(b"content-type", HTML.encode())])


def wrong_request(request: Asked, error: HTTPException) -> Response[Any]:
    """Answer what Litestar refused."""
    text = error.detail or "the request cannot be answered"
    extra = getattr(error, "extra", None)
    problems = [
        f"{p.get('key', '')}: {p.get('message', '')}" for p in extra or [] if isinstance(p, dict)
    ]
    return _answer(request, error.status_code, "; ".join([text, *problems]))


def cannot(request: Asked, error: SamovarError) -> Response[Any]:
    """Answer what somebody must mend."""
    return _answer(request, status_of(error), str(error))


def status_of(error: SamovarError) -> int:
    """Return the status that says whether to try again: with 503, as it is."""
    match error:
        case Refused():
            return 403
        case Missing():
            return 404
        case ModelError() | StoreAway():
            return 503
        case _:
            return 409


def too_deep(request: Asked, _error: RecursionError) -> Response[Any]:
    """Answer JSON that is nested beyond any use."""
    return _answer(request, 400, "the body is nested too deeply")


def broken(request: Asked, error: Exception) -> Response[Any]:
    """Answer our own mistake."""
    log.error("web.broken", path=request.scope["path"], error=repr(error), exc_info=error)
    return _answer(request, 500, "samovar made a mistake; the log of the server names it")


def _answer(request: Asked, status: int, text: str) -> Response[Any]:
    path: str = request.scope["path"]
    page: Page | None = getattr(request.app.state, "page", None)
    if path.startswith(MACHINES) or page is None or "visit" not in request.scope["state"]:
        return Response({"error": text, "status": status}, status_code=status)
    return Response(_drawn(page, request.scope, status, text), status_code=status, media_type=HTML)


def _drawn(page: Page, scope: Any, status: int, text: str, kept: str = "") -> bytes:
    target, word = NEXT.get(status, ("/dashboard", "Back to the team"))
    data = {
        "status": status,
        "what": WORDS.get(status, "Something broke" if status >= 500 else "That did not work"),
        "said": text,
        "kept": kept,
        "target": target,
        "word": word,
        "name": "error",
    }
    return page.bytes_of(scope, "error.html", data)
