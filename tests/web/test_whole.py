"""From a task in the browser to a commit: the server's own run, with a scripted model."""

import asyncio
import subprocess
import time
from pathlib import Path

import household
import httpx
import pytest
from model_server import serving

from samovar.web.forms import FIELD
from samovar.web.server import desk_of, serve

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
    desk = desk_of(home, unused_tcp_port, repo=repo)
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
