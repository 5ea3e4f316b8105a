"""A repository with one bug, a scripted model server, and the command as a process."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CODE = "def add(a, b):\n    return a - b\n"
GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
BAD = "```python\ndef add(a, b):\n    return b\n```"
TEST = "from sums import add\n\n\ndef test_two_numbers_are_added():\n    assert add(2, 3) == 5\n"
QUICK = ("--test", "python3 -c 'import test_sums; test_sums.test_two_numbers_are_added()'")
"""A test command without pytest, which takes seconds to start on a busy machine."""

Samovar = Callable[..., subprocess.CompletedProcess[str]]


class Server(ThreadingHTTPServer):
    """Answers every question with the same text, as a stream."""

    answer = GOOD
    answers: tuple[str, ...] = ()
    """What is answered first, one after the other."""
    pause = 0.0
    """Seconds between the pieces of an answer."""
    daemon_threads = True
    block_on_close = False


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._send(json.dumps({"data": [{"id": "scripted"}]}).encode(), "application/json")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        text, *rest = (*self.server.answers, self.server.answer)
        self.server.answers = tuple(rest[:-1])
        if self.server.pause:
            self._slowly(text)
        else:
            self._at_once(text)

    def _at_once(self, text: str) -> None:
        pieces = [{"choices": [{"delta": {"content": text}}]}]
        pieces.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        pieces.append({"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 20}})
        lines = [f"data: {json.dumps(p)}\n\n" for p in pieces] + ["data: [DONE]\n\n"]
        self._send("".join(lines).encode(), "text/event-stream")

    def _slowly(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        with contextlib.suppress(OSError):
            for word in text.split(" "):
                piece = {"choices": [{"delta": {"content": f"{word} "}}]}
                self.wfile.write(f"data: {json.dumps(piece)}\n\n".encode())
                time.sleep(self.server.pause)
            end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
            self.wfile.write(f"data: {json.dumps(end)}\n\ndata: [DONE]\n\n".encode())

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@localhost", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "sums.py").write_text(CODE)
    (folder / "test_sums.py").write_text(TEST)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "start")
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a person with an empty home, who reaches no network."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("SAMOVAR", "XDG", "PIP"))}
    return keep | {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "PIP_INDEX_URL": "http://127.0.0.1:9",
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "0",
        "TERM": "xterm",
    }


COMMAND = (sys.executable, "-c", "from samovar.cli.main import main; main()")


@pytest.fixture
def samovar(project: Path, environment: dict[str, str]) -> Samovar:
    """Return the command, run in the project to its end."""

    def run(
        *words: str, stdin: str = "", cwd: Path = project, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *words],
            cwd=cwd,
            env=environment | more,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def served(samovar: Samovar, server: Server) -> Samovar:
    """Return the command with the scripted server as its model."""
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"

    def run(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
        return samovar(*words, SAMOVAR_MODEL_URL=url, **more)

    return run
