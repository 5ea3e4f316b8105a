"""What the pages work with, wired together."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from litestar.di import NamedDependency

from samovar.app import App
from samovar.core.errors import SetupError
from samovar.web.calls import Calls
from samovar.web.checkup import Checkup
from samovar.web.keys import Keys
from samovar.web.live import Hub
from samovar.web.shelf import Shelf
from samovar.web.verbs import Office
from samovar.workshop import Workshop


@dataclass(frozen=True)
class Desk:
    """One home, seen from the browser."""

    app: App
    """For reading runs."""
    shelf: Shelf
    keys: Keys
    hosts: frozenset[str]
    """Host headers that mean this server."""
    workshop: Workshop | None = None
    """None where nothing is worked on: this server only reads."""
    office: Office | None = None
    """None where the home has no team."""
    calls: Calls = field(default_factory=Calls)
    hub: Hub = field(default_factory=Hub)
    cookie: str = "samovar"
    secure: bool = False
    """Whether people reach us by HTTPS only."""
    mark: str = field(default_factory=lambda: f"form{secrets.token_hex(12)}")
    """Stands in rendered parts for the form token of whoever will see them."""
    notes: dict[str, str] = field(default_factory=dict)
    """What to tell a session on its next page."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """About this server, for the System page."""
    checkup: Checkup = field(default_factory=Checkup)

    @property
    def home(self) -> Path:
        """The home's folder."""
        return self.app.home

    def changed(self) -> None:
        """Say that a person did something a page shows."""
        self.hub.poke()


def office_of(desk: Desk) -> Office:
    """Return the team. Raises SetupError when the home has none."""
    if desk.office is None:
        raise SetupError("this home has no team: make one with 'samovar bootstrap'")
    return desk.office


def workshop_of(desk: Desk) -> Workshop:
    """Return the workshop. Raises SetupError when this server only reads."""
    if desk.workshop is None:
        raise SetupError("this server has no repository to work on: start it inside one")
    return desk.workshop


TheDesk = NamedDependency[Desk]
"""As a route takes it."""
