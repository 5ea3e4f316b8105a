"""Our own script, style and picture: read once, sent compressed, kept by the browser for good."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from samovar.web.page import ASSETS, asset, takes_gzip

KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class File:
    """A file as it is sent."""

    plain: bytes
    small: bytes
    kind: str


@cache
def files() -> Mapping[str, File]:
    """Return every file by the address it is reached at."""
    found: dict[str, File] = {}
    for path in ASSETS.iterdir():
        kind = KINDS.get(path.suffix[1:])
        if kind:
            data = path.read_bytes()
            found[asset(path.name)] = File(data, gzip.compress(data, 9, mtime=0), kind)
    return found


@get("/assets/{name:str}", include_in_schema=False)
async def send_file(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Send a file."""
    found = files().get(f"/assets/{name}")
    if found is None:
        raise NotFoundException("there is no such file; reload the page")
    packed = takes_gzip(request)
    headers = {"cache-control": FOREVER, "vary": "accept-encoding"}
    if packed:
        headers["content-encoding"] = "gzip"
    data = found.small if packed else found.plain
    return Response(data, media_type=found.kind, headers=headers)


@get("/favicon.ico", include_in_schema=False)
async def picture() -> Redirect:
    """Lead to our picture; SAQ's page names none, and browsers then ask here."""
    return Redirect(asset("logo.svg"))
