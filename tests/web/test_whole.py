"""From a task in the browser to a commit: the server's own run, with a scripted model."""

import asyncio
import subprocess
import time
from pathlib import Path

import household
import httpx
import pytest
from hired import hire
from model_server import serving

from samovar.office import open_team
from samovar.org.team import Team
from samovar.web.commission import commission
from samovar.web.conduct import branch_off, buttons, retry, undo
from samovar.web.forms import FIELD
from samovar.web.server import desk_of, serve
from samovar.web.team import office

GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
TEST = "from sums import add\n\n\ndef test_two_numbers_are_added():\n    assert add(2, 3) == 5\n"


@pytest.fixture
def model(monkeypatch, tmp_path):
    with serving(lambda _asked: GOOD) as url:
        monkeypatch.setenv("SAMOVAR_MODEL_URL", url)
        monkeypatch.setenv("SAMOVAR_MODEL", "scripted")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield


@pytest.fixture
def repo(tmp_path) -> Path:
    place = tmp_path / "repo"
    place.mkdir()
    (place / "sums.py").write_text("def add(a, b):\n    return a - b\n")
    (place / "test_sums.py").write_text(TEST)
    git(place, "init", "-q", "-b", "main")
    git(place, "add", ".")
    git(place, "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qm", "begin")
    return place


def git(place: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=place, check=True, capture_output=True, text=True
    ).stdout


async def until(client: httpx.AsyncClient, state: str) -> str:
    """Return the run that came to a state."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        for run in (await client.get("/api/runs")).json():
            if run["state"] == state:
                return run["run"]
        await asyncio.sleep(0.2)
    raise AssertionError(f"no run became {state}: {(await client.get('/dashboard')).text}")


async def test_a_task_from_the_browser_becomes_a_commit_that_a_person_allowed(
    model, repo, unused_tcp_port
):
    home = repo / ".samovar"
    desk = desk_of(home, unused_tcp_port)
    base = f"http://127.0.0.1:{unused_tcp_port}"
    up = asyncio.Event()
    serving = asyncio.create_task(serve(desk, port=unused_tcp_port, ready=lambda _: up.set()))
    await asyncio.wait_for(up.wait(), 10)
    assert (home / "web.token").stat().st_mode & 0o777 == 0o600
    session = desk.keys.session()
    form = {FIELD: desk.keys.form(session)}
    headers = {"origin": base, "cookie": f"{desk.cookie}={session}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=30) as person:
        task = {**form, "text": "`add` in sums.py subtracts; make it add."}
        assert (await person.post("/tasks", data=task)).status_code == 303
        run = await until(person, "waiting")
        page = (await person.get(f"/approvals/{run}")).text
        assert "<mark>+</mark>" in page
        assert git(repo, "branch", "--list", "samovar/*") == ""
        digest = (await person.get("/api/approvals")).json()["runs"][0]["asked"]["digest"]
        answer = {**form, "answer": "yes", "digest": digest}
        assert (await person.post(f"/approvals/{run}", data=answer)).status_code == 303
        assert await until(person, "done") == run
        assert "samovar/" in git(repo, "branch", "--list", "samovar/*")
        assert "verified" in (await person.get(f"/runs/{run}")).text
        assert (await person.post(f"/runs/{run}/undo", data=form)).status_code == 303
    serving.cancel()
    await asyncio.wait({serving})
    assert git(repo, "branch", "--list", "samovar/*") == ""
    assert household.TOKEN not in page


async def work_off(team: Team) -> None:
    """Tick until no task is open; each tick waits for its work."""
    while await team.tasks(states=("ready", "running")):
        await team.tick()


async def test_runs_of_an_agent_are_undone_retried_and_forked_and_all_of_it_is_paid_for(
    model, repo, tmp_path
):
    home = tmp_path / "team"
    hire(home, "developer", craft="code", permissions={"repositories": [str(repo)]})
    async with open_team(home) as team:
        desk = desk_of(home, 8000, office=office(team))
        await desk.office.roster.agents()
        await team.submit("`add` in sums.py subtracts; make it add.", "developer")
        await work_off(team)
        [first] = desk.shelf.lines()
        bought = await commission(desk, first.run)
        assert (first.state, bought.job.agent, bought.job.id) == ("done", "developer", 1)
        assert [v for v, _ in buttons(desk, first, None, bought)] == ["undo", "retry"]
        assert "samovar/" in git(repo, "branch", "--list", "samovar/*")
        await undo(desk, first.run)
        assert git(repo, "branch", "--list", "samovar/*") == ""
        [taken] = desk.shelf.lines()
        assert taken.state == "undone"
        assert [v for v, _ in buttons(desk, taken, None, bought)] == ["retry"]
        await retry(desk, first.run)
        forked = await branch_off(desk, first.run, 2, "keep it short")
        await work_off(team)
        works, costs = await desk.office.jobs.works(), await desk.office.purse.costs()
        assert {j.state for j in await team.tasks("developer")} == {"done"}
        assert sorted(works.values()) == [1, 2, 3] and works[forked] == 3
        assert {line.run for line in desk.shelf.lines()} == works.keys()
        assert costs[2] > 0, "what was tried again was charged"
        assert git(repo, "branch", "--list", f"samovar/{forked}") != ""
        assert desk.workshop.orders == []
