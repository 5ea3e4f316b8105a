"""Live pages over a real server: streams and WebSockets, from the first news to the last."""

import asyncio
import re
from contextlib import asynccontextmanager

import household
import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from samovar.core.event import Overridden
from samovar.core.log import JsonlLog
from samovar.org.seams import StoreAway
from samovar.web.forms import FIELD
from samovar.web.server import serve
from samovar.web.socket import LATER, LEFT

RUN = "20261121-113000-stopped-0003"


async def test_the_page_of_an_agent_that_was_removed_says_so(home, team, port):
    desk = household.desk(home, team, host=f"127.0.0.1:{port}")
    async with (
        served(desk, port) as client,
        client.stream("GET", "/live/page/agent?name=writer") as stream,
    ):
        team.people = [a for a in team.people if a.name != "writer"]
        got = await asyncio.wait_for(lines_until(stream, "there is no agent"), 5)
    assert "no news: there is no agent" in got[-1]


@asynccontextmanager
async def served(desk, port: int):
    """Serve a desk and give a client with the token."""
    up = asyncio.Event()
    task = asyncio.create_task(serve(desk, port=port, ready=lambda _: up.set()))
    await asyncio.wait_for(up.wait(), 10)
    base = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=base, headers=household.BEARER) as client:
            yield client
    finally:
        task.cancel()
        await asyncio.wait({task})


async def lines_until(response: httpx.Response, *words: str) -> list[str]:
    """Read until each word was seen, in this order."""
    found, left = [], list(words)
    async for line in response.aiter_lines():
        found.append(line)
        if left[0] in line:
            left.pop(0)
        if not left:
            return found
    return found


@pytest.fixture
def port(unused_tcp_port: int) -> int:
    return unused_tcp_port


def event(number: int) -> Overridden:
    return Overridden(phase="executing", by="person", why=f"because {number}")


async def test_a_run_page_replays_exactly_what_was_missed(home, port):
    desk = household.desk(home, host=f"127.0.0.1:{port}")
    log = JsonlLog(home / "runs" / RUN / "events.jsonl")
    last = len(log.read()) - 1
    async with served(desk, port) as client:
        url = f"/live/run/{RUN}?after={last}"
        async with client.stream("GET", url) as stream:
            for number in range(3):
                log.append(event(number))
            got = "\n".join(await lines_until(stream, "because 2"))
            assert [f"because {n}" in got for n in range(3)] == [True] * 3
            assert got.count(f'id="e{last + 1}"') == 1
        log.append(event(3))
        headers = {"last-event-id": str(last + 3)}
        async with client.stream("GET", url, headers=headers) as stream:
            again = "\n".join(await lines_until(stream, "because 3"))
            assert "because 2" not in again


async def test_the_api_streams_a_log_by_its_numbers(home, port):
    desk = household.desk(home, host=f"127.0.0.1:{port}")
    log = JsonlLog(home / "runs" / RUN / "events.jsonl")
    last = len(log.read()) - 1
    async with served(desk, port) as client:
        headers = {"accept": "text/event-stream", "last-event-id": str(last - 1)}
        url = f"/api/runs/{RUN}/events"
        async with client.stream("GET", url, headers=headers) as stream:
            log.append(event(9))
            got = await lines_until(stream, "because 9")
    ids = [line for line in got if line.startswith("id: ")]
    assert ids == [f"id: {last}", f"id: {last + 1}"]
    data = [line for line in got if line.startswith("data: ")]
    assert msgspec.json.decode(data[-1][6:])["event"]["why"] == "because 9"


async def test_what_a_person_does_shows_on_every_open_page(home, team, port):
    desk = household.desk(home, team, host=f"127.0.0.1:{port}")
    async with served(desk, port) as client, client.stream("GET", "/live/page/board") as stream:
        reading = asyncio.create_task(lines_until(stream, "part-columns", "a task that is new"))
        await asyncio.sleep(0.3)
        made = await client.post("/api/tasks", json={"text": "a task that is new"})
        assert made.status_code == 202
        assert await asyncio.wait_for(reading, 5)


async def test_a_part_carries_the_form_token_of_whoever_sees_it(home, team, port):
    desk = household.desk(home, team, host=f"127.0.0.1:{port}")
    session = desk.keys.session()
    async with served(desk, port) as client:
        cookie = {"cookie": f"{desk.cookie}={session}", "authorization": ""}
        async with httpx.AsyncClient(base_url=client.base_url, headers=cookie) as person:
            person.headers.pop("authorization")
            url = "/live/page/board?seal=abcdefghijkl"
            async with person.stream("GET", url) as stream:
                got = "\n".join(await lines_until(stream, 'name="csrf"'))
    seals = re.findall(rf'name="{FIELD}" value="([^"]*)"', got)
    assert seals and all(desk.keys.accepts(session, s) for s in seals)
    assert {s.partition(".")[0] for s in seals} == {"abcdefghijkl"}, "that of its own page"
    assert desk.mark not in got


@pytest.mark.parametrize("path", ["/live/page/team", f"/live/run/{RUN}", f"/api/runs/{RUN}/events"])
async def test_whoever_logs_out_reads_no_further_in_any_tab(home, team, port, path):
    desk = household.desk(home, team, host=f"127.0.0.1:{port}")
    session, other = desk.keys.session(), desk.keys.session()
    async with served(desk, port) as client:
        base = str(client.base_url).rstrip("/")
        cookies = [{"cookie": f"{desk.cookie}={s}", "origin": base} for s in (session, other)]
        async with (
            httpx.AsyncClient(base_url=base, headers=cookies[0]) as leaving,
            httpx.AsyncClient(base_url=base, headers=cookies[1]) as staying,
            leaving.stream("GET", path, headers={"accept": "text/event-stream"}) as stream,
            staying.stream("GET", "/live/page/board") as others,
            client.stream("GET", "/live/page/board") as program,
        ):
            tab = asyncio.create_task(lines_until(stream, "never said"))
            rest = [asyncio.create_task(lines_until(s, "this is news")) for s in (others, program)]
            await asyncio.sleep(0.3)
            form = {FIELD: desk.keys.form(session)}
            assert (await staying.get("/live/page/none")).status_code == 404
            assert (await leaving.post("/logout", data=form)).status_code == 303
            assert "never said" not in "".join(await asyncio.wait_for(tab, 5)), "it has ended"
            assert (await leaving.get("/live/page/team")).status_code == 401
            out = await client.post("/logout")
            assert out.status_code == 303, "a program has nothing to end"
            assert (
                await client.post("/api/tasks", json={"text": "this is news"})
            ).status_code == 202
            told = await asyncio.wait_for(asyncio.gather(*rest), 5)
            assert ["this is news" in lines[-1] for lines in told] == [True, True], "they go on"


async def test_a_websocket_tells_the_state_of_the_home(home, team, port):
    websockets = pytest.importorskip("websockets.asyncio.client")
    desk = household.desk(home, team, host=f"127.0.0.1:{port}")
    async with served(desk, port) as client:
        url = f"ws://127.0.0.1:{port}/ws"
        async with websockets.connect(url, additional_headers=household.BEARER) as socket:
            told = msgspec.json.decode(await asyncio.wait_for(socket.recv(), 5))
            assert told["status"]["status"]["tick"] == 42
            await client.post("/api/tasks", json={"text": "another"})
            again = msgspec.json.decode(await asyncio.wait_for(socket.recv(), 5))
            assert again["status"]["queues"] != told["status"]["queues"]
        with pytest.raises(websockets.InvalidStatus, match="403"):
            async with websockets.connect(url):
                pass


async def test_a_websocket_that_gets_nothing_more_is_closed(home, team, port):
    websockets = pytest.importorskip("websockets.asyncio.client")
    desk = household.desk(home, team, host=f"127.0.0.1:{port}")
    async with served(desk, port):
        url = f"ws://127.0.0.1:{port}/ws"
        async with websockets.connect(url, additional_headers=household.BEARER) as socket:
            await asyncio.wait_for(socket.recv(), 5)
            # What becomes of a listener who is too many updates behind.
            desk.hub.close()
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 5)
            assert socket.close_code == LATER


async def test_a_websocket_ends_with_its_session_and_no_other_does(home, team, port):
    websockets = pytest.importorskip("websockets.asyncio.client")
    desk = household.desk(home, team, host=f"127.0.0.1:{port}")
    session = desk.keys.session()
    cookie, origin = {"cookie": f"{desk.cookie}={session}"}, f"http://127.0.0.1:{port}"
    async with served(desk, port) as client:
        url = f"ws://127.0.0.1:{port}/ws"
        async with (
            websockets.connect(url, additional_headers=cookie) as own,
            websockets.connect(url, additional_headers=household.BEARER) as program,
            httpx.AsyncClient(base_url=origin, headers={**cookie, "origin": origin}) as person,
        ):
            await asyncio.wait_for(asyncio.gather(own.recv(), program.recv()), 5)
            form = {FIELD: desk.keys.form(session)}
            assert (await person.post("/logout", data=form)).status_code == 303
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(own.recv(), 5)
            assert (own.close_code, own.close_reason) == (LATER, LEFT)
            await client.post("/api/tasks", json={"text": "another"})
            assert "status" in msgspec.json.decode(await asyncio.wait_for(program.recv(), 5))


async def test_a_websocket_opened_while_the_database_is_away_hears_when_it_is_back(
    home, team, port, monkeypatch
):
    websockets = pytest.importorskip("websockets.asyncio.client")
    desk = household.desk(home, team, host=f"127.0.0.1:{port}")
    async with served(desk, port):
        back = asyncio.Event()

        async def away():
            if not back.is_set():
                raise StoreAway("the database does not answer")
            return household.Status(tick=43)

        monkeypatch.setattr(team, "status", away)
        url = f"ws://127.0.0.1:{port}/ws"
        async with websockets.connect(url, additional_headers=household.BEARER) as socket:
            asyncio.get_running_loop().call_later(0.3, back.set)
            told = msgspec.json.decode(await asyncio.wait_for(socket.recv(), 5))
            assert told["status"]["status"]["tick"] == 43


@pytest.mark.parametrize("manner", ["close", "abort"])
async def test_a_client_that_goes_is_forgotten_without_a_word(home, team, port, caplog, manner):
    websockets = pytest.importorskip("websockets.asyncio.client")
    desk = household.desk(home, team, host=f"127.0.0.1:{port}")
    async with served(desk, port) as client:
        url = f"ws://127.0.0.1:{port}/ws"
        async with websockets.connect(url, additional_headers=household.BEARER) as socket:
            await asyncio.wait_for(socket.recv(), 5)
            assert desk.hub.listeners == 1
            if manner == "abort":
                socket.transport.abort()
        for _ in range(3):
            await client.post("/api/tasks", json={"text": "another"})
            await asyncio.sleep(0.2)
        assert desk.hub.listeners == 0
    assert [r for r in caplog.records if r.levelname == "ERROR"] == []
