"""Templates to HTML. Everything is escaped unless one of our own functions made it."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.di import NamedDependency

from samovar import __version__
from samovar.core.text import count
from samovar.web import words
from samovar.web.desk import Desk
from samovar.web.guard import visit_of
from samovar.web.keys import new_seal

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
NAV = (
    ("/dashboard", "Team"),
    ("/runs", "Runs"),
    ("/board", "Board"),
    ("/agents", "Agents"),
    ("/org", "Organisation"),
    ("/credits", "Credits"),
    ("/approvals", "Approvals"),
    ("/system", "System"),
)


def environment() -> Environment:
    """Return the templates with what they may use."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in (
        "ago",
        "exact",
        "machine",
        "duration",
        "short",
        "credits",
        "clock",
        "cut",
    ):
        made.filters[name] = getattr(words, name)
    made.filters["count"] = count
    made.filters["tone"] = words.tone
    made.filters["icon_of"] = words.icon
    made.globals.update(version=__version__, nav=NAV, asset=asset)
    return made


def asset(name: str) -> str:
    """Return the address of a file of ours; it changes with the file."""
    digest = hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:10]
    stem, _, kind = name.rpartition(".")
    return f"/assets/{stem}.{digest}.{kind}"


def takes_gzip(request: Request[Any, Any, Any]) -> bool:
    """Whether an answer may be compressed."""
    return "gzip" in request.headers.get("accept-encoding", "")


@dataclass(frozen=True)
class Page:
    """Renders pages of one home."""

    desk: Desk
    templates: Environment

    def part(self, template: str, data: Mapping[str, Any]) -> str:
        """Return a part; where a form token belongs stands the desk's mark."""
        return self.templates.get_template(template).render(
            csrf=self.desk.mark, team=self.desk.office is not None, **data
        )

    def signed(self, html: bytes, session: str, seal: str) -> bytes:
        """Return HTML with the form token of a session, for one page, where the marks are."""
        token = self.desk.keys.form(session, seal) if session else ""
        return html.replace(self.desk.mark.encode(), token.encode())

    def bytes_of(self, scope: Any, template: str, data: Mapping[str, Any]) -> bytes:
        """Return a whole page."""
        visit, seal = visit_of(scope), new_seal()
        everywhere = {
            "nonce": visit.nonce,
            "seal": seal,
            "known": visit.known,
            "here": scope["path"],
            "note": self.desk.notes.pop(visit.session, "") if visit.session else "",
            "home": str(self.desk.home),
        }
        html = self.part(template, {**everywhere, **data}).encode("utf-8", "replace")
        return self.signed(html, visit.session, seal)

    def respond(
        self,
        request: Request[Any, Any, Any],
        template: str,
        data: Mapping[str, Any],
        status: int = 200,
    ) -> Response[bytes]:
        """Answer with a whole page, compressed where the browser takes it.

        Nobody learns secrets from its length (BREACH): token and nonce are new on each page.
        """
        html, headers = self.bytes_of(request.scope, template, data), {"vary": "accept-encoding"}
        if takes_gzip(request):
            html, headers["content-encoding"] = gzip.compress(html, 6, mtime=0), "gzip"
        return Response(html, status_code=status, headers=headers, media_type="text/html")


ThePage = NamedDependency[Page]
"""As a route takes it."""
