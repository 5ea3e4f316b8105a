"""A home with agents, a scripted model, and a team over them."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from samovar.core.message import Request
from samovar.core.seams import Model
from samovar.models.choices import structured
from samovar.models.scripted import Rules
from samovar.office import kit_on
from samovar.org.crew import Crew
from samovar.org.engine import Engine
from samovar.org.journal import engine_log
from samovar.org.kit import Silent
from samovar.org.roster import Folder
from samovar.org.seams import Bell
from samovar.org.standing import present
from samovar.org.team import Team
from samovar.org.turn import Turns
from samovar.store.store import Store, memory

MEMORY = Path("/dev/shm")


def act(action: str, to: str = "person", text: str = "") -> str:
    """Return the answer of a model that chooses this."""
    return json.dumps({"action": action, "to": to, "text": text})


def asked(request: Request) -> str:
    """Return the name of the agent a request is made for."""
    return request.messages[0].text.removeprefix("You are ").split(",")[0]


def silent(_request: Request) -> str:
    raise AssertionError("no model may be asked")


@dataclass
class OneModel:
    """Every name stands for one model."""

    model: Model
    loaded: str = ""
    found: list[tuple[str, ...]] = field(default_factory=list)

    async def find(self, names: Sequence[str], /) -> tuple[str, Model]:
        self.found.append(tuple(names))
        return names[0] or "scripted", self.model


class Notebook:
    """Remembers notes in a dict."""

    def __init__(self) -> None:
        self.notes: dict[str, list[str]] = {}

    async def recall(self, agent: str, _question: str, /) -> str:
        return "\n".join(self.notes.get(agent, []))

    async def note(self, agent: str, text: str, /) -> None:
        self.notes.setdefault(agent, []).append(text)


def hire(home: Path, name: str, **fields: Any) -> Path:
    """Write a resume; return its path."""
    path = home / "agents" / name / "resume.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"name": name, "instructions": "Do as you are told.", **fields}
    path.write_text(json.dumps(whole))
    return path


def reading(*names: str, **more: Any) -> dict[str, Any]:
    """Return the field that lets an agent read outboxes."""
    return {"permissions": {"read_outboxes": list(names), **more}}


def office(
    home: Path,
    rule: Callable[[Request], Any],
    store: Store | None = None,
    bell: Bell | None = None,
    **kit: Any,
) -> Team:
    """Return a team over a home whose model answers by a rule."""
    books = store or memory()
    made = kit_on(
        books,
        bell or Silent(),
        models=OneModel(Rules(rule)),
        choose=structured,
        memory=Notebook(),
    )
    made = replace(made, **kit)
    folder = Folder(home)
    crew = Crew(home, made, folder.read, lambda: present(home) + 1)
    return Team(home, Engine(home, Turns(home, made, crew), folder, engine_log(home)))


async def ticks(team: Team, count: int) -> list[dict[str, str]]:
    return [dict((await team.tick()).turns) for _ in range(count)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return an empty home, in memory where possible: thousands of fsyncs take long."""
    if not os.access(MEMORY, os.W_OK):
        (tmp_path / "home").mkdir()
        yield tmp_path / "home"
        return
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="samovar-") as made:
        yield Path(made)
