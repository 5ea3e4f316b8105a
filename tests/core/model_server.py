"""A model server whose answers are scripted, as a real server on a free port."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], str]
"""What the model says to a request."""
USAGE = {"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 70}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    answer: Answer


class Handler(BaseHTTPRequestHandler):
    """Lists one model, and streams its answers."""

    server: Server

    def do_GET(self) -> None:
        self._send(json.dumps({"data": [{"id": "scripted"}]}).encode(), "application/json")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = self.server.answer(asked)
        pieces = [{"choices": [{"index": 0, "delta": {"content": text}}]}]
        pieces.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        pieces.append({"choices": [], "usage": USAGE})
        lines = [f"data: {json.dumps(p)}\n\n" for p in pieces] + ["data: [DONE]\n\n"]
        self._send("".join(lines).encode(), "text/event-stream")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Serve until the block ends; give the address that clients want."""
    with Server(("127.0.0.1", 0), Handler) as made:
        made.answer = answer
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{made.server_address[1]}/v1"
        made.shutdown()
        thread.join()
