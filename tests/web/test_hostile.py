"""Whatever a model or a message says stays text; whatever a request says gets an answer."""

import re

import hostile
import household
import pytest
import small_team
from household import BASE, BEARER
from litestar.testing import TestClient

from samovar.web.forms import FIELD
from samovar.web.site import site

RUN = "20261121-100000-solved-0001"
PATHS = [
    *("/dashboard", "/runs", "/board", "/agents", "/agents/developer", "/org", "/credits"),
    *("/approvals", "/approvals/7", "/system", f"/runs/{RUN}"),
]
FOREIGN = ("iframe", "object", "embed", "base", "style", "template", "hx-partial", "marquee")
TAG = re.compile(r"</?[a-z][^<>]*>", re.I)


def test_there_are_enough_of_them():
    assert len(set(hostile.EVERY)) >= 200
    assert len(hostile.MARKDOWN) == 60


@pytest.mark.parametrize("start", range(0, len(hostile.EVERY), 12))
def test_hostile_texts_are_shown_as_text(tmp_path, start):
    text = "\n".join(hostile.EVERY[start : start + 12])
    home = household.home_with_runs(tmp_path / "home", text)
    with TestClient(site(household.desk(home, small_team.team(text))), base_url=BASE) as client:
        client.headers.update(BEARER)
        for path in PATHS:
            check(client.get(path).text, path)


def check(page: str, path: str) -> None:
    """Every tag is one of ours: our templates never write these."""
    tags = [t.lower() for t in TAG.findall(page)]
    ours = re.compile(r"^</?(script nonce=|script>|img src=\"/assets)")
    for tag in tags:
        name = re.match(r"</?([a-z0-9:-]+)", tag)
        assert name is not None
        if name[1] in ("script", "img"):
            assert ours.match(tag), (path, tag)
        assert name[1] not in ("iframe", "object", "embed", "base", "style", "template"), (
            path,
            tag,
        )
        outside = re.sub(r"\"[^\"]*\"", "", tag)
        assert not re.search(r"\son\w+=|\sstyle=|javascript:", outside), (path, tag)
        assert "evil.example" not in re.sub(r"(value|title|aria-label)=\"[^\"]*\"", "", tag), tag
    assert "\nid: 999" not in page.partition("<main")[0]


BAD_TEXTS = [
    *("", " ", "\0", "a\0b", "\ud7ff", "\U0001f600" * 50, "x" * 5000, "../../etc/passwd", ".."),
    *("%2e%2e%2f", "....//", "/etc/passwd", "C:\\x", "nul", "-", "--help", "'; drop table x; --"),
    *("{}", "[]", "null", "true", "0", "-1", "1e309", "NaN", "9" * 400, "0x10", "\u0661\u0662"),
    *("a/b", "a\\b", "a b", "a%b", "%", "%zz", "+", "&", "=", "#", "?", ";", ",", "\t", "\n", "."),
    *("\u202e", "\ufeff", "\u0000", "\x7f", "\x1b[0m", "{{7*7}}", "${7}", "<script>", "*", "~"),
    *("|", "\r\n"),
]
NUMBERS = ["0", "-1", "1", "2147483648", "9223372036854775808", "9" * 40, "1.5", "x", "", " 1"]


def get_paths() -> list[str]:
    quoted = [__import__("urllib.parse").parse.quote(t, safe="") for t in BAD_TEXTS]
    one = [
        f"/{place}/{t}" for t in quoted for place in ("runs", "agents", "approvals", "live/page")
    ]
    api = [f"/api/{place}/{t}" for t in quoted for place in ("runs", "agents")]
    filters = [f"/runs?q={t}&state={t}&page={t}" for t in quoted]
    after = [f"/api/runs/{RUN}/events?after={n}" for n in NUMBERS]
    limits = [f"/api/messages?limit={n}&agent={n}" for n in NUMBERS]
    pages = [f"/runs?page={n}" for n in NUMBERS]
    return [*one, *api, *filters, *after, *limits, *pages]


def test_malformed_addresses_get_an_answer(client):
    paths = [p for p in get_paths() if not p.startswith("/live/page/") or "team" not in p]
    assert len(paths) > 300
    for path in paths:
        answer = client.get(path)
        assert answer.status_code < 500, path
        assert "Traceback" not in answer.text


def test_malformed_forms_get_an_answer(person, team):
    form = {FIELD: person.csrf}
    sent = 0
    for text in BAD_TEXTS:
        for path, fields in (
            ("/tasks", {"text": text, "agent": text}),
            ("/approvals/7", {"answer": text, "digest": text, "note": text}),
            ("/credits", {"agent": text, "amount": text}),
            ("/jobs/2/move", {"agent": text}),
            ("/jobs/2/before", {"before": text}),
            ("/agents/developer/messages", {"text": text}),
        ):
            answer = person.post(path, data={**fields, **form}, follow_redirects=False)
            assert answer.status_code < 500, (path, fields)
            sent += 1
    for number in NUMBERS:
        for path in (f"/jobs/{number}/cancel", f"/orders/{number}/drop"):
            assert person.post(path, data=form, follow_redirects=False).status_code < 500
    assert sent > 300


BODIES = [
    *(
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"{}",
        b'{"text": null}',
        b'{"text": 1}',
        b"\xff\xfe",
    ),
    *(b'{"text": ""}', b'{"text": "x", "more": 1}', b'{"text": "\\ud800"}', b'{"text": "\\u0000"}'),
    *(b'{"id": 1e999}', b"[" * 5000, b'{"a":' * 2000, b'{"text": "' + b"x" * 300_000 + b'"}'),
    *(b'{"agent": "x", "amount": 1.5}', b'{"agent": "x", "amount": 99999999999999999999}'),
    *(b'{"digest": "", "yes": "yes"}', b'{"digest": "x", "yes": true, "note": 5}', b"\x00" * 100),
]


def test_malformed_bodies_get_an_answer(client):
    posts = ["/api/tasks", "/api/messages", "/api/credits", "/api/approvals/7", "/api/tasks/2"]
    for path in posts:
        for body in BODIES:
            for kind in ("application/json", "text/plain", "application/xml", ""):
                answer = client.post(path, content=body, headers={"content-type": kind})
                assert answer.status_code < 500, (path, body[:40], kind, answer.text[:200])
                assert "Traceback" not in answer.text


def test_a_body_that_is_too_large_is_refused(client):
    answer = client.post("/api/tasks", content=b"x" * (2 << 20))
    assert answer.status_code == 413


def test_other_methods_are_refused(client):
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X"):
        assert client.request(method, "/dashboard").status_code in (404, 405)
