"""A repository, and a conversation in it with a scripted model."""

import subprocess
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from actions import call

from samovar.boot import Choice
from samovar.companion.companion import Companion
from samovar.companion.seat import Seat
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.models.scripted import Scripted
from samovar.repo import git
from samovar.repo.home import home_of
from samovar.settings import Settings

CODE = "def add(a, b):\n    return a - b\n"


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


MEND = call("edit_text", path="sums.py", search="a - b", replace="a + b")


async def events(talker, text: str) -> list[Any]:
    return [entry.event async for entry in talker.say(text)]


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    """A global configuration of the test's own, and no cache of a person's."""
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\nname = Ada\nemail = ada@example.org\n[safe]\ndirectory = *\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "sums.py").write_text(CODE)
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "blob.bin").write_bytes(bytes(range(256)))
    (folder / ".gitignore").write_text("build/\n")
    (folder / "link").symlink_to("sums.py")
    run(folder, "init", "-q", "-b", "main")
    run(folder, "add", ".")
    run(folder, "commit", "-qm", "start")
    return folder


@pytest.fixture
async def sit(project, tmp_path):
    """Return what begins a conversation with a scripted model; all end with the test."""
    async with AsyncExitStack() as stack:

        async def begin(*answers: Any, settings: Settings | None = None, **more: Any) -> Companion:
            repo = await git.open(project)
            seat = Seat(repo, settings or Settings(), home_of(repo), stack, **more)
            model = Scripted(answers)
            profile = Profile(context=16_000)
            endpoint = Endpoint(url="http://127.0.0.1:9/v1", model="scripted")
            seat.choice = Choice(model, endpoint, profile)
            talker = Companion(seat)
            stack.callback(talker.close)
            return talker

        yield begin


def single(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the forms of one action; in a list of actions there are no others."""
    one = [form for form in schema["anyOf"] if form["type"] == "object"]
    several = [form for form in schema["anyOf"] if form["type"] == "array"]
    assert all(item in one for form in several for item in form["items"]["anyOf"])
    return one
