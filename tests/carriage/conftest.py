"""A team's home, and a worker that shares a database with it and no folder."""

import asyncio
import json
import subprocess
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from samovar.boot import Choice, quiet
from samovar.carriage.away import Away
from samovar.carriage.dispatch import Dispatch
from samovar.core.seams import Model
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.models.scripted import Rules, Scripted
from samovar.office import Given, Minds, assemble, equip, staff
from samovar.org.hold import Manner
from samovar.org.journal import engine_log
from samovar.org.roster import Folder
from samovar.settings import Settings
from samovar.store.bell import LocalBell
from samovar.store.database import sqlite
from samovar.store.store import open_store
from samovar.worker import Worker

from ..store.conftest import database, postgres

__all__ = ["database", "postgres"]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def hire(home: Path, name: str, **fields) -> None:
    path = home / "agents" / name / "resume.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"name": name, "instructions": "Do as you are told.", **fields}))


class OneModel:
    """Every name stands for one model."""

    def __init__(self, model: Model) -> None:
        self.model, self.loaded = model, ""

    async def choice(self, _name: str) -> Choice:
        endpoint = Endpoint(url="http://127.0.0.1:9/v1", model="scripted")
        return Choice(self.model, endpoint, Profile(context=16_000))

    async def find(self, names: Sequence[str], /) -> tuple[str, Model]:
        return names[0] or "scripted", self.model

    def slot(self, name: str) -> str:
        return name

    def real(self, name: str) -> str:
        return name

    def missed(self, _name: str) -> str:
        return ""


class Two:
    """Two machines: `home` with the engine, and the folder of a worker, empty at first."""

    def __init__(self, home: Path, folder: Path, there, here) -> None:
        self.home, self.folder, self.there, self.here = home, folder, there, here
        roster = Folder(home)
        self.dispatch = Dispatch(home, there.parcels, there.queue, roster.read, engine_log(home))
        given = self._given(there, Scripted([]))
        self.team = assemble(home, equip(home, given, Minds(home), roster.read), roster)

    def _given(self, store, model) -> Given:
        return Given(Settings(), store, OneModel(model), LocalBell(), quiet, False)

    def worker(self, model, patience: float = 60.0) -> Worker:
        told = Scripted(model) if isinstance(model, list) else Rules(model)
        given = self._given(self.here, told)
        away = Away(
            self.folder,
            self.here.parcels,
            self.here.queue,
            lambda place: staff(given, place),
            patience,
        )
        manner = Manner(lease=20.0, pause=0.0, patience=600.0)
        return Worker(self.here.claims, LocalBell(), away.work, manner=manner)

    async def drain(self, worker: Worker) -> int:
        """Let a worker do what there is, while the engine's side answers; return the attempts."""
        answering = asyncio.create_task(self._answer())
        try:
            return await worker.drain()
        finally:
            answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering

    async def _answer(self) -> None:
        while True:
            await self.dispatch.exchange()
            await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\nname = Ada\nemail = ada@example.org\n[safe]\ndirectory = *\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path / "there" / "project"
    folder.mkdir(parents=True)
    (folder / "page.html").write_text("<h1>Utilize the form</h1>\n")
    git(folder, "init", "-q", "-b", "trunk")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "start")
    (folder / ".samovar" / "agents").mkdir(parents=True)
    (folder / ".samovar" / ".gitignore").write_text("*\n")
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
async def two(request, tmp_path, project):
    """Two machines with a database in a third place."""
    if request.param == "postgresql":
        url = request.getfixturevalue("database")
    else:
        (tmp_path / "base").mkdir()
        url = sqlite(tmp_path / "base" / "samovar.db")
    folder = tmp_path / "here"
    folder.mkdir()
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(open_store(project / ".samovar", url))
        here = await stack.enter_async_context(open_store(folder, url))
        made = Two(project / ".samovar", folder, there, here)
        await there.ledger.grant("writer", 10**9, by="test")
        yield made
