"""A model server whose answers are scripted, as a real server on a free port."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], str]
"""What the model says to a request."""
USAGE = {"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 70}


class Server(ThreadingHTTPServer):
    """Lists one model, and streams what it says."""

    daemon_threads = True
    block_on_close = False
    pause = 0.0
    """Seconds between the words of an answer; 0 sends it whole."""
    delay = 0.0
    """Seconds before the models are listed."""

    def __init__(self, say: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.say = say
        self.listed = threading.Event()
        """Whether somebody asked for the models."""

    @property
    def url(self) -> str:
        """The address that clients want."""
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.listed.set()
        time.sleep(self.server.delay)
        self._send(json.dumps({"data": [{"id": "scripted"}]}).encode(), "application/json")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = self.server.say(asked)
        if not asked.get("stream"):
            self._whole(text)
        elif self.server.pause:
            self._slowly(text)
        else:
            self._at_once(text)

    def _whole(self, text: str) -> None:
        message = {"role": "assistant", "content": text}
        rows = [{"index": 0, "finish_reason": "stop", "message": message}]
        whole = {"id": "x", "object": "chat.completion", "choices": rows, "usage": USAGE}
        self._send(json.dumps(whole).encode(), "application/json")

    def _at_once(self, text: str) -> None:
        pieces = [{"choices": [{"index": 0, "delta": {"content": text}}]}]
        pieces.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        pieces.append({"choices": [], "usage": USAGE})
        lines = [f"data: {json.dumps(p)}\n\n" for p in pieces] + ["data: [DONE]\n\n"]
        self._send("".join(lines).encode(), "text/event-stream")

    def _slowly(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        with suppress(OSError):
            for word in text.split(" "):
                piece = {"choices": [{"index": 0, "delta": {"content": f"{word} "}}]}
                self.wfile.write(f"data: {json.dumps(piece)}\n\n".encode())
                time.sleep(self.server.pause)
            end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            self.wfile.write(f"data: {json.dumps(end)}\n\ndata: [DONE]\n\n".encode())

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(server: Server) -> Iterator[None]:
    """Let a server serve until the block ends."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving(say: Answer) -> Iterator[str]:
    """Serve until the block ends; give the address."""
    server = Server(say)
    with running(server):
        yield server.url
