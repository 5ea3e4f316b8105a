"""A home with agents that have tools, a repository, and a model that is told what to say."""

import json
import subprocess
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from samovar.boot import Choice, quiet
from samovar.coder import Coder
from samovar.core.log import read
from samovar.core.seams import Model
from samovar.core.talk import Used
from samovar.hands.hands import Hands
from samovar.memory.notes import Notes, folder_of
from samovar.memory.recall import Memory
from samovar.models.choices import structured
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.models.scripted import Scripted
from samovar.office import Minds, assemble, kit_on
from samovar.org.kit import Silent
from samovar.org.roster import Folder
from samovar.org.seams import Approval
from samovar.org.sound import Pricing
from samovar.org.team import Team
from samovar.settings import Settings
from samovar.store.store import Store, memory

PAGE = "<h1>Utilize the form in order to log in</h1>\n"
LOG = "".join(f"{n:03} ok\n" for n in range(40)) + "040 ERROR disk full\n"


class Killed(BaseException):
    """As if the process had been killed."""


async def held() -> None:
    """Hold a job that nobody else wants."""


def events(home):
    """Return what happened in every conversation, in its order."""
    paths = sorted((home / "runs").glob("*/events.jsonl"))
    return [entry.event for path in paths for entry in read(path)]


def results(home):
    return [e.result for e in events(home) if isinstance(e, Used)]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def hire(home: Path, name: str, *tools: str, **fields: Any) -> None:
    """Write the resume of an agent with these tools."""
    path = home / "agents" / name / "resume.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    permissions = {"tools": list(tools), **fields.pop("permissions", {})}
    whole = {"name": name, "instructions": "Do as you are told.", "permissions": permissions}
    path.write_text(json.dumps(whole | fields))


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\nname = Ada\nemail = ada@example.org\n[safe]\ndirectory = *\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "page.html").write_text(PAGE)
    (folder / "server.log").write_text(LOG)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "start")
    return folder


@pytest.fixture
def home(project) -> Path:
    made = project / ".samovar"
    (made / "agents").mkdir(parents=True)
    (made / ".gitignore").write_text("*\n")
    return made


class Books:
    """What a team over a home keeps, and the model that is asked."""

    def __init__(self, home: Path, model: Model, store: Store, settings: Settings) -> None:
        self.home, self.model, self.store, self.settings = home, model, store, settings
        self.minds = Minds(home)
        self.loaded = ""
        self.called = "scripted-32b"
        """The model's name; small ones are given no tools for some tasks."""

    async def choice(self, _name: str) -> Choice:
        endpoint = Endpoint(url="http://127.0.0.1:9/v1", model=self.called)
        return Choice(self.model, endpoint, Profile(context=16_000))

    async def find(self, names: Sequence[str], /) -> tuple[str, Model]:
        return names[0] or self.called, self.model

    def team(self) -> Team:
        folder = Folder(self.home)
        hands = Hands(
            home=self.home,
            settings=self.settings,
            choice=self.choice,
            memory=self.minds.of,
            approvals=self.store.approvals,
            roster=folder.read,
            prices=Pricing(self.home),
            live=quiet,
        )
        books = (self.store.approvals, self.store.queue)
        coder = Coder(self.home, self.settings, self.choice, *books, quiet)
        kit = kit_on(
            self.store,
            Silent(),
            models=self,
            choose=structured,
            memory=self.minds,
            code=coder.work,
            act=hands.work,
            prices=Pricing(self.home),
        )
        return assemble(self.home, kit, folder)


def cancelled_before_asked(books: Books, team: Team) -> None:
    """Let a person cancel task 1 in the moment in which its agent sees that it must ask."""
    use = books.store.approvals.use

    async def meanwhile(digest: str) -> Approval:
        await team.cancel(1)
        return await use(digest)

    books.store.approvals.use = meanwhile


@pytest.fixture
async def open_books(home):
    """Return what opens the books over the home with a model of the test's own."""
    async with AsyncExitStack() as stack:

        def begin(
            model: Model | Sequence[Any], store: Store | None = None, **settings: Any
        ) -> Books:
            told = Scripted(model) if isinstance(model, Sequence) else model
            made = Books(home, told, store or memory(), Settings(**settings))
            stack.callback(made.minds.close)
            return made

        yield begin


Open = Callable[..., Books]


def notes(home: Path, agent: str) -> Memory:
    """Return the memory of an agent, on words alone."""
    return Memory(Notes(folder_of(home, agent)))
