"""A site over a home with runs and a team in memory."""

from collections.abc import Iterator
from pathlib import Path

import household
import pytest
import small_team
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
    return small_team.team()


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


class Person(TestClient):
    """Somebody in a browser: a session in a cookie, an Origin on every form."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(site(desk), base_url=BASE)
        self.keys, self.session = desk.keys, desk.keys.session()
        self.cookies.set(desk.cookie, self.session)
        self.headers.update({"origin": BASE})

    @property
    def csrf(self) -> str:
        """What the forms of a page carry that is shown now."""
        return self.keys.form(self.session)


@pytest.fixture
def person(desk: Desk) -> Iterator[Person]:
    with Person(desk) as made:
        yield made
