"""A site over a home with runs and a team in memory."""

from collections.abc import Iterator
from pathlib import Path

import household
import pytest
from household import BASE, BEARER
from litestar.testing import TestClient

from samovar.web.desk import Desk
from samovar.web.site import site


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = household.home_with_runs(tmp_path / "home")
    household.put_waiting(made)
    return made


@pytest.fixture
def team() -> household.Team:
    return household.team()


@pytest.fixture
def desk(home: Path, team: household.Team) -> Desk:
    return household.desk(home, team)


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    """Somebody with the token in a header."""
    with TestClient(site(desk), base_url=BASE) as made:
        made.headers.update(BEARER)
        yield made


@pytest.fixture
def stranger(desk: Desk) -> Iterator[TestClient]:
    """Somebody without a token."""
    with TestClient(site(desk), base_url=BASE) as made:
        yield made


@pytest.fixture
def person(desk: Desk) -> Iterator[TestClient]:
    """Somebody in a browser: a session in a cookie, an Origin on every form."""
    with TestClient(site(desk), base_url=BASE) as made:
        session = desk.keys.session()
        made.cookies.set(desk.cookie, session)
        made.headers.update({"origin": BASE})
        made.csrf = desk.keys.form(session)
        yield made
