"""Nobody gets in without the token: every route, every way of not having it."""

import html
from pathlib import Path

import household
import pytest
import small_team
from household import BASE, BEARER
from litestar.exceptions import WebSocketDisconnect
from litestar.testing import TestClient

from samovar.web.desk import Desk
from samovar.web.forms import FIELD
from samovar.web.keys import DAY, Keys
from samovar.web.site import bare_site, site

PUBLIC = {("GET", "/login"), ("POST", "/login"), ("GET", "/health"), ("GET", "/assets/{name}")}
PAGES = {
    *("/", "/dashboard", "/runs", "/runs/{run}", "/runs/{run}/raw", "/board", "/agents"),
    *("/agents/{name}", "/org", "/credits", "/approvals", "/approvals/{id}", "/system", "/docs"),
    *("/saq", "/favicon.ico"),
}
MACHINE = {
    *("/live/page/{scene}", "/live/run/{run}", "/docs/openapi.json", "/metrics", "/ws"),
    *("/api/agents", "/api/agents/{name}", "/api/messages", "/api/credits", "/api/status"),
    *("/api/tasks", "/api/runs", "/api/runs/{run}", "/api/runs/{run}/diff", "/api/approvals"),
    *("/api/runs/{run}/events", "/docs/{path}", "/api/agents/{name}/talk"),
    *("/api/tasks/{id}", "/api/credits/lines", "/api/credits/spent"),
}
ACTS = {
    *("/logout", "/tasks", "/runs/{run}/{verb}", "/approvals/{id}", "/jobs/{id}/{verb}"),
    *("/orders/{id}/drop", "/agents/{name}/messages", "/credits", "/system/doctor"),
    *("/api/messages", "/api/credits", "/api/tasks", "/api/tasks/{id}", "/api/approvals/{id}"),
    *("/api/runs/{run}/{verb}", "/api/credits/limit"),
}
KNOWN = (
    PUBLIC
    | {("GET", p) for p in PAGES | MACHINE}
    | {("POST", p) for p in ACTS}
    | {("DELETE", "/api/tasks/{id}")}
)
NONE = Path("nowhere")
"""Of sessions that nobody logged out of."""
RUN = "20261121-100000-solved-0001"
VALUES = {"run": RUN, "name": "developer", "id": "7", "scene": "team", "verb": "stop"}
SHUT = 4401
"""The code that closes a websocket of somebody who must stay outside."""
OTHERS = (
    *("http://evil.example", "null", "http://127.0.0.1:8001", "http://localhost.evil.example"),
    *("https://127.0.0.1:8000.evil.example", "http://127.0.0.1", "file://", "http://[::1]:8000"),
    *("http://127.0.0.1:80", "http://127.0.0.1:80000", "http://127.0.0.1:8000/", "127.0.0.1:8000"),
    *("http://127.0.0.1:8000@evil.example", "http://evil.example@127.0.0.1", "//127.0.0.1:8000"),
    *("http://127.1:8000", "http://2130706433:8000", "http://0x7f000001:8000", "http://0:8000"),
    *("http://127.0.0.1.nip.io:8000", "http://a.127.0.0.1:8000", "http://127.0.0.1.:8000"),
    *("ws://127.0.0.1:8000", "ftp://127.0.0.1:8000", "chrome-extension://127.0.0.1:8000"),
    *("http:127.0.0.1:8000", "http://127.0.0.1:8000 http://evil.example", "http://localhost:8000"),
    *("http://127.0.0.1:8000,http://evil.example", "*"),
)
HOSTS = (
    *("evil.example", "evil.example:8000", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8001"),
    *("localhost", "localhost:8001", "0.0.0.0", "0.0.0.0:8000", "127.0.0.1:8000.evil.example"),
    *(
        "127.0.0.1.nip.io:8000",
        "127.1:8000",
        "2130706433:8000",
        "0x7f000001:8000",
        "0177.0.0.1:8000",
    ),
    *(
        "[::1]:8000",
        "[::ffff:127.0.0.1]:8000",
        "127.0.0.1:8000@evil.example",
        "evil.example@127.0.0.1",
    ),
    *("127.0.0.1:8000/", "127.0.0.1:8000#", "127.0.0.1:8000,evil.example", "127.0.0.1:08000"),
    *(".127.0.0.1:8000", "127.0.0.1.:8000", "a.127.0.0.1:8000", "127.0.0.1:8000:80", "-", "*", ""),
)


def served() -> set[tuple[str, str]]:
    """Return every method and path the application has."""
    app = bare_site(household.desk(Path("nowhere")))
    found = set()
    for route in app.routes:
        path = route.path
        for kind in ("str", "int"):
            path = path.replace(f":{kind}}}", "}")
        methods = getattr(route, "methods", None) or {"GET"}
        found |= {(m, path) for m in methods if m not in ("OPTIONS", "HEAD")}
    return found


CLOSED = sorted(KNOWN - PUBLIC)


def fill(path: str) -> str:
    for name, value in VALUES.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def test_every_route_is_classified():
    assert served() == KNOWN


def test_whoever_has_the_token_gets_in(client):
    for method, path in CLOSED:
        if method == "GET" and not path.startswith(("/live", "/ws", "/docs/{")):
            assert client.get(fill(path), follow_redirects=True).status_code == 200, path


@pytest.fixture(scope="module")
def shut(tmp_path_factory):
    """A site nobody has logged in to, and its desk."""
    home = household.home_with_runs(tmp_path_factory.mktemp("door") / "home")
    desk = household.desk(home, small_team.team())
    with TestClient(site(desk), base_url=BASE) as client:
        yield desk, client


def ways() -> dict[str, tuple[dict[str, str], str]]:
    """Return headers and cookie of everybody who must stay outside."""
    past = Keys(household.TOKEN, NONE, clock=lambda: 0.0)
    return {
        "none": ({}, ""),
        "wrong": ({"authorization": f"Bearer {household.TOKEN}x"}, ""),
        "no bearer": ({"authorization": f"Basic {household.TOKEN}"}, ""),
        "expired": ({}, past.session()),
        "foreign": ({}, Keys("another-token-0123456789", NONE).session()),
        "empty": ({}, "."),
    }


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_nobody_else_does(shut, method, path):
    desk, client = shut
    for way, (headers, cookie) in ways().items():
        client.cookies.clear()
        if cookie:
            client.cookies.set(desk.cookie, cookie)
        answer = client.request(
            method, fill(path), headers=headers, follow_redirects=False, data={FIELD: "x"}
        )
        assert answer.status_code in (303, 401, 403), (way, answer.text)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/login")
        assert household.TOKEN not in answer.text


def impostors(desk: Desk) -> list[tuple[str, str]]:
    """Return an Authorization header and a cookie of everybody who may not answer for a person."""
    token, keys, past = household.TOKEN, desk.keys, Keys(household.TOKEN, NONE, clock=lambda: 0.0)
    session, left = keys.session(), keys.session()
    keys.end(left)
    near = [token[:-k] for k in range(1, 6)] + [token[k:] for k in range(1, 6)]
    near += [f"{token}{end}" for end in ("x", " x", ".", "=", "\t.")]
    other = [token.swapcase(), token[::-1], token * 2, "ada", "person", "person:ann", "samovar"]
    bearers = [*near, *other, session, keys.form(session), keys.code(), *(f"{n}" for n in range(3))]
    cut = [session[:n] + ("A" if session[n] != "A" else "B") + session[n + 1 :] for n in range(12)]
    foreign = [Keys(f"another-token-{n:016}", NONE).session() for n in range(6)]
    cookies = [*cut, *foreign, past.session(), left, token, keys.form(session), "0.x.y", "9" * 40]
    return [(f"Bearer {b}", "") for b in bearers] + [("", cookie) for cookie in cookies]


def test_of_50_who_are_not_the_person_none_answers_a_question(desk, team, stranger):
    everybody = impostors(desk)
    assert len(set(everybody)) >= 50
    before = dict(team.asked)
    word = {"digest": "ab" * 32, "yes": True}
    for bearer, cookie in everybody:
        stranger.cookies.clear()
        headers = {"authorization": bearer} if bearer else {}
        if cookie:
            stranger.cookies.set(desk.cookie, cookie)
        answer = stranger.post("/api/approvals/7", json=word, headers=headers)
        assert answer.status_code in (401, 403), (bearer, cookie, answer.text)
        form = {**word, "answer": "yes", FIELD: desk.keys.form(cookie)}
        headers["origin"] = BASE
        answer = stranger.post("/approvals/7", data=form, headers=headers, follow_redirects=False)
        assert answer.status_code in (303, 401, 403), (bearer, cookie, answer.text)
        assert answer.headers.get("location", "/login").startswith("/login")
    assert team.asked == before
    assert stranger.post("/api/approvals/7", json=word, headers=BEARER).status_code == 200
    assert team.asked != before, "the person may"


def test_a_page_that_does_not_exist_is_not_told_to_strangers(stranger):
    assert stranger.get("/api/nothing").status_code == 401
    assert stranger.get("/nothing", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_is_refused(shut, host):
    for path in ("/dashboard", "/api/status", "/live/page/team", "/health"):
        answer = shut[1].get(path, headers={**BEARER, "host": host})
        assert answer.status_code == 403
    assert knock(shut[1], {**BEARER, "host": host}) == SHUT


def knock(client: TestClient, headers: dict[str, str]) -> int:
    """Return the code with which a websocket is closed at once; 0 when it is opened."""
    try:
        with client.websocket_connect("/ws", headers=headers) as socket:
            assert "status" in socket.receive_json()
            return 0
    except WebSocketDisconnect as closed:
        return closed.code


def test_there_are_as_many_hostile_names_as_promised_and_ours_opens_the_websocket(shut):
    assert len(set(HOSTS)) >= 30 and len(set(OTHERS)) >= 30
    assert knock(shut[1], {**BEARER, "origin": BASE}) == 0
    assert knock(shut[1], BEARER) == 0, "a program sends no origin"
    assert knock(shut[1], {}) == SHUT, "without a token"


@pytest.mark.parametrize("origin", OTHERS)
def test_another_origin_is_refused(shut, origin):
    desk, client = shut
    session = desk.keys.session()
    client.cookies.clear()
    client.cookies.set(desk.cookie, session)
    form = {FIELD: desk.keys.form(session), "text": "x"}
    for path in ("/api/status", "/live/page/team", "/api/runs"):
        assert client.get(path, headers={"origin": origin}).status_code == 403
    for path in ("/tasks", "/credits", "/logout"):
        answer = client.post(path, data=form, headers={"origin": origin})
        assert answer.status_code == 403
    assert knock(client, {"origin": origin}) == SHUT
    assert knock(client, {**BEARER, "origin": origin}) == SHUT


@pytest.mark.parametrize(("method", "path"), [c for c in CLOSED if c[0] != "GET"])
def test_a_form_of_another_site_changes_nothing(desk, team, person, method, path):
    session = person.cookies[desk.cookie]
    other = desk.keys.form(desk.keys.session())
    before = (dict(team.jobs), list(team.mail), list(team.ledger), dict(team.asked))
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")
    forms = [
        {"data": {"text": "x", "answer": "yes", "digest": "ab" * 32, "amount": "5"}},
        {"data": {"text": "x", FIELD: ""}},
        {"data": {"text": "x", FIELD: other}},
        {"data": {"text": "x", FIELD: session}},
        {"json": {"text": "x", FIELD: desk.keys.form(session)}},
        {"content": b"text=x", "headers": {"content-type": kinds[2]}},
        {"files": {"text": ("x", b"x")}},
        {"headers": {"sec-fetch-site": "cross-site"}, "data": {"text": "x"}},
    ]
    for form in forms:
        headers = form.pop("headers", {})
        answer = person.request(method, fill(path), headers=headers, **form)
        assert answer.status_code == 403, (form, answer.text)
    assert before == (dict(team.jobs), list(team.mail), list(team.ledger), dict(team.asked))


def test_a_site_elsewhere_cannot_even_read(desk):
    with TestClient(site(desk), base_url=BASE) as client:
        client.cookies.set(desk.cookie, desk.keys.session())
        for kind in ("cross-site", "same-site"):
            headers = {"sec-fetch-site": kind, "sec-fetch-mode": "no-cors"}
            assert client.get("/api/status", headers=headers).status_code == 403
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        assert client.get("/dashboard", headers=headers).status_code == 200


def test_a_person_logs_in_with_the_token_and_out_again(desk, stranger):
    wrong = stranger.post("/login", data={"token": "x"}, headers={"origin": BASE})
    assert wrong.status_code == 401
    answer = stranger.post(
        "/login",
        data={"token": household.TOKEN, "next": "/runs"},
        headers={"origin": BASE},
        follow_redirects=False,
    )
    cookie = answer.headers["set-cookie"].lower()
    assert answer.headers["location"] == "/runs"
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.get("/runs", follow_redirects=False).status_code == 200
    session = stranger.cookies[desk.cookie]
    form = {FIELD: desk.keys.form(session)}
    stranger.post("/logout", data=form, headers={"origin": BASE}, follow_redirects=False)
    stranger.cookies.set(desk.cookie, session)
    assert stranger.get("/runs", follow_redirects=False).status_code == 303


def test_who_logged_out_stays_outside_after_a_restart(desk, home, team, person):
    other = desk.keys.session()
    assert person.get("/runs").status_code == 200
    person.post("/logout", data={FIELD: person.csrf}, follow_redirects=False)
    again = household.desk(home, team)
    with TestClient(site(again), base_url=BASE) as client:
        for session, status in ((person.session, 303), (other, 200)):
            client.cookies.set(again.cookie, session)
            assert client.get("/runs", follow_redirects=False).status_code == status


def test_an_ended_session_is_forgotten_when_it_would_have_expired(tmp_path):
    now = [1_000_000.0]
    keys = Keys(household.TOKEN, tmp_path / "web.ended", clock=lambda: now[0])
    keys.end(first := keys.session())
    now[0] += 3 * DAY
    keys.end(second := keys.session())
    assert len(keys.ended.read_text().splitlines()) == 2
    now[0] += 5 * DAY
    keys.end(third := keys.session())
    assert keys.ended.read_text().split() == sorted(s.rpartition(".")[0] for s in (second, third))
    assert not any(keys.lasts(s) for s in (first, second, third))


def test_a_form_whose_session_is_over_is_answered_with_a_page_that_keeps_its_text(desk, stranger):
    past = Keys(household.TOKEN, NONE, clock=lambda: 0.0).session()
    stranger.cookies.set(desk.cookie, past)
    long = "Mend <b>this</b>,\nand & that. " * 500
    form = {FIELD: desk.keys.form(past), "text": long, "agent": "writer"}
    answer = stranger.post("/tasks", data=form, headers={"origin": BASE}, follow_redirects=False)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert html.escape(long.strip()) in answer.text.replace("\r\n", "\n")
    assert 'href="/login"' in answer.text and "nothing was done" in answer.text
    assert "<nav" not in answer.text, "a stranger sees nothing of the home"
    short = stranger.post("/credits", data={"agent": "writer"}, headers={"origin": BASE})
    assert short.status_code == 401 and "<textarea" not in short.text
    program = stranger.post("/api/tasks", data=form, headers={"origin": BASE})
    assert program.json()["status"] == 401


def test_a_login_form_of_another_site_is_refused(stranger):
    assert stranger.post("/login", data={"token": household.TOKEN}).status_code == 403
    headers = {"origin": "http://evil.example"}
    answer = stranger.post("/login", data={"token": household.TOKEN}, headers=headers)
    assert answer.status_code == 403


def test_a_link_opens_one_session_only(desk, stranger):
    code = desk.keys.code()
    sent = {"data": {"code": code}, "headers": {"origin": BASE}, "follow_redirects": False}
    assert stranger.post("/login", **sent).status_code == 303
    stranger.cookies.clear()
    assert stranger.post("/login", **sent).status_code == 401


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\n/x"],
)
def test_the_login_leads_to_our_own_pages_only(stranger, target):
    answer = stranger.post(
        "/login",
        data={"token": household.TOKEN, "next": target},
        headers={"origin": BASE},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/dashboard"


def test_every_answer_carries_its_security_headers(client, stranger):
    for answer in (client.get("/dashboard"), stranger.get("/nothing"), client.get("/api/x")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].count("charset") <= 1
    first, second = (client.get("/dashboard").headers["content-security-policy"] for _ in "ab")
    assert first != second, "a nonce is used once"


def test_a_session_ends_after_its_days():
    now = [1000.0]
    keys = Keys(household.TOKEN, NONE, days=7, clock=lambda: now[0])
    session = keys.session()
    assert keys.lasts(session)
    now[0] += 7 * DAY
    assert not keys.lasts(session)


@pytest.mark.parametrize(
    "session", ["", ".", "..", "a.b.c", "9999999999.x.", "9999999999..y", "\0"]
)
def test_a_made_up_session_is_none(session):
    assert not Keys(household.TOKEN, NONE).lasts(session)


def test_a_header_is_no_key_when_it_is_doubled_or_strange(stranger):
    for value in ("Bearer", "Bearer ", "Basic abc", household.TOKEN, "Bearer \xff"):
        headers = {"authorization": value.encode("latin-1")}
        assert stranger.get("/api/status", headers=headers).status_code == 401
    assert stranger.get("/api/status", headers=BEARER).status_code == 200
