"""What the dashboard shows of the work of an agent with tools, and what may be done with it."""

import household
import msgspec
import pytest
from actions import call, reply
from household import BASE, BEARER
from litestar.testing import AsyncTestClient

from samovar.core.errors import SetupError, Unreachable
from samovar.core.event import Done, Entry, Intended
from samovar.core.message import Usage
from samovar.core.rules import Rules as Law
from samovar.core.talk import Began, Heard, Replied, Stopped, Told, Used
from samovar.core.tool import Call, Returned
from samovar.models.scripted import Rules
from samovar.org.kept import Kept, kept
from samovar.org.outbox import OutboxEntry, post
from samovar.web.commission import all_runs, commission, signed
from samovar.web.conduct import buttons, resume, retry, stop, undo
from samovar.web.course import course
from samovar.web.desk import Desk
from samovar.web.origin import read_of_others
from samovar.web.server import desk_of
from samovar.web.site import site
from samovar.web.team import office

from .conftest import git, hire

EDIT = call("edit_text", path="page.html", search="Utilize the form", replace="Use the form")
AGAIN, GO_ON, UNDO = "Retry as a new run", "Go on", "Undo"


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("SAMOVAR_WEB_TOKEN", household.TOKEN)


def employ(home, *tools: str) -> None:
    hire(home, "writer", *tools, permissions={"repositories": [".."]})


async def seen(desk: Desk):
    """Return the only run as the pages show it, and the words of its buttons."""
    [line] = await all_runs(desk)
    bought = await commission(desk, line.run)
    assert signed(line, bought) == line, "one run and the list of all say the same"
    return line, [word for _, word in buttons(desk, line, None, bought)]


async def page_of(desk: Desk, path: str) -> str:
    async with AsyncTestClient(site(desk), base_url=BASE) as client:
        answer = await client.get(path, headers=BEARER)
        assert answer.status_code == 200, answer.text
        return answer.text


async def test_a_task_that_ended_with_a_commit_is_done_until_the_commit_is_taken_back(
    home, open_books
):
    employ(home, "edit_text")
    books = open_books([EDIT, reply("One heading is shorter.")])
    team = books.team()
    desk = desk_of(home, 8000, office=office(team))
    job = await team.submit("Shorten the heading of page.html", "writer")
    await team.tick()
    line, words = await seen(desk)
    assert (line.state, line.outcome, line.agent) == ("done", "answered", "writer")
    assert words == [UNDO, AGAIN]
    spent = [e.event.usage for e in desk.app.read(line.run) if isinstance(e.event, Replied)]
    assert line.usage == spent[0] + spent[1] and line.usage.generated > 0
    text = await page_of(desk, f"/runs/{line.run}")
    assert f'action="/runs/{line.run}/undo"' in text
    assert f"; {line.usage.generated} generated tokens; " in text
    assert f"{line.usage.prompt} in, {line.usage.generated} out" in await page_of(desk, "/runs")
    assert "samovar/" in git(home.parent, "branch", "--list", "samovar/*")
    await undo(desk, line.run)
    assert git(home.parent, "branch", "--list", "samovar/*") == ""
    line, words = await seen(desk)
    assert (line.state, words) == ("undone", [AGAIN])
    assert line.outcome.endswith("was taken back")
    assert await retry(desk, line.run) == "The task is filed anew: 2, in the queue of writer."
    anew = await team.engine.turns.kit.queue.get(2)
    assert (anew.text, anew.agent, kept(home, 2)) == (job.text, "writer", Kept())
    assert desk.workshop.orders == [], "nothing is begun past the queue"


@pytest.mark.parametrize("tool", ["ask", "write_file"])
async def test_a_task_that_waits_for_a_person_waits_on_every_page_until_the_word(
    home, open_books, tool
):
    employ(home, tool)
    asks = {
        "ask": call("ask", question="May I be brief?"),
        "write_file": call("write_file", path="new.md", content="tea\n"),
    }
    law = msgspec.convert({"ask": ({"tool": "write_file"},)}, Law)
    books = open_books([asks[tool], reply("It is written.")], rules=law)
    team = books.team()
    desk = desk_of(home, 8000, office=office(team))
    await team.submit("write about tea", "writer")
    await team.tick()
    line, words = await seen(desk)
    assert (line.state, words) == ("waiting", ["Cancel its task"])
    text = await page_of(desk, f"/runs/{line.run}")
    assert "writer asks for your word" in text and 'href="/approvals"' in text
    assert f"/runs/{line.run}" in await page_of(desk, "/runs?state=waiting")
    assert line.run in await page_of(desk, "/api/runs?state=waiting")
    assert await page_of(desk, "/api/runs?state=stopped") == "[]"
    assert '"runs":{"waiting":1}' in await page_of(desk, "/api/status")
    assert 'samovar_runs{state="waiting"} 1.0' in await page_of(desk, "/metrics")
    with pytest.raises(SetupError, match="was not stopped"):
        await resume(desk, line.run)
    [asked] = await team.approvals()
    await team.approve(asked.id)
    await team.tick()
    line, words = await seen(desk)
    assert (line.state, line.committed) == ("done", tool == "write_file")
    assert words == ([UNDO, AGAIN] if line.committed else [AGAIN])


async def test_a_question_says_what_of_others_was_read_before_it(home, open_books):
    hire(home, "manager")
    may = {"read_outboxes": ["manager"]}
    hire(home, "scribe", "read_file", "write_file", permissions=may)
    post(home, "manager", OutboxEntry(sender="manager", tick=0, seq=0, text="We take tea."))
    law = msgspec.convert({"ask": ({"tool": "write_file"},)}, Law)
    write = call("write_file", path="new.md", content="tea\n")
    look = call("read_file", path="team/manager.md")
    books = open_books([write, look, write, reply("It is written.")], rules=law)
    team = books.team()
    desk = desk_of(home, 8000, office=office(team))
    await team.submit("write it down", "scribe")
    await team.tick()
    assert "nothing of strangers or teammates" in await page_of(desk, "/approvals/1")
    await team.approve(1)
    await team.tick()
    text = await page_of(desk, "/approvals/2")
    assert "text of others" in text and "read_file(path=&#34;team/manager.md&#34;)" in text
    assert "nothing of strangers or teammates" in await page_of(desk, "/approvals/1"), "as it was"


def test_text_of_others_comes_by_tools_that_reach_them_and_from_the_folder_of_the_team():
    calls = [
        Call("fetch", {"url": "https://docs.python.org/3/"}),
        Call("shop_orders", {"day": "today"}),
        Call("read_file", {"path": "notes.md"}),
        Call("read_file", {"path": "./team/dev.md"}),
        Call("search", {"pattern": "tea"}),
        Call("fetch", {"url": "https://docs.python.org/3/"}),
    ]

    def read(repo: str) -> list[str]:
        used = [Used(result=Returned(call=c, text="x")) for c in calls]
        lost = Used(result=Returned(call=Call("web_search", {}), text="x", ok=False))
        events = [Began(run="r", repo=repo), *used, lost]
        rows = [Entry(n, household.NOW, e) for n, e in enumerate(events)]
        return [said.partition("(")[0] for said in read_of_others(rows, {"shop"})]

    assert read("") == ["fetch", "shop_orders", "read_file", "search"]
    assert read("/project") == ["fetch", "shop_orders"], "a folder of that name is the project's"


async def test_a_task_that_was_stopped_in_the_middle_goes_on_in_the_same_run(home, open_books):
    employ(home, "search")
    away = Unreachable("no model answers at http://localhost:1")
    books = open_books([call("search", pattern="ERROR"), away, reply("disk full")])
    team = books.team()
    desk = desk_of(home, 8000, office=office(team))
    await team.submit("what failed?", "writer")
    await team.tick()
    line, words = await seen(desk)
    assert (line.state, words) == ("stopped", ["Cancel its task"])
    assert "is cancelled" in await stop(desk, line.run)
    _, words = await seen(desk)
    assert words == [GO_ON, AGAIN]
    assert "goes on with this run" in await resume(desk, line.run)
    for _ in range(4):
        await team.tick()
    after, words = await seen(desk)
    assert (after.run, after.state, words) == (line.run, "done", [AGAIN])


async def test_a_task_that_came_to_a_limit_failed_and_can_be_tried_again(home, open_books):
    employ(home, "search")
    books = open_books(Rules(lambda _: call("search", pattern="ERROR")))
    team = books.team()
    desk = desk_of(home, 8000, office=office(team))
    await team.submit("what failed?", "writer")
    await team.tick()
    line, words = await seen(desk)
    assert (line.state, words) == ("failed", [AGAIN])
    assert "the work so far is kept" in line.outcome


def test_what_a_conversation_came_to_is_told_by_its_last_turn_and_act():
    begun = (Began(run="r"), Heard(text="do it"))
    used = Usage(10, 4, 2)
    said = (*begun, Replied(text="x", usage=used), Stopped(end="answered"))
    intent = Intended(act="commit", key="k")
    done = Done(act="commit", key="k", result="c" * 40)
    back = (Intended(act="undo", key="k"), Done(act="undo", key="k", result="c" * 40))
    cases = {
        begun: "stopped",
        said: "done",
        (*said, Heard(text="more")): "stopped",
        (*begun, Stopped(end="steps", why="enough")): "failed",
        (*said, intent): "stopped",
        (*said, intent, done): "done",
        (*said, intent, done, *back, Told(text="the person took it back")): "undone",
        (*said, intent, done, *back, Heard(text="more"), Stopped(end="answered")): "done",
    }
    for events, state in cases.items():
        assert course(events).state == state, events[-1]
        assert course(events).committed == (events[-1] == done)
    assert course(said).usage == used and course((*said, *said)).usage == used + used


async def test_a_conversation_of_a_person_offers_to_take_its_commit_back_and_no_more(home):
    run = "20261121-120000-chat-0001"
    log = home / "runs" / run / "events.jsonl"
    log.parent.mkdir(parents=True)
    events = [
        Began(run=run, title="A chat"),
        Heard(text="do it"),
        Stopped(end="answered"),
        Intended(act="commit", key="k"),
        Done(act="commit", key="k", result="c" * 40),
    ]
    rows = [Entry(n, household.NOW, e) for n, e in enumerate(events)]

    def put(rows: list[Entry]) -> None:
        log.write_bytes(b"".join(msgspec.json.encode(r) + b"\n" for r in rows))

    desk = desk_of(home, 8000)
    put(rows[:3])
    assert (await seen(desk))[1] == []
    put(rows)
    assert (await seen(desk))[1] == [UNDO]
    with pytest.raises(SetupError, match="only the run of a task"):
        await retry(desk, run)
