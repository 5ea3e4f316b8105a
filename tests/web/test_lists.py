"""The lists of the API come in portions, each of which leads to the next."""

import hired
import household
import pytest
from household import BASE, BEARER
from litestar.testing import AsyncTestClient, TestClient

from samovar.org.mailroom import TAIL
from samovar.org.outbox import OutboxEntry, post
from samovar.org.seams import Charge
from samovar.web.site import site

LISTS = {
    "/api/agents": 1000,
    "/api/agents/{name}/talk": 100,
    "/api/messages": 200,
    "/api/credits/lines": 200,
    "/api/tasks": 200,
    "/api/runs": 200,
    "/api/runs/{run}/events": 1000,
}
"""Every list, and how many rows it gives unasked."""
RUN = "20261121-100000-solved-0001"


def walk(client: TestClient, address: str) -> list[list[dict]]:
    """Return the portions of a list, from link to link."""
    found = []
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, address
        found.append(answer.json())
        address = answer.links.get("next", {}).get("url", "")
    return found


def test_every_list_of_the_api_says_how_it_is_read_in_portions(client):
    paths = client.get("/docs/openapi.json").json()["paths"]
    seen = {}
    for path, methods in paths.items():
        about = methods.get("get", {})
        body = about.get("responses", {}).get("200", {}).get("content", {})
        if body.get("application/json", {}).get("schema", {}).get("type") == "array":
            named = {p["name"]: p["schema"] for p in about["parameters"]}
            assert "after" in named, path
            assert named["limit"]["maximum"] == 1000, path
            assert "Link" in about["responses"]["200"]["headers"], path
            seen[path] = named["limit"]["default"]
    assert seen == LISTS


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 2, 7])
def test_portion_by_portion_a_list_is_whole(client, team, path, limit):
    for number in range(5):
        team.answer_back("developer", f"answer {number}")
    address = path.format(name="developer", run=RUN)
    [whole] = walk(client, f"{address}?limit=1000")
    assert len(whole) > 3
    parts = walk(client, f"{address}?limit={limit}")
    assert [len(p) for p in parts[:-1]] == [limit] * (len(parts) - 1)
    assert 0 < len(parts[-1]) <= limit
    # A conversation is read backwards, each portion the right way round.
    parts = parts[::-1] if path.endswith("/talk") else parts
    assert [row for part in parts for row in part] == whole


def test_a_link_keeps_what_else_was_asked_for(client):
    parts = walk(client, "/api/tasks?agent=writer&state=done&limit=9")
    assert len(parts) > 3
    rows = [row for part in parts for row in part]
    assert {(row["agent"], row["state"]) for row in rows} == {("writer", "done")}
    assert [row["id"] for row in rows] == sorted((r["id"] for r in rows), reverse=True)
    assert client.get("/api/tasks?state=lazy").status_code == 400


def test_what_comes_new_shifts_no_portion(client, home):
    first = client.get("/api/runs?limit=1")
    household.put_waiting(home, "20270101-000000-new-0009")
    rest = walk(client, first.links["next"]["url"])
    names = [row["run"] for part in [first.json(), *rest] for row in part]
    assert len(names) == len(set(names)) == 4
    assert client.get("/api/runs?limit=1").json()[0]["run"] not in names[1:]


@pytest.mark.parametrize("path", ["/api/agents", "/api/runs", "/api/agents/developer/talk"])
def test_after_a_row_that_is_gone_nothing_is_left_out_in_silence(client, path):
    answer = client.get(f"{path}?after=gone")
    assert answer.status_code == 404
    assert "begin it anew" in answer.json()["error"]


async def test_a_team_is_read_back_to_its_first_task_message_and_charge(tmp_path):
    team = hired.team_of(tmp_path)
    for number in range(TAIL + 44):
        post(tmp_path, "ada", OutboxEntry(sender="ada", tick=number, seq=0, text=str(number)))
        post(tmp_path, "bob", OutboxEntry(sender="bob", tick=number, seq=0, text=str(number)))
    made = [(await team.submit(f"task {n}", "ada")).id for n in range(5)]
    await team.cancel(made[1], "enough")
    await team.add_credits("ada", 100)
    for _ in range(5):
        await team.engine.turns.kit.ledger.charge(Charge(agent="ada", amount=1))
    async with AsyncTestClient(site(hired.desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)

        async def rows(address: str) -> list[dict]:
            found = []
            while address:
                answer = await client.get(address)
                found += answer.json()
                address = answer.links.get("next", {}).get("url", "")
            return found

        said = await rows("/api/messages?limit=200")
        expected = [(w, str(n)) for n in reversed(range(TAIL + 44)) for w in ("bob", "ada")]
        assert [(m["agent"], m["text"]) for m in said] == expected
        assert len((await client.get("/api/messages?agent=ada&limit=1000")).json()) == TAIL + 44
        gone = await client.get("/api/messages?after=ada/999999")
        assert gone.status_code == 404
        assert (await client.get("/api/messages?after=../ada/1")).status_code == 404
        assert [j["id"] for j in await rows("/api/tasks?limit=2")] == made[::-1]
        assert [j["id"] for j in await rows("/api/tasks?limit=2&state=cancelled")] == [made[1]]
        assert len(await rows("/api/credits/lines?limit=4")) == 6
