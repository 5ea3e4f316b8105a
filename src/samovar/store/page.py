"""SAQ's own web page, to be mounted in another one: looking only.

SAQ's ready-made applications need Starlette or aiohttp, set a script inline and let anybody who
can send a form abort jobs. This one serves the same files and data, and answers nothing but GET.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from saq.queue.base import Queue
from saq.web.common import STATIC_PATH, job_dict, render

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, str, bytes]
"""Status, media type and body; a body that begins like gzip is sent as such."""

_GZIP = b"\x1f\x8b"
_MISSING: Answer = (404, "text/plain", b"not found")
_MEDIA = {"css": "text/css", "js": "text/javascript"}
_INLINE = '<script>const root_path = "{root}";</script>'


def saq_page(
    root: str, queues: Mapping[str, Queue]
) -> Callable[[Any, Receive, Send], Awaitable[None]]:
    """Return an ASGI application that shows these SAQ queues, to be mounted at `root`.

    `queues` may grow afterwards. It needs `script-src 'self'` and `style-src 'self'` only.
    """

    async def app(scope: Any, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer: Answer = (405, "text/plain", b"this page is for looking only")
        if scope["method"] in ("GET", "HEAD"):
            path = str(scope["path"]).removeprefix(root).strip("/")
            answer = await _answer(root, path, queues)
        await _send(send, answer)

    return app


async def _answer(root: str, path: str, queues: Mapping[str, Queue]) -> Answer:
    named = {queue.name: queue for queue in queues.values()}
    match path.split("/"):
        case [""] | ["queues", *_]:
            outside = f'<script src="{root}/root.js"></script>'
            page = render(root_path=root).replace(_INLINE.format(root=root), outside)
            page = page.replace("<html>", '<html lang="en">')
            return 200, "text/html; charset=utf-8", page.encode()
        case ["root.js"]:
            script = b"const root_path = " + msgspec.json.encode(root)
            return 200, _MEDIA["js"], script
        case ["static", name]:
            return _static(name)
        case ["api", "queues"]:
            return _json({"queues": [await q.info() for q in named.values()]})
        case ["api", "queues", queue] if queue in named:
            return _json({"queue": await named[queue].info(jobs=True)})
        case ["api", "queues", queue, "jobs", key] if queue in named:
            job = await named[queue].job(key)
            return _json({"job": job_dict(job)}) if job else _MISSING
    return _MISSING


def _json(data: Any) -> Answer:
    return 200, "application/json", msgspec.json.encode(data)


def _static(name: str) -> Answer:
    known = {file.name: file for file in STATIC_PATH.iterdir()}
    media = _MEDIA.get(name.rpartition(".")[2], "")
    packed = known.get(f"{name}.gz")
    if not media or (packed is None and name not in known):
        return _MISSING
    return 200, media, (packed or known[name]).read_bytes()


async def _send(send: Send, answer: Answer) -> None:
    status, media, body = answer
    headers = [(b"content-type", media.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(b"content-encoding", b"gzip")] if body.startswith(_GZIP) else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
