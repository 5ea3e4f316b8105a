"""A delivery that comes again, late or beside the first is acted on once."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import household
from household import once
from litestar.testing import TestClient

from samovar.core.log import now
from samovar.org.seams import StoreAway
from samovar.store.clock import Clock
from samovar.store.memory_books import MemoryEffects
from samovar.web.body import LARGEST
from samovar.web.forms import FIELD
from samovar.web.once import DAY, LONGEST
from samovar.web.site import site


def post(client, path, data, key):
    return client.post(path, json=data, headers={"Idempotency-Key": key})


async def deliver(app, key: str, body: bytes = b"{}", path: str = "/api/tasks"):
    """Send a request in two pieces; return its status and its answer."""
    scope = {"type": "http", "method": "POST", "path": path}
    scope["headers"] = [(b"idempotency-key", key.encode())]
    pieces = [
        {"type": "http.request", "body": body[:1], "more_body": True},
        {"type": "http.request", "body": body[1:], "more_body": False},
    ]
    said = []

    async def receive():
        return pieces.pop(0)

    async def send(message):
        said.append(message)

    await app(scope, receive, send)
    return said[0]["status"], b"".join(m.get("body", b"") for m in said)


async def test_500_deliveries_in_any_order_one_to_five_times_are_acted_on_once():
    done = Counter()

    async def act(scope, receive, send):
        body = b""
        more = True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        await asyncio.sleep(0)
        done[json.loads(body)["n"]] += 1
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    app, dice = once(act, MemoryEffects()), random.Random(3)
    numbers = [n for n in range(500) for _ in range(dice.randint(1, 5))]
    dice.shuffle(numbers)
    sent = [deliver(app, f"key {n}", json.dumps({"n": n}).encode()) for n in numbers]
    answers = [a for at in range(0, len(sent), 7) for a in await asyncio.gather(*sent[at : at + 7])]
    assert done == Counter(range(500))
    assert {status for status, _ in answers} <= {202, 409}
    again = await deliver(app, "key 7", b'{"n": 7}')
    assert again == (202, b'{"n": 7}') and done[7] == 1
    assert (await deliver(app, "key 7", b'{"n": 8}'))[0] == 422
    assert (await deliver(app, "k" * (LONGEST + 1)))[0] == 400
    assert (await deliver(app, "large", b"x" * (LARGEST + 1)))[0] == 413


def test_a_repeated_request_of_the_api_gets_the_first_answer(client):
    before = len(client.get("/api/tasks").json())
    first = post(client, "/api/tasks", {"text": "one"}, "a")
    assert first.status_code == 202
    assert post(client, "/api/tasks", {"text": "one"}, "a").json() == first.json()
    assert post(client, "/api/tasks", {"text": "two"}, "a").status_code == 422
    assert len(client.get("/api/tasks").json()) == before + 1
    assert post(client, "/api/tasks", {"text": "one"}, "b").json() != first.json()
    assert client.post("/api/tasks", json={"text": "one"}).status_code == 202


async def test_a_delivery_that_is_cut_off_leaves_its_key_to_the_whole_one():
    done, gone = [], {"type": "http.disconnect"}

    async def act(_scope, receive, send):
        done.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b"said", "more_body": False})

    app = once(act, MemoryEffects())
    for pieces in ([{"type": "http.request", "body": b"{", "more_body": True}, gone], [gone]):
        said = []

        async def receive(left=pieces):
            return left.pop(0)

        async def send(message, said=said):
            said.append(message)

        scope = {"type": "http", "method": "POST", "path": "/api/tasks"}
        await app({**scope, "headers": [(b"idempotency-key", b"k")]}, receive, send)
        assert said == [] and done == []
    assert await deliver(app, "k") == (202, b"said") and len(done) == 1


async def test_what_was_not_done_may_be_tried_again_and_what_may_have_been_done_not():
    answers = iter([503, 409, 500, 201])

    async def act(_scope, _receive, send):
        await send({"type": "http.response.start", "status": next(answers), "headers": []})
        await send({"type": "http.response.body", "body": b"said", "more_body": False})

    app = once(act, MemoryEffects())
    assert [await deliver(app, "k") for _ in range(3)] == [(n, b"said") for n in (503, 409, 500)]
    assert (await deliver(app, "k"))[0] == 409, "the third may have done something"
    assert [await deliver(app, "other") for _ in range(2)] == [(201, b"said")] * 2


class Flaky(MemoryEffects):
    """Effects in a database that is away now and then."""

    away: frozenset[str] = frozenset()

    async def intend(self, key, what, /):
        self._there("intend")
        return await super().intend(key, what)

    async def complete(self, key, result, /):
        self._there("complete")
        return await super().complete(key, result)

    def _there(self, verb: str) -> None:
        if verb in self.away:
            raise StoreAway("the database does not answer")


def test_while_the_database_is_away_the_api_says_so(home, team, monkeypatch):
    effects = Flaky()
    desk = household.desk(home, team)
    desk = replace(desk, office=replace(desk.office, effects=effects))

    async def away(*_):
        raise StoreAway("the database does not answer")

    with TestClient(site(desk), base_url=household.BASE) as client:
        client.headers.update(household.BEARER)
        effects.away = frozenset({"intend"})
        said = post(client, "/api/tasks", {"text": "one"}, "a")
        assert said.status_code == 503
        assert said.json() == {"error": "the database does not answer", "status": 503}
        assert 'status="503"' in client.get("/metrics").text
        effects.away = frozenset()
        with monkeypatch.context() as during:
            during.setattr(team, "submit", away)
            during.setattr(team, "tasks", away)
            assert post(client, "/api/tasks", {"text": "one"}, "a").json() == said.json()
            assert client.get("/api/tasks").status_code == 503
            assert client.get("/board").status_code == 503
        assert post(client, "/api/tasks", {"text": "one"}, "a").status_code == 202


def test_while_the_database_is_away_a_form_does_what_needs_none(person, desk, team, monkeypatch):
    async def away(*_):
        raise StoreAway("the database does not answer")

    monkeypatch.setattr(desk.office.effects, "intend", away)
    monkeypatch.setattr(team, "submit", away)
    form = {FIELD: person.csrf, "text": "one", "agent": "writer"}
    said = person.post("/tasks", data=form, follow_redirects=False)
    assert said.status_code == 503 and "the database does not answer" in said.text
    assert person.post("/logout", data={FIELD: "a.b"}).status_code == 403, "not of our pages"
    out = person.post("/logout", data=form, follow_redirects=False)
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert not desk.keys.lasts(person.session)


async def test_an_answer_that_cannot_be_kept_is_given_and_its_request_not_acted_on_again():
    done = []

    async def act(_scope, _receive, send):
        done.append(1)
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"said", "more_body": False})

    effects = Flaky()
    effects.away = frozenset({"complete"})
    app = once(act, effects)
    assert await deliver(app, "k") == (201, b"said")
    assert (await deliver(app, "k"))[0] == 409 and done == [1]


async def test_a_key_is_kept_for_a_day():
    ahead, done = [0.0], []

    async def act(_scope, _receive, send):
        done.append(1)
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    clock = Clock(wall=lambda: now() + timedelta(seconds=ahead[0]))
    app = once(act, MemoryEffects(clock))
    for later, count in ((0.0, 1), (DAY - 60, 1), (DAY + 60, 2)):
        ahead[0] = later
        assert (await deliver(app, "k"))[0] == 201
        assert len(done) == count
