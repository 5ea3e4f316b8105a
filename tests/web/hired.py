"""A real team of two with a scripted model, for the tests of the pages over it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import household

from samovar.app import App
from samovar.core.message import Request
from samovar.core.seams import Model
from samovar.models.choices import structured
from samovar.models.scripted import Rules
from samovar.office import assemble, kit_on
from samovar.org.roster import Folder
from samovar.org.team import Team
from samovar.store.bell import LocalBell
from samovar.store.store import memory
from samovar.web.desk import Desk
from samovar.web.keys import ENDED, Keys
from samovar.web.shelf import Shelf
from samovar.web.team import office


@dataclass
class OneModel:
    """Every name stands for one model."""

    model: Model
    loaded: str = ""

    async def find(self, names, /):
        return names[0] or "scripted", self.model


def hire(home: Path, name: str, **fields) -> None:
    path = home / "agents" / name / "resume.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"name": name, "instructions": "Answer.", **fields}))


def answers(request: Request) -> str:
    """Answer a person, and nobody else."""
    asked = request.messages[-1].text
    if "where is the key?" in asked:
        return json.dumps({"action": "message", "to": "person", "text": "Under the <b>mat</b>."})
    return json.dumps({"action": "nothing", "to": "person", "text": ""})


def team_of(home: Path, bell=None, approvals=None) -> Team:
    """Return a team of two with a scripted model."""
    hire(home, "ada")
    hire(home, "bob", permissions={"read_outboxes": ["ada"]})
    books = memory()
    books = replace(books, approvals=approvals) if approvals else books
    kit = kit_on(
        books,
        bell or LocalBell(),
        models=OneModel(Rules(answers)),
        choose=structured,
    )
    return assemble(home, kit, Folder(home))


def desk_of(home: Path, team: Team, host: str = household.HOST) -> Desk:
    app = App(home)
    keys = Keys(household.TOKEN, home / ENDED)
    return Desk(app=app, shelf=Shelf(app), keys=keys, hosts=frozenset({host}), office=office(team))
