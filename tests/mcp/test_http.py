"""`samovar mcp serve --http`: the official client gets in with the token, nobody else does."""

import subprocess
import sys
import time

import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client

from mcp import Client
from samovar.mcp.door import Door, find_token

COMMAND = (sys.executable, "-c", "from samovar.cli.main import main; main()")
TOKEN = "a-token-for-tests-only-0123456789"
HOST = "127.0.0.1:8765"


@pytest.fixture
def address(project, environment, tmp_path):
    """Start the server on a free port; return where it answers."""
    log = tmp_path / "said.txt"
    words = [*COMMAND, "mcp", "serve", "--http", "--port", "0", "--repo", str(project)]
    with log.open("wb") as said:
        process = subprocess.Popen(
            words, env=environment | {"SAMOVAR_MCP_TOKEN": TOKEN}, stderr=said, stdout=said
        )
        end = time.monotonic() + 60
        while "answers at" not in log.read_text() and time.monotonic() < end:
            time.sleep(0.1)
        yield log.read_text().split("answers at ")[1].split(";")[0]
        process.terminate()
        assert process.wait(20) in (0, -15, 143)


async def test_the_official_client_gets_in_with_the_token_and_only_so(address, says):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(address, http_client=http)) as client,
    ):
        assert (await says(client, "runs"))["runs"] == []
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accepts = {"Accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient(headers=accepts) as http:
        assert (await http.post(address, json=asked)).status_code == 401
        wrong = {"Authorization": f"Bearer {TOKEN}x"}
        assert (await http.post(address, json=asked, headers=wrong)).status_code == 401
        site = headers | {"Origin": "http://evil.example"}
        assert (await http.post(address, json=asked, headers=site)).status_code == 403
        rebound = headers | {"Host": "evil.example"}
        assert (await http.post(address, json=asked, headers=rebound)).status_code == 403


async def answered(door, path="/mcp", **headers):
    """Knock; return the status, or "in" where the request came through."""
    sent = []

    async def send(message):
        sent.append(message)

    rows = [(k.encode(), v.encode("latin-1")) for k, v in headers.items()]
    await door({"type": "http", "path": path, "headers": rows}, None, send)
    return sent[0].get("status", "in")


async def inner(_scope, _receive, send):
    await send({"type": "inner"})


DOOR = Door(inner, TOKEN, frozenset({HOST, "localhost:8765"}))
GOOD = {"host": HOST, "authorization": f"Bearer {TOKEN}"}


async def test_the_right_request_comes_in():
    assert await answered(DOOR, **GOOD) == "in"
    assert await answered(DOOR, **GOOD, origin=f"http://{HOST}") == "in"


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.nip.io"),
        *(
            "127.0.0.1:8765.evil.example",
            "localhost:8765@evil.example",
            "0.0.0.0:8765",
            "[::1]:8765",
        ),
        *("127.0.0.1:8765 ", "2130706433:8765", "127.1:8765", "localhost.:8765"),
    ],
)
async def test_another_host_is_refused(host):
    assert await answered(DOOR, **GOOD | {"host": host}) == 403


@pytest.mark.parametrize(
    "origin",
    [
        *("null", "", "http://evil.example", "http://127.0.0.1", "http://127.0.0.1:8766"),
        *("https://127.0.0.1:8765.evil.example", "http://127.0.0.1:8765.evil.example", "file://"),
        *("https://127.0.0.1:8765", "http://localhost:8765/", "chrome-extension://abc"),
    ],
)
async def test_another_origin_is_refused(origin):
    assert await answered(DOOR, **GOOD, origin=origin) == 403


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN[:-1]}", "Bearer \xff\xfe"],
)
async def test_another_token_is_refused(authorization):
    assert await answered(DOOR, **GOOD | {"authorization": authorization}) == 401


async def test_two_hosts_or_two_tokens_are_none():
    sent = []

    async def send(message):
        sent.append(message)

    rows = [(b"host", HOST.encode())] * 2 + [(b"authorization", f"Bearer {TOKEN}".encode())]
    await DOOR({"type": "http", "path": "/mcp", "headers": rows}, None, send)
    assert sent[0]["status"] == 403


async def test_there_is_nothing_but_one_path():
    assert await answered(DOOR, "/", **GOOD) == 404


def test_the_token_is_made_once_and_is_nobody_elses_to_read(tmp_path):
    made = find_token(tmp_path, {})
    assert len(made) >= 32
    assert find_token(tmp_path, {}) == made
    assert (tmp_path / "mcp.token").stat().st_mode & 0o77 == 0
