"""The books of a real team on the pages: tasks filed and put away, credits, questions."""

import json

from hired import desk_of, hire, team_of
from household import BASE, BEARER
from litestar.testing import AsyncTestClient

from samovar.core.log import now
from samovar.org.seams import Approval, Charge, Job, LedgerEntry
from samovar.org.sound import prices
from samovar.web import views
from samovar.web.ledger import KEPT, Lines
from samovar.web.page import Page, environment
from samovar.web.scenes import SCENES, SceneSource
from samovar.web.site import site


async def test_tasks_are_counted_however_many_there_were(tmp_path):
    team = team_of(tmp_path)
    queue, ended = team.engine.turns.kit.queue, 2_100
    for number in range(ended):
        job = await queue.add(Job(agent="ada", text=str(number)))
        await queue.cancel(job.id, "enough")
    await queue.add(Job(agent="ada"))
    app = site(desk_of(tmp_path, team))
    async with AsyncTestClient(app, base_url=BASE) as client:
        client.headers.update(BEARER)
        text = (await client.get("/metrics")).text
        assert f'samovar_tasks{{agent="ada",state="cancelled"}} {ended}.0' in text
        queues = (await client.get("/api/status")).json()["queues"]
        assert queues == {"ada": {"cancelled": ended, "ready": 1}}


async def test_a_line_of_the_ledger_that_was_committed_late_is_read():
    lines = [LedgerEntry(id=n, at=now(), agent="ada", amount=-1, balance=9) for n in range(1, 1200)]
    late = lines.pop(-2)

    class Slow:
        async def entries(self, *, after, limit):
            return [e for e in lines if e.id > after][:limit]

    lines_read = Lines(Slow())
    assert [e.id for e in await lines_read.read()][-3:] == [1196, 1197, 1199]
    lines.insert(-1, late)
    assert [e.id for e in await lines_read.read()] == list(range(1200 - KEPT, 1200))


async def test_a_busy_agent_hides_no_quiet_one_in_the_credits(tmp_path):
    team = team_of(tmp_path)
    await team.add_credits("bob", 5_000_000)
    await team.add_credits("ada", 5_000_000)
    ledger = team.engine.turns.kit.ledger
    await ledger.charge(Charge(agent="bob", amount=1_000_000))
    for _ in range(3 * KEPT):
        await ledger.charge(Charge(agent="ada", amount=1000))
    found = await views.credit(desk_of(tmp_path, team), {})
    [spent] = found["days"].values()
    assert spent == {"bob": 1.0, "ada": 3 * KEPT / 1000}, "of the whole day, however long"
    assert found["forecasts"]["bob"].startswith("4.00 left, gone in 4 h")
    assert found["lines"][0].agent == "ada"
    assert found["models"] == [("", 1_750_000)] and found["dear"] == [("0", 1_750_000)]
    page = await views.agent(desk_of(tmp_path, team), {"name": "bob"})
    assert page["forecast"].startswith("4.00 left, gone in") and "polyline" in page["plot"]


async def test_a_program_can_follow_what_it_filed_and_what_it_cost(tmp_path):
    team = team_of(tmp_path)
    await team.add_credits("ada", 5_000)
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)
        made = [
            (await client.post("/api/tasks", json={"text": "x", "agent": "ada"})).json()["task"]
        ]
        made += [(await team.submit("another", "ada")).id for _ in range(2)]
        for id in made:
            await team.cancel(id, "enough")
        listed = [j["id"] for j in (await client.get("/api/tasks")).json()]
        assert listed == made[::-1]
        one = (await client.get(f"/api/tasks/{made[0]}")).json()
        assert (one["text"], one["state"], one["reason"]) == ("x", "cancelled", "enough")
        assert (await client.get("/api/tasks/999")).status_code == 404
        for amount in (7, 8, 9):
            charge = Charge(agent="ada", amount=amount, task=made[0], model=f"m{amount % 2}")
            await team.engine.turns.kit.ledger.charge(charge)
        page = (await client.get("/api/credits/lines?limit=2")).json()
        rest = (await client.get(f"/api/credits/lines?after={page[-1]['id']}")).json()
        assert [e["amount"] for e in (*page, *rest)] == [5_000, -7, -8, -9]
        assert rest[0]["task"] == made[0]
        by = {by: f"/api/credits/spent?by={by}" for by in ("agent", "task", "model", "day")}
        spent = {by: (await client.get(path)).json() for by, path in by.items()}
        assert spent["task"] == {str(made[0]): 24} and spent["agent"] == {"ada": 24}
        assert spent["model"] == {"m0": 8, "m1": 16}
        assert spent["day"]["status"] == 400
        shown = (await client.get("/credits")).text
        assert shown.index('<th scope="row">m1</th>') < shown.index('<th scope="row">m0</th>')
        assert f'<th scope="row">task {made[0]}</th>' in shown
        assert (await client.get("/api/credits/lines?agent=bob")).json() == []


async def test_credits_and_limits_of_a_real_team_are_changed_on_the_page(tmp_path):
    team = team_of(tmp_path)
    await team.add_credits("ada", 5_000_000)
    (tmp_path / "credits.json").write_text('{"agents": {}, "note": "mine"}')
    (tmp_path / "credits.json").chmod(0o640)
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)

        async def change(**form) -> int:
            sent = await client.post("/credits", data={"agent": "ada", **form})
            return sent.status_code

        assert await change(amount="2", how="take") == 200
        assert (await team.credits())["ada"] == 3_000_000
        assert await change(amount="3.1", how="take") == 409, "it has less than that"
        assert await change(amount="0") == 409
        assert await change(per_day="1.5", how="limit") == 200
        assert '<td class="num">1.50</td>' in (await client.get("/credits")).text
        assert await change(per_day="-1", how="limit") == 409
        assert await change(per_day="1", how="limit", agent="eve") == 404
        taken = {"agent": "ada", "amount": -1_000_000}
        assert (await client.post("/api/credits", json=taken)).json()["balance"] == 2_000_000
        most = {"agent": "bob", "per_day": 2_500_000}
        assert (await client.post("/api/credits/limit", json=most)).json() == most
        assert prices(tmp_path)[0].budget("bob").per_day == 2_500_000
        none = {"agent": "bob", "per_day": None}
        assert (await client.post("/api/credits/limit", json=none)).json() == none
        unknown = {"agent": "eve", "per_day": 1}
        assert (await client.post("/api/credits/limit", json=unknown)).status_code == 404
    kept = json.loads((tmp_path / "credits.json").read_text())
    assert kept == {"agents": {"ada": {"per_day": 1.5}, "bob": {}}, "note": "mine"}
    assert (tmp_path / "credits.json").stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.glob(".credits*")] == []


async def test_the_page_of_a_question_says_that_it_was_answered_elsewhere(tmp_path):
    team = team_of(tmp_path)
    books = team.engine.turns.kit.approvals
    asked = Approval(agent="ada", act="push", digest="ab" * 32, text="push it")
    asked = await books.ask(asked, 3600)
    desk = desk_of(tmp_path, team)
    source = SceneSource(desk, Page(desk, environment()), SCENES["approval"], {"id": "1"})
    async with AsyncTestClient(site(desk), base_url=BASE) as client:
        client.headers.update(BEARER)
        text = (await client.get("/approvals/1")).text
        assert 'hx-sse:connect="/live/page/approval?id=1&amp;after=' in text
        assert 'value="yes"' in text
        assert 'value="yes"' in (await source.look()).html
        assert await source.look() is None, "nothing happened, nothing is sent"
        await team.refuse(1, "not on a Friday", by="li")
        told = await source.look()
        assert 'hx-target="#part-answer"' in told.html
        assert "It is answered: no, by li at" in told.html and "not on a Friday" in told.html
        assert "<form" not in told.html
        assert "It is answered: no" in (await client.get("/approvals/1")).text
        assert (await client.get("/approvals/2")).status_code == 404


async def test_tasks_that_failed_hide_no_others_and_can_be_put_away(tmp_path, monkeypatch):
    monkeypatch.setattr("samovar.web.team.TASKS", 3)
    team = team_of(tmp_path)
    claims = team.engine.turns.kit.claims
    for n in range(4):
        await team.submit(f"task {n}", "ada")
        await claims.finish(await claims.claim("w", 60), "failed", "too hard")
    hopeless = await team.engine.turns.kit.queue.add(Job(agent="bob", text="hopeless", tries=1))
    await claims.fail(await claims.claim("w", 60), "too hard")
    await team.submit("task 5", "ada")
    desk = desk_of(tmp_path, team)
    shown = [j.text for j in await desk.office.jobs.tasks()]
    assert shown == ["task 5", "hopeless", "task 3", "task 2"]
    system = (await views.system(desk, {}))["depths"]
    assert system == {"ada": {"failed": 4, "ready": 1}, "bob": {"dead": 1}}, "however many"
    async with AsyncTestClient(site(desk), base_url=BASE) as client:
        client.headers.update(BEARER)
        title = f"Task {hopeless.id} of bob"
        assert title in (await client.get("/dashboard")).text
        done = await client.post(f"/jobs/{hopeless.id}/cancel", follow_redirects=False)
        assert done.status_code == 303
        assert title not in (await client.get("/dashboard")).text


async def test_a_task_is_filed_for_any_repository_of_its_agent_and_no_other(tmp_path):
    hire(tmp_path, "coder", craft="code", permissions={"repositories": ["../one"]})
    team = team_of(tmp_path)
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)
        assert 'name="repo"' not in (await client.get("/dashboard")).text, "nothing to choose"
        resume = tmp_path / "agents" / "coder" / "resume.json"
        resume.write_text(resume.read_text().replace('"../one"', '"../one", "../two"'))
        assert "<option>../two</option>" in (await client.get("/dashboard")).text
        new = {"text": "mend it", "agent": "coder"}
        for repo in ("", "../two"):
            await client.post("/tasks", data=new | {"repo": repo})
            assert (await client.post("/api/tasks", json=new | {"repo": repo})).status_code == 202
        other = await client.post("/api/tasks", json=new | {"repo": "../three"})
        assert other.status_code == 409
        assert "coder has no repository '../three'; it has: ../one, ../two" in other.json()["error"]
    assert [j.repo for j in await team.tasks("coder")] == ["../one"] * 2 + ["../two"] * 2


async def test_a_task_may_ask_for_its_branch_to_be_pushed(tmp_path):
    hire(tmp_path, "coder", craft="code", permissions={"repositories": [".."]})
    team = team_of(tmp_path)
    async with AsyncTestClient(site(desk_of(tmp_path, team)), base_url=BASE) as client:
        client.headers.update(BEARER)
        assert '<input type="checkbox" name="push"' in (await client.get("/dashboard")).text
        new = {"text": "mend it", "agent": "coder"}
        await client.post("/tasks", data=new)
        await client.post("/tasks", data=new | {"push": "yes"})
        assert (await client.post("/api/tasks", json=new | {"push": True})).status_code == 202
        refused = await client.post("/api/tasks", json=new | {"agent": "ada", "push": True})
        assert refused.status_code == 409 and "ada pushes nothing" in refused.text
    assert [j.data for j in await team.tasks("coder")] == [{}, {"push": True}, {"push": True}]
    assert await team.tasks("ada") == []
