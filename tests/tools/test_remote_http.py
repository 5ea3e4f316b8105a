"""Tools of MCP servers at an address: honest servers, forgetful ones and hostile ones."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import uvicorn
from mcp.server.mcpserver import MCPServer

from samovar.core.rules import Broker
from samovar.tools.remote_server import RemoteServer

from .conftest import offer, use


@pytest.fixture
def web():
    """Return the address of an honest HTTP server that wants a token."""
    made = MCPServer("web", log_level="CRITICAL")

    @made.tool()
    def double(text: str) -> str:
        """Doubles a text."""
        return text * 2

    app = made.streamable_http_app()

    async def guarded(scope, receive, send):
        if scope["type"] == "http" and (b"authorization", b"Bearer right") not in scope["headers"]:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(guarded, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    server.should_exit = True
    thread.join(10)
    listening.close()


async def test_a_server_at_an_address_is_sent_the_token_its_table_names(meet, web):
    good = RemoteServer(url=web, key="RIGHT", permission="read", allow=("dou*",))
    none = RemoteServer(url=web, key="RIGHT", allow=("other",))
    keys = {"RIGHT": "right", "WRONG": "wrong"}
    joined = await meet(
        environment=keys, web=good, none=none, wrong=RemoteServer(url=web, key="WRONG")
    )
    assert [t.name for t in joined.tools] == ["web_double"]
    assert (await use(joined, "web_double", Broker(), text="ab")).text.endswith("abab")
    (line,) = joined.said
    assert line.startswith("MCP server wrong: ")
    assert "wrong" not in line.removeprefix("MCP server wrong")


class Forgetful(BaseHTTPRequestHandler):
    """A server with sessions, as most have; who names another than the last gets 404."""

    session, said = "first", b""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answers = {
            "initialize": {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "old", "version": "1"},
            },
            "tools/list": {"tools": [offer()]},
            "tools/call": {"content": [{"type": "text", "text": f"in {self.session}"}]},
        }
        answer = {"jsonrpc": "2.0", "id": asked.get("id")}
        if asked["method"] != "initialize" and self.headers["Mcp-Session-Id"] != self.session:
            self.answer(404, self.said)
        elif "id" not in asked:
            self.answer(202, b"")
        elif asked["method"] in answers:
            self.answer(200, json.dumps(answer | {"result": answers[asked["method"]]}).encode())
        else:
            error = {"code": -32601, "message": "no"}
            self.answer(200, json.dumps(answer | {"error": error}).encode())

    def do_GET(self):
        self.answer(404, b"")

    def do_DELETE(self):
        self.answer(200, b"")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Mcp-Session-Id", self.session)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def answering(handler):
    """Run a server on this machine; give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        made.daemon_threads = True
        made.block_on_close = False
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{made.server_address[1]}/mcp"
        finally:
            made.shutdown()
            thread.join()


GONE = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Session not found"}}


@pytest.mark.parametrize("said", [b"", json.dumps(GONE).encode()], ids=["mute", "told"])
async def test_a_server_that_was_begun_again_at_its_address_costs_one_call(meet, said):
    handler = type("One", (Forgetful,), {"said": said})
    with answering(handler) as url:
        joined = await meet(old=RemoteServer(url=url))
        for _ in range(2):
            assert (await use(joined, "old_look")).text.endswith("in first")
        handler.session = "second"
        lost = await use(joined, "old_look")
        assert lost.text == "MCP server old: it has forgotten the session: call again for a new one"
        for _ in range(2):
            assert (await use(joined, "old_look")).text.endswith("in second")


class Hostile(BaseHTTPRequestHandler):
    """Answers every request in one evil way."""

    way = ""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.way == "redirect":
            self.send_response(307)
            self.send_header("Location", "http://127.0.0.1:9/steal")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        kind = "text/html" if self.way == "page" else "application/json"
        self.send_header("Content-Type", kind)
        if self.way == "packed":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if self.way == "slow":
            time.sleep(3)
            return
        block = b"{" * 65536
        for _ in range(1 if self.way in ("page", "packed") else 200):
            try:
                self.wfile.write(block)
            except OSError:
                return

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("flood", "sent more than 4 MB"),
        ("packed", "packed"),
        ("page", "content type"),
        ("redirect", ""),
        ("slow", "did not answer within 1 s"),
    ],
)
async def test_an_address_that_answers_evil_is_one_line(meet, way, said):
    handler = type("One", (Hostile,), {"way": way})
    with answering(handler) as url:
        joined = await meet(evil=RemoteServer(url=url, start_seconds=1.0 if way == "slow" else 5))
    assert joined.tools == ()
    (line,) = joined.said
    assert line.startswith("MCP server evil: ")
    assert said.lower() in line.lower()
    assert len(line) < 400
