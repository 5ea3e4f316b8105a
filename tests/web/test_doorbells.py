"""SAQ's own page inside the dashboard: with a real Redis, behind the door, for looking only."""

import gzip
import re

import household
import pytest
import small_team
from household import BASE, BEARER
from litestar.testing import TestClient
from saq.web.common import STATIC_PATH, render

from samovar.store.bells import open_bell
from samovar.store.saq_bell import SaqBell
from samovar.web.site import site
from samovar.web.verbs import Office


class Away:
    """Doorbells whose server is away."""

    troubles = (ConnectionError,)

    async def queues(self):
        raise ConnectionRefusedError("nobody there")


def served(tmp_path, bells):
    desk = household.desk(tmp_path / "home", small_team.team())
    made = desk.office
    office = Office(made.roster, made.jobs, made.purse, made.words, bells)
    object.__setattr__(desk, "office", office)
    client = TestClient(site(desk), base_url=BASE)
    client.headers.update(BEARER)
    return client


def test_the_page_of_the_queues_obeys_a_policy_of_its_own(client):
    first = client.get("/saq", follow_redirects=False)
    assert first.headers["location"] == "/saq/"
    answer = client.get("/saq")
    assert answer.status_code == 200
    assert 'src="/saq/root.js"' in answer.text
    assert '<html lang="en">' in answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self' 'nonce-" in policy
    assert "unsafe" not in policy
    ours = client.get("/saqx").headers["content-security-policy"]
    assert "script-src 'self'" not in ours
    alike = [re.sub(r"'nonce-[^']+'", "'nonce'", p) for p in (policy, ours)]
    both = (
        alike[1]
        .replace("script-src", "script-src 'self'")
        .replace("img-src 'self'", "img-src 'self' data:")
    )
    assert alike[0] == both, "but for its scripts in files it is held to ours"
    assert client.get("/saq/root.js").text == 'const root_path = "/saq"'
    assert client.get("/saq/static/app.js").status_code == 200
    assert client.get("/saq/api/queues").json() == {"queues": []}
    assert client.post("/saq/api/queues/samovar-ada/jobs/x/abort").status_code == 405


def test_its_scripts_make_no_markup_and_no_code_of_texts():
    """What trusted types would stop in the browser, and inline scripts, styles and handlers."""
    texts = [render(root_path="/saq").replace('<script>const root_path = "/saq";</script>', "")]
    for file in STATIC_PATH.iterdir():
        data = file.read_bytes()
        texts.append((gzip.decompress(data) if file.suffix == ".gz" else data).decode())
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
    inline = r"<script>|<style|\son\w+=\"|\sstyle=\""
    assert len(texts) >= 4
    for text in texts:
        assert re.search(f"{sinks}|{inline}", text) is None


def test_strangers_see_nothing_of_it(stranger):
    for path in ("/saq/api/queues", "/saq/static/app.js", "/saq/root.js", "/saq/"):
        answer = stranger.get(path, follow_redirects=False)
        assert answer.status_code in (303, 401)
        assert "root_path" not in answer.text


def test_a_home_without_such_bells_says_how_to_have_them(tmp_path):
    with served(tmp_path, None) as client:
        answer = client.get("/saq", headers={"accept": "text/html"})
        assert answer.status_code == 404
        assert "SAMOVAR_BELL_URL" in answer.text
        assert "SAMOVAR_BELL_URL" in client.get("/system").text
        assert 'href="/saq/"' not in client.get("/system").text


def test_a_server_that_is_away_is_named(tmp_path):
    with served(tmp_path, Away()) as client:
        answer = client.get("/saq/api/queues")
        assert answer.status_code == 503
        assert "does not answer" in answer.text


@pytest.mark.parametrize("path", ["/system", "/dashboard"])
def test_the_system_page_leads_there(client, path):
    assert ('href="/saq/"' in client.get(path).text) == (path == "/system")


def test_the_bell_of_a_team_is_shown_when_it_is_saqs(tmp_path):
    assert isinstance(open_bell("redis://127.0.0.1:1"), SaqBell)
