"""A form that is sent twice acts once, by a double click or as a page that is sent again."""

import asyncio
import html
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

import household
import pytest
from household import once

from samovar.app import Wish
from samovar.org.seams import StoreAway
from samovar.store.memory_books import MemoryEffects
from samovar.web.body import FORM
from samovar.web.forms import FIELD
from samovar.web.shelf import question
from samovar.web.site import bare_site
from samovar.web.verbs import Agent
from samovar.workshop import Workshop

SOLVED, STOPPED = "20261121-100000-solved-0001", "20261121-113000-stopped-0003"
WAITS = "20261121-110000-waits-0001"
FORMS = [
    ("/tasks", {"text": "mend it", "agent": "writer"}),
    ("/tasks", {"text": "good morning", "agent": "all", "how": "message"}),
    ("/agents/writer/messages", {"text": "look at the README"}),
    ("/credits", {"agent": "writer", "amount": "2.5"}),
    ("/credits", {"agent": "writer", "amount": "2.5", "how": "take"}),
    ("/credits", {"agent": "writer", "per_day": "2.5", "how": "limit"}),
    ("/jobs/2/move", {"agent": "writer"}),
    ("/jobs/9/before", {"before": "3"}),
    ("/jobs/3/cancel", {"back": "/agents/developer"}),
    ("/jobs/7/revive", {"back": "/system"}),
    ("/approvals/7", {"answer": "yes", "digest": "ab" * 32, "note": "go"}),
    (f"/approvals/{WAITS}", {"answer": "yes"}),
    (f"/runs/{SOLVED}/retry", {}),
    (f"/runs/{SOLVED}/fork", {"at": "5", "note": "keep it short"}),
    (f"/runs/{STOPPED}/resume", {}),
    ("/orders/0/drop", {}),
]
AGAIN = {"/tasks", "/agents/writer/messages", "/credits", f"/runs/{SOLVED}/retry"}
"""Where a second form, from a page shown anew, acts once more; a limit is the same limit then."""


class Nothing:
    """A workshop that only takes orders."""

    def __call__(self, home, ask, live):
        raise AssertionError("nothing is worked on in this test")


@pytest.fixture
def shop(desk):
    made = Workshop(Nothing())
    object.__setattr__(desk, "workshop", made)
    made.submit(desk.home, Wish(text="an order"))
    return made


def state(home, team, shop) -> tuple:
    """Return everything the forms can change."""
    lists = (team.mail, team.ledger)
    maps = (team.jobs, team.asked, team.most)
    orders = [(o.id, o.run, o.stage) for o in shop.orders]
    runs = sorted(p.name for p in (home / "runs").iterdir())
    return (*map(list, lists), *map(dict, maps), orders, runs)


@pytest.mark.parametrize(("path", "fields"), FORMS)
def test_each_form_acts_once_however_often_it_is_sent(person, desk, team, shop, path, fields):
    if path.endswith(WAITS):
        fields = fields | {"digest": question(desk.app, WAITS).asked.digest}

    def send(form):
        return person.post(path, data=form, follow_redirects=False)

    before = state(desk.home, team, shop)
    form = fields | {FIELD: person.csrf}
    first = send(form)
    assert first.status_code == 303, first.text
    acted = state(desk.home, team, shop)
    assert acted != before
    for _ in range(2):
        again = send(form)
        assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
        assert state(desk.home, team, shop) == acted
    if path in AGAIN and "per_day" not in fields:
        assert send(fields | {FIELD: person.csrf}).status_code == 303
        assert state(desk.home, team, shop) != acted, "a page shown anew has forms of its own"


def test_every_form_of_the_pages_is_sent_twice_here_or_may_be():
    may = {"/login", "/logout", "/system/doctor"}
    """They begin and end a session, and look."""
    sent = {re.sub(r"/([\d-]+-\w+-\d+|\d+|writer)\b", "/{}", path) for path, _ in FORMS}
    sent = {re.sub(r"^/(runs|jobs)/{}/\w+", r"/\1/{}/{}", path) for path in sent}
    routes = bare_site(household.desk(Path("nowhere"))).routes
    posts = [r.path for r in routes if "POST" in (getattr(r, "methods", None) or ())]
    pages = {re.sub(r"{[\w:]+}", "{}", p) for p in posts if not p.startswith(("/api/", "/saq"))}
    assert sent == pages - may


def test_a_form_that_was_filled_in_differently_is_another_one(person, team):
    before = len(team.jobs)
    form = {FIELD: person.csrf, "agent": "writer"}
    for text in ("one", "two", "one"):
        sent = person.post("/tasks", data=form | {"text": text}, follow_redirects=False)
        assert sent.status_code == 303
    assert len(team.jobs) == before + 2


def test_a_form_that_was_refused_may_be_sent_again(person, team):
    form = {FIELD: person.csrf, "agent": "eve", "text": "mend it"}
    assert [person.post("/tasks", data=form).status_code for _ in "ab"] == [404, 404]
    team.people.append(Agent(name="eve"))
    assert person.post("/tasks", data=form, follow_redirects=False).status_code == 303


def test_the_forms_of_a_page_and_of_its_stream_carry_one_seal(person, desk):
    text = person.get("/board").text
    tokens = set(re.findall(rf'name="{FIELD}" value="([^"]*)"', text))
    assert len(tokens) == 1 and desk.keys.accepts(person.session, *tokens)
    seal = tokens.pop().partition(".")[0]
    connects = html.unescape(re.findall(r'hx-sse:connect="([^"]+)"', text)[0])
    assert connects.endswith(f"&seal={seal}")
    assert seal not in person.get("/board").text, "each time it is shown it has another"
    run = person.get(f"/runs/{SOLVED}").text
    assert re.search(r'connect="/live/run/[\w-]+\?after=\d+&amp;seal=[\w-]{12}"', run)


@pytest.mark.parametrize("seal", ["", '"><script>', "a" * 11, "a" * 13, "ä" * 12, "a.b.c.d.e.f."])
def test_what_cannot_be_a_seal_gets_into_no_page(desk, seal):
    token = desk.keys.form("session", seal)
    assert re.fullmatch(r"[\w-]{12}\.[\w-]{32}", token) and not token.startswith(f"{seal}.")
    assert desk.keys.accepts("session", token) and not desk.keys.accepts("other", token)


async def send(app, **fields: str) -> tuple[int, str]:
    """Send a form to an application; return the status and where that leads."""
    said = []

    async def receive():
        return {"type": "http.request", "body": urlencode(fields).encode(), "more_body": False}

    async def take(message):
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": "/tasks"}
    await app({**scope, "headers": [(b"content-type", FORM.encode())]}, receive, take)
    return said[0]["status"], dict(said[0]["headers"]).get(b"location", b"").decode()


async def test_a_second_click_waits_for_the_first_and_leads_where_it_leads():
    done: Counter[str] = Counter()

    async def act(_scope, receive, give):
        text = (await receive())["body"].decode()
        await asyncio.sleep(0.05)
        done[text] += 1
        led = (b"location", f"/runs/{sum(done.values())}".encode())
        await give({"type": "http.response.start", "status": 303, "headers": [led]})
        await give({"type": "http.response.body", "body": b""})

    app = once(act, MemoryEffects())
    clicks = await asyncio.gather(*(send(app, csrf="a.b", text="x") for _ in range(3)))
    assert set(clicks) == {(303, "/runs/1")}
    assert await send(app, csrf="c.d", text="x") == (303, "/runs/2")
    unsealed = [await send(app, text="x") for _ in range(2)]
    assert unsealed == [(303, "/runs/3"), (303, "/runs/4")], "of a program with the token"


async def test_a_second_click_is_not_let_in_by_a_database_that_goes_while_it_waits(monkeypatch):
    monkeypatch.setattr("samovar.web.once.LOOKS", 5)
    monkeypatch.setattr("samovar.web.once.GAP", 0.05)
    effects, asked, done = MemoryEffects(), [], []
    intend = effects.intend

    async def going(name, what, /):
        asked.append(name)
        if 2 < len(asked) < 5:
            raise StoreAway("the database does not answer")
        return await intend(name, what)

    async def act(_scope, _receive, give):
        await asyncio.sleep(0.02)
        done.append(1)
        await give(
            {"type": "http.response.start", "status": 303, "headers": [(b"location", b"/a")]}
        )
        await give({"type": "http.response.body", "body": b""})

    monkeypatch.setattr(effects, "intend", going)
    app = once(act, effects)
    clicks = await asyncio.gather(*(send(app, csrf="a.b") for _ in "ab"))
    assert (clicks, len(asked), done) == ([(303, "/a")] * 2, 5, [1])


async def test_a_click_whose_first_never_ended_says_so(monkeypatch):
    monkeypatch.setattr("samovar.web.once.LOOKS", 2)

    async def act(_scope, _receive, give):
        await give({"type": "http.response.start", "status": 500, "headers": []})
        await give({"type": "http.response.body", "body": b""})

    app = once(act, MemoryEffects())
    assert [(await send(app, csrf="a.b"))[0] for _ in "ab"] == [500, 409]
