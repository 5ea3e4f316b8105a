"""`samovar up` as a process: a task filed at its server is done; a database may come later."""

import asyncio
import json
import socket
import subprocess
import urllib.request
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import pytest

from samovar.cli import awaited
from samovar.org.seams import StoreAway

from .conftest import COMMAND, without_tools
from .test_working import PROSE, home, wait_for

__all__ = ["home"]


@contextmanager
def started(words, environment, **pipes):
    child = subprocess.Popen(words, env=environment, text=True, **pipes)
    with child:
        try:
            yield child
        finally:
            child.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def test_a_task_filed_at_the_server_is_done_by_the_engine_beside_it(home, server, environment):
    without_tools(home, "writer")
    base = f"http://127.0.0.1:{(port := free_port())}/api/tasks"
    words = [*COMMAND, "up", "--home", str(home), "--port", str(port), "--pace", "0.1", "--json"]
    there = environment | {"SAMOVAR_MODEL_URL": server.url}
    with started(words, there, stdout=subprocess.PIPE) as up:
        assert json.loads(up.stdout.readline())["event"] == "serving"
        token = (home / "web.token").read_text().strip()
        head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

        def asked(url, body=None):
            data = json.dumps(body).encode() if body else None
            with urllib.request.urlopen(urllib.request.Request(url, data, head)) as answer:
                return json.loads(answer.read())

        filed = asked(base, {"text": "write a line about steam", "agent": "writer"})
        wait_for(lambda: asked(f"{base}/{filed['task']}")["state"] == "done")
        assert asked(f"{base}/{filed['task']}")["result"] == PROSE
        up.terminate()
        assert up.wait(timeout=5) == 0


async def test_what_stands_on_a_database_is_opened_once_it_is_there(monkeypatch, capsys):
    monkeypatch.setattr(awaited, "AGAIN", 0.01)
    looks = 0

    @asynccontextmanager
    async def team():
        nonlocal looks
        looks += 1
        if looks < 4:
            raise StoreAway("the database does not answer")
        yield "the team"

    async with AsyncExitStack() as stack:
        found = await asyncio.wait_for(awaited.opened(stack, team), 10)
    assert (found, looks) == ("the team", 4)
    assert capsys.readouterr().err.count("waiting for it") == 1


@pytest.mark.parametrize("command", ["up", "run", "serve"])
def test_a_database_that_is_not_there_yet_is_waited_for(home, environment, command):
    pytest.importorskip("psycopg")
    url = f"postgresql+psycopg://samovar@127.0.0.1:{free_port()}/samovar"
    words = [*COMMAND, command, "--home", str(home)]
    there = environment | {"SAMOVAR_DATABASE_URL": url}
    with started(words, there, stderr=subprocess.PIPE) as child:
        assert child.stderr.readline().rstrip().endswith("; waiting for it")
        assert child.poll() is None


def test_so_many_ticks_wait_for_no_database(home, environment):
    url = f"postgresql+psycopg://samovar@127.0.0.1:{free_port()}/samovar"
    words = [*COMMAND, "run", "--ticks", "1", "--home", str(home)]
    there = environment | {"SAMOVAR_DATABASE_URL": url}
    done = subprocess.run(words, env=there, text=True, capture_output=True, timeout=60)
    assert done.returncode != 0 and "does not answer" in done.stderr
    assert "Traceback" not in done.stderr and "waiting" not in done.stderr
