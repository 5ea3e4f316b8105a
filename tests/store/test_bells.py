"""Bells: in the process, and through SAQ on Redis and PostgreSQL."""

import asyncio
import json
import time

import pytest

from samovar.core.errors import SetupError
from samovar.org.seams import Filter, Job
from samovar.store.bells import open_bell
from samovar.store.page import saq_page
from samovar.store.ringing import Ringing
from samovar.store.store import memory

KINDS = ("local", "redis", "postgresql")
AGENTS = ("ada", "bob")


async def both():
    return AGENTS


@pytest.fixture(params=KINDS)
def bell_url(request):
    match request.param:
        case "redis":
            return request.getfixturevalue("redis").url
        case "postgresql":
            return request.getfixturevalue("database")
    return ""


@pytest.fixture
async def bell(bell_url):
    opened = open_bell(bell_url, both)
    yield opened
    await opened.close()


async def heard(bell, agents=(), seconds=5.0):
    return asyncio.create_task(bell.wait(agents, seconds))


async def test_a_ring_wakes_who_waits_for_its_agent(bell):
    waiting = await heard(bell, ["ada"])
    await asyncio.sleep(0.2)
    begin = time.monotonic()
    await bell.ring("ada")
    assert await waiting
    assert time.monotonic() - begin < 1.5


async def test_who_names_nobody_hears_everybody(bell):
    waiting = await heard(bell)
    await asyncio.sleep(0.2)
    await bell.ring("bob")
    assert await waiting


async def test_a_ring_for_another_agent_wakes_nobody(bell):
    waiting = await heard(bell, ["ada"], 0.5)
    await bell.ring("bob")
    assert not await waiting


async def test_a_ring_before_the_wait_is_heard(bell):
    await bell.ring("ada")
    assert await bell.wait(["ada"], 3)


async def test_silence_ends_in_time(bell):
    begin = time.monotonic()
    assert not await bell.wait(["ada"], 0.3)
    assert time.monotonic() - begin < 2


async def test_a_doubled_ring_harms_nobody(bell):
    for _ in range(50):
        await bell.ring("ada")
    assert await bell.wait(["ada"], 3)


async def test_rings_nobody_hears_do_not_pile_up(bell_url):
    if not bell_url:
        pytest.skip("a local bell remembers one ring")
    bell = open_bell(bell_url, both)
    for _ in range(40):
        await bell.ring("ada")
    assert await bell.queues["ada"].count("queued") == 16
    await bell.close()


async def test_a_worker_on_another_machine_hears_the_ring(bell_url):
    if not bell_url:
        pytest.skip("a local bell is heard in its process only")
    here, there = open_bell(bell_url, both), open_bell(bell_url, both)
    waiting = await heard(there)
    await asyncio.sleep(0.3)
    begin = time.monotonic()
    await here.ring("bob")
    assert await waiting
    assert time.monotonic() - begin < 1.5
    await here.close()
    await there.close()


async def test_who_names_nobody_hears_an_agent_that_came_later(bell_url):
    if not bell_url:
        pytest.skip("a local bell knows no names")
    there = ["ada"]

    async def present():
        return there

    here, away = open_bell(bell_url, present), open_bell(bell_url)
    assert not await here.wait((), 0.1)
    there.append("eve")
    waiting = await heard(here)
    await asyncio.sleep(0.3)
    await away.ring("eve")
    assert await waiting
    await here.close()
    await away.close()


async def test_a_busy_worker_leaves_rings_to_others(bell_url):
    if not bell_url:
        pytest.skip("a local bell is heard in its process only")
    busy, idle = open_bell(bell_url, both), open_bell(bell_url, both)
    assert not await busy.wait(["ada"], 0.2)
    waiting = await heard(idle, ["ada"], 10)
    await asyncio.sleep(0.2)
    await busy.ring("ada")
    assert await waiting
    await busy.close()
    await idle.close()


async def test_a_bell_out_of_order_stops_nobody(redis, caplog):
    bell = open_bell(redis.url, both)
    await bell.ring("ada")
    redis.kill()
    await bell.ring("ada")
    assert not await bell.wait(["ada"], 0.5)
    assert "bell_out_of_order" in caplog.text
    redis.start()
    waiting, other = await heard(bell, ["ada"], 10), open_bell(redis.url)
    await other.ring("ada")
    assert await waiting
    await other.close()
    await bell.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:9", "postgresql://127.0.0.1:9/x"])
async def test_a_bell_that_was_never_there_stops_nobody(url, caplog):
    bell = open_bell(url, both)
    await bell.ring("ada")
    assert not await bell.wait((), 0.3)
    assert "bell_out_of_order" in caplog.text
    await bell.close()


@pytest.mark.parametrize("url", ["amqp://x", "redis://127.0.0.1:notaport"])
async def test_an_unusable_address_is_explained(url):
    with pytest.raises(SetupError, match="SAMOVAR_BELL_URL"):
        open_bell(url)


async def test_a_queue_rings_for_jobs_that_are_ready():
    bell = open_bell("")
    store = memory()
    queue = Ringing(store.queue, bell)
    job = await queue.add(Job(agent="ada"))
    assert await bell.wait(["ada"], 0.1)
    await queue.move(job.id, "bob")
    assert await bell.wait(["bob"], 0.1)
    await queue.cancel(job.id, "no")
    await queue.add(Job(agent="ada", state="waiting"))
    assert not await bell.wait((), 0.05)
    await queue.revive(job.id)
    assert await bell.wait((), 0.1)
    assert len(await queue.list(Filter())) == 2


async def ask(app, path, method="GET"):
    said = []

    async def send(message):
        said.append(message)

    await app({"type": "http", "method": method, "path": path}, None, send)
    return said[0]["status"], dict(said[0]["headers"]), said[1]["body"]


async def test_saqs_own_page_shows_the_queues_and_lets_nobody_change_them(redis):
    bell = open_bell(redis.url, both)
    await bell.ring("ada")
    app = saq_page("/saq", bell.queues)
    status, headers, body = await ask(app, "/saq/")
    assert status == 200 and b'src="/saq/root.js"' in body and b"<script>" not in body
    assert headers[b"content-type"] == b"text/html; charset=utf-8"
    _, _, body = await ask(app, "/saq/api/queues")
    (queue,) = json.loads(body)["queues"]
    assert (queue["name"], queue["queued"]) == ("samovar-ada", 1)
    _, _, body = await ask(app, "/saq/api/queues/samovar-ada")
    (job,) = json.loads(body)["queue"]["jobs"]
    _, _, body = await ask(app, f"/saq/api/queues/samovar-ada/jobs/{job['key']}")
    assert json.loads(body)["job"]["function"] == "ring"
    assert (await ask(app, "/saq/root.js"))[2] == b'const root_path = "/saq"'
    for name in ("app.js", "snabbdom.js", "pico.min.css"):
        status, headers, body = await ask(app, f"/saq/static/{name}")
        assert status == 200 and (headers.get(b"content-encoding") == b"gzip") == (
            body[:2] == b"\x1f\x8b"
        )
    for path in ("/saq/static/../page.py", "/saq/static/.py", "/saq/api/queues/zz", "/saq/x"):
        assert (await ask(app, path))[0] == 404
    abort = f"/saq/api/queues/samovar-ada/jobs/{job['key']}/abort"
    assert (await ask(app, abort, "POST"))[0] == 405
    await bell.close()
