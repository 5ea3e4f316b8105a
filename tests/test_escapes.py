"""The same 300 hostile paths as names of everything else that has one: no file outside is touched.

What the file tools make of them stands in `tools/test_beneath.py`.
"""

from pathlib import Path
from urllib.parse import quote

import escapes
import household
import pytest
import small_team
from litestar.testing import TestClient

from samovar.core.errors import SamovarError, SetupError, ToolError
from samovar.memory.notes import Notes, folder_of
from samovar.org.outbox import OutboxEntry, post
from samovar.org.parcel import place
from samovar.repo import paths as allowed
from samovar.web.site import site

CANARY = "canary-5f1c"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with another one beside it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_text(CANARY)
    (tmp_path / "desk").mkdir()
    return tmp_path / "desk"


def others(desk: Path) -> dict[str, bytes]:
    return {
        str(p): p.read_bytes()
        for p in desk.parent.rglob("*")
        if p.is_file() and not p.is_relative_to(desk)
    }


def hostile(desk: Path) -> list[str]:
    found = escapes.paths(desk.parent / "outside")
    assert len(set(found)) >= 300
    return found


def test_no_member_of_a_parcel_leaves_its_folder(desk):
    for path in hostile(desk):
        try:
            target = place(desk, path)
        except SetupError:
            continue
        assert target.is_relative_to(desk) and ".." not in target.parts, path


def test_no_path_that_climbs_is_committed(desk):
    # These are plain names: they lead out only where a link of that name lies.
    plain = {*escapes.LINKS, *escapes.CODED, *escapes.OWNED, " "}
    for path in hostile(desk):
        if path in plain and ".git" not in path.lower():
            continue
        with pytest.raises(ToolError):
            allowed.check(path)


@pytest.mark.parametrize("kind", ["outbox", "note"])
def test_no_name_makes_a_file_elsewhere(desk, kind):
    before = others(desk)
    for path in hostile(desk):
        try:
            if kind == "outbox":
                draft = OutboxEntry(sender=path, tick=1, seq=0, text="x")
                post(desk, path, draft)
            else:
                assert CANARY not in Notes(desk / "memory").read(path).text
                Notes(folder_of(desk, path)).add("x", "agent")
        except (SamovarError, ValueError, OSError):
            continue
    assert others(desk) == before


@pytest.mark.parametrize("front", ["/assets/", "/api/runs/", "/runs/", "/agents/", "/api/agents/"])
def test_no_address_shows_a_file(desk, front):
    home = household.home_with_runs(desk / "home")
    with TestClient(site(household.desk(home, small_team.team())), base_url=household.BASE) as app:
        app.headers.update(household.BEARER)
        for path in hostile(desk):
            for coded in (quote(path, safe=""), quote(path)):
                answer = app.get(f"{front}{coded}", follow_redirects=False)
                assert answer.status_code < 500, path
                assert CANARY not in answer.text and "root:x:" not in answer.text, path
