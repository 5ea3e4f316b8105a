"""What stands on the pages, with and without a team, runs and script."""

import asyncio
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import NamedTuple

import household
import pytest
from household import BASE, BEARER, NOW
from litestar.testing import TestClient
from msgspec.structs import replace
from prometheus_client import generate_latest

from samovar.core.errors import SetupError
from samovar.core.log import hold
from samovar.org.seams import Job, LedgerEntry
from samovar.web.files import files
from samovar.web.metrics import Metrics
from samovar.web.page import HERE
from samovar.web.site import site
from samovar.web.verbs import Agent, Status
from samovar.web.views import due, next_turn

EVERY = [
    *("/dashboard", "/runs", "/board", "/agents", "/org", "/credits", "/approvals", "/system"),
    *("/docs", "/login", "/nothing", f"/runs/{'20261121-100000-solved-0001'}"),
]
SOLVED, FAILED = "20261121-100000-solved-0001", "20261120-100000-failed-0002"
STOPPED = "20261121-113000-stopped-0003"


@pytest.fixture
def empty(tmp_path):
    """A home in which nothing has happened."""
    with TestClient(site(household.desk(tmp_path)), base_url=BASE) as made:
        made.headers.update(BEARER)
        yield made


def test_the_team_page_begins_with_what_waits(client):
    text = client.get("/dashboard").text
    order = ("waiting", "ask", "running", "agents", "today", "recent")
    places = [text.index(f'id="{o}-title"') for o in order]
    assert places == sorted(places)
    assert "May this run commit?" in text
    assert "developer: push?" in text


def test_what_waits_stands_once_and_the_oldest_first(client, team):
    def titles() -> list[str]:
        text = client.get("/dashboard").text.partition('id="waiting-title"')[2]
        return re.findall(r'<a href="[^"]+">([^<]+)</a>', text.partition("</section>")[0])

    first = "May this run commit?"
    rest = ["developer: push?", "researcher: fetch?", "writer asks"]
    assert titles() == [first, "Task 7 of tester", *rest], "task 4 waits for what is asked in 8"
    team.asked[8] = replace(team.asked[8], task=0)
    assert titles() == [first, "Task 4 of manager", "Task 7 of tester", *rest]


def test_today_counts_a_task_and_its_run_once(client, home, team):
    def counted() -> dict[str, str]:
        text = client.get("/dashboard").text.partition('id="today-title"')[2]
        found = re.findall(r"<b>([^<]+)</b> <span>([^<]+)</span>", text.partition("</section>")[0])
        return {word: value for value, word in found}

    now, ended = datetime.now(UTC), "20261122-100000-today-0009"
    household.put_run(home, ended, "solved")
    log = home / "runs" / ended / "events.jsonl"
    log.write_text(log.read_text().replace("2026-01-02T03:04", now.strftime("%Y-%m-%dT%H:%M")))
    assert counted()["tasks done"] == "1"
    for number, run in ((1, ended), (2, ""), (3, "")):
        team.jobs[number] = replace(team.jobs[number], state="done", run=run, ended=now)
    team.jobs[4] = replace(team.jobs[4], state="dead", ended=now)
    team.ledger.append(LedgerEntry(id=99, at=now, agent="writer", amount=-990_000_000, balance=0))
    found = counted()
    assert (found["tasks done"], found["failed"]) == ("3", "1")
    assert float(found["credits spent"].replace(",", "")) >= 990


def test_the_team_page_says_when_each_agent_has_its_next_turn(client):
    text = client.get("/dashboard").text
    rows = re.findall(r'href="/agents/(\w+)">\w+</a></th>(.*?)</tr>', text)
    said = {name: re.findall(r'<td class="num">([^<]*)</td>', row)[1] for name, row in rows}
    # After tick 42: every tick; every 2nd, offset 1; every 3rd, offset 0; no credits.
    assert said["manager"] == "43" and said["developer"] == "43" and said["reviewer"] == "45"
    assert said["researcher"] == "idle"
    for every, offset in ((1, 0), (3, 1), (7, 100), (10, 9)):
        agent = Agent(name="a", every=every, offset=offset)
        ticks = [t for t, runs in due(agent, 42) if runs]
        assert next_turn(agent, Status(tick=42, engine="runs")) == str(ticks[0])
    assert next_turn(agent, Status(tick=42)) == "idle", "no engine, no tick"


def test_a_team_of_nobody_is_told_the_three_commands_to_begin_with(tmp_path):
    nobody = household.desk(tmp_path, household.Team())
    with TestClient(site(nobody), base_url=BASE) as made:
        made.headers.update(BEARER)
        text = made.get("/dashboard").text
    assert "<pre>samovar bootstrap my-team\ncd my-team\nsamovar up</pre>" in text


@pytest.mark.parametrize("path", EVERY[:8])
def test_an_empty_home_says_the_next_step_on_every_page(empty, path):
    answer = empty.get(path)
    assert answer.status_code == 200
    steps = ("samovar ", 'href="/dashboard"', "No run has ended")
    main = answer.text.partition("<main")[2]
    assert any(s in main for s in steps)


def test_what_runs_stands_once_with_its_button_under_running_now(client, home, team):
    with held(home, STOPPED), held(home, FAILED):
        team.jobs[1] = replace(team.jobs[1], run=STOPPED)
        text = client.get("/dashboard").text.partition('id="running-title"')[2]
    text = text.partition("</section>")[0]
    assert text.count(f'href="/runs/{STOPPED}"') == 1 and 'action="/jobs/1/cancel"' in text
    assert text.count("begun elsewhere") == 1 and f'href="/runs/{FAILED}"' in text


@contextmanager
def held(home: Path, run: str) -> Iterator[None]:
    """Hold a run as whoever works on it does."""
    lock = hold(home / "runs" / run)
    try:
        yield
    finally:
        os.close(lock)


@pytest.mark.parametrize("path", EVERY)
def test_every_page_is_whole_without_script_and_light(client, path):
    answer = client.get(path)
    text = answer.text
    assert text.lower().count("<h1") == 1
    assert "<main" in text
    assert not re.search(r"\son\w+=", text), "no inline handlers"
    assert not re.search(r"\sstyle=", text), "the policy forbids style attributes"
    assert "http://" not in re.sub(r"http://127\.0\.0\.1:8000", "", text.replace("www.w3.org", ""))
    assert all('nonce="' in tag for tag in re.findall(r"<script[^>]*>", text))


def test_a_large_team_makes_no_page_large(client, team):
    names = [f"agent-{n:03}" for n in range(300)]
    team.people += [Agent(name=name, model="m") for name in names]
    for n in range(1000, 5000):
        state = ("ready", "failed", "waiting", "done")[n % 4]
        agent = names[n % 7] if n % 2 else names[n % 300]
        team.jobs[n] = Job(id=n, agent=agent, text="x" * 90, state=state, position=n, created=NOW)
    board = client.get("/board").text
    assert "200 of 1003" in board and board.count("<option") < 2 * len(team.people) + 10
    waiting = client.get("/dashboard").text.partition('id="waiting-title"')[2].partition("</ul>")[0]
    assert waiting.count("<li>") == 51 and "and 955 more" in waiting
    sizes = {path: len(client.get(path).content) for path in (*EVERY[:8], f"/agents/{names[1]}")}
    assert sizes.pop("/board") < 1_200_000 and max(sizes.values()) < 400_000, sizes


def test_a_first_visit_weighs_less_than_100_kB(client):
    page = len(client.get("/dashboard").content)
    needed = re.findall(r"/assets/[\w.-]+", client.get("/dashboard").text)
    rest = sum(len(files()[name].plain) for name in set(needed))
    assert page + rest < 100_000
    packed = client.get(sorted(set(needed))[0], headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "immutable" in packed.headers["cache-control"]


def test_the_script_is_htmx_as_published_and_our_own_lines_as_they_stand():
    script = (HERE / "assets" / "site.js").read_text()
    own = (HERE / "script" / "own.js").read_text()
    assert script.endswith(own), "make it anew: sh scripts/web-script.sh"
    assert len(own.encode()) <= 3 * 1024
    assert script.startswith("/*! htmx 4.0.1 with hx-sse and hx-csp")
    assert script.index("sse:connect") < script.index("hx-csp", 200)


def test_an_unknown_page_says_where_to_go(client):
    answer = client.get("/runs/nothing-here")
    assert answer.status_code == 404
    assert "See all runs" in answer.text
    assert client.get("/api/runs/nothing-here").json() == {
        "error": "there is no run 'nothing-here' here; see 'samovar runs'",
        "status": 404,
    }
    assert client.get("/agents/nobody").status_code == 404
    assert client.get("/approvals/999").status_code == 404


def test_the_organisation_names_dangerous_permissions(client):
    text = client.get("/org").text
    assert "has dangerous permissions" in text
    assert 'class="node marked"' in text


def test_metrics_speak_of_runs_tasks_and_credits(client):
    text = client.get("/metrics").text
    assert 'samovar_runs{state="done"} 1.0' in text
    assert 'samovar_tasks{agent="developer",state="ready"} 3.0' in text
    assert 'route="/dashboard"' not in text
    client.get("/dashboard")
    assert (
        'samovar_http_requests_total{route="/dashboard",status="200"}'
        in client.get("/metrics").text
    )


async def test_two_who_ask_for_the_metrics_at_once_get_the_same_figures(desk, team, monkeypatch):
    for verb in ("works", "counts", "tasks", "latest", "balances", "approvals"):
        asked = getattr(team, verb)

        async def slowly(*words, asked=asked):
            await asyncio.sleep(0.01)
            return await asked(*words)

        monkeypatch.setattr(team, verb, slowly)
    counted = Metrics()
    await asyncio.gather(*(counted.refresh(desk) for _ in range(3)))
    text = generate_latest(counted.registry).decode()
    assert 'samovar_runs{state="done"} 1.0' in text
    assert 'samovar_tasks{agent="developer",state="ready"} 3.0' in text


def test_the_api_answers_what_the_pages_show(client, team):
    assert [a["name"] for a in client.get("/api/agents").json()][:2] == ["manager", "developer"]
    assert client.get("/api/agents/writer").json()["resume"]["name"] == "writer"
    assert client.get("/api/messages?agent=writer&limit=1").json()[0]["agent"] == "writer"
    assert client.get("/api/credits").json()["writer"] > 0
    status = client.get("/api/status").json()
    assert status["runs"]["done"] == 1
    assert status["waiting"] == 4
    one = client.get(f"/api/runs/{SOLVED}").json()
    assert one["receipt"]["verified"] is True
    assert one["entries"] == 22
    events = client.get(f"/api/runs/{SOLVED}/events?after=19").json()
    assert [e["seq"] for e in events] == [20, 21]
    assert events[1]["event"]["type"] == "closed"
    assert "+    return ordered[len" in client.get(f"/api/runs/{SOLVED}/diff").text
    made = client.post("/api/tasks", json={"text": "x", "agent": "writer"})
    assert made.json()["agent"] == "writer"
    answer = client.post("/api/approvals/7", json={"digest": "ab" * 32, "yes": True})
    assert answer.json() == {"said": "Approved: push of developer."}
    assert team.asked[7].state == "granted"


def test_the_api_is_described_on_a_page_of_its_own(client):
    text = client.get("/docs").text
    assert "/api/agents/{name}" in text
    assert "cdn" not in text
    schema = client.get("/docs/openapi.json").json()
    assert set(schema["paths"]) >= {"/api/agents", "/api/status", "/api/runs/{run}/events"}
    filed = schema["paths"]["/api/tasks"]["post"]
    assert {"202", "401", "404", "409", "413", "422", "503"} <= filed["responses"].keys()
    assert "Idempotency-Key" in [p["name"] for p in filed["parameters"]]
    assert "Litestar" not in str(schema) and "status_code" not in str(schema)
    live = schema["paths"]["/api/runs/{run}/events"]["get"]
    assert set(live["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    assert "Last-Event-ID" in [p["name"] for p in live["parameters"]]


class Line(NamedTuple):
    """One line of a doctor."""

    name: str
    ok: bool
    text: str
    fix: str = ""


def test_the_system_page_never_waits_for_the_doctor(desk, client):
    found, may_say = [Line("sandbox", True, "bubblewrap: 0.11.0 at /usr/bin/bwrap")], Event()
    times = []

    async def doctor():
        times.append("asked")
        while not may_say.is_set():
            await asyncio.sleep(0.01)
        return found

    assert "samovar doctor" in client.get("/system").text, "without one it says where to ask"
    desk.checkup.doctor = doctor
    for _ in range(3):
        text = client.get("/system").text
        assert "The doctor is looking" in text and "0.11.0" not in text
    may_say.set()
    assert "bubblewrap: 0.11.0 at" in until(client, "Looked at")
    assert times == ["asked"], "asked once, however often somebody looks"
    found.append(Line("git", False, "git is missing", "apt install git"))
    assert client.post("/system/doctor", follow_redirects=False).status_code == 303
    text = until(client, "apt install git")
    assert "not ok" in text and text.count("bubblewrap: 0.11.0 at") == 2, "also among the facts"


def test_a_doctor_that_fails_says_so_on_the_system_page(desk, client):
    async def doctor():
        raise SetupError("the disk is full")

    desk.checkup.doctor = doctor
    assert "the disk is full" in until(client, "the disk is full")


def until(client, said: str) -> str:
    """Return the System page once it says something."""
    end = time.monotonic() + 20
    while said not in (text := client.get("/system").text) and time.monotonic() < end:
        time.sleep(0.01)
    return text
