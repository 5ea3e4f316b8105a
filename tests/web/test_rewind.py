"""A run looked at as it was, and tried again from there."""

import pytest
from doubles import RIGHT, WRONG, answering, drive, fenced, kit, opened
from household import put_run
from msgspec.structs import replace

from samovar.app import App
from samovar.core.errors import SetupError
from samovar.core.event import Opened, Planned, Wrote
from samovar.core.log import JsonlLog
from samovar.core.state import replay
from samovar.web.forking import fork
from samovar.web.forms import FIELD
from samovar.workshop import Workshop

RUN = "20261121-100000-solved-0001"


def test_a_run_is_shown_as_it_was_after_any_entry(client, desk):
    whole = len(desk.app.read(RUN))
    for at in range(whole):
        text = client.get(f"/runs/{RUN}?at={at}").text
        assert f"As it was after entry {at} of {whole - 1}" in text
        assert f'id="e{at + 1}"' not in text
        assert "sse:connect" not in text, "the past does not change"
    early = client.get(f"/runs/{RUN}?at=4").text
    assert "step 1 of 1, 1 version tried" in early
    assert "Version 2 is red" not in early
    assert "?at=3" in early
    assert "?at=5" in early
    late = client.get(f"/runs/{RUN}?at=999").text
    assert "ended" in late
    assert "Version 2 is red" in late


@pytest.mark.parametrize("at", ["", "-1", "x", "1.5", "9" * 30, "²"])
def test_an_entry_that_is_none_is_the_present(client, at):
    text = client.get(f"/runs/{RUN}", params={"at": at}).text
    assert "As it was" not in text
    assert "sse:connect" in text


def test_every_item_leads_to_its_own_time(client):
    text = client.get(f"/runs/{RUN}").text
    assert f'href="/runs/{RUN}?at=4"' in text
    live = client.get(f"/runs/{RUN}?at=4").text
    assert "Back to now" in live


def test_a_fork_is_the_same_up_to_its_entry_and_nothing_of_the_old_run_after_it(desk):
    for at in range(len(desk.app.read(RUN))):
        name = fork(desk.app, RUN, at, "use a heap")
        entries = desk.app.read(name)
        assert [e.seq for e in entries] == list(range(len(entries)))
        assert entries[1:] == desk.app.read(RUN)[1 : len(entries)]
        state = replay(e.event for e in entries)
        assert (state.asked, state.done, state.closed) == ((), (), None)
        first = state.opened
        assert isinstance(first, Opened)
        assert (first.run, first.branch, first.task.id) == (name, f"samovar/{name}", name)
        assert first.task.text.endswith("\n\nuse a heap")
    assert desk.app.read(RUN)[-1].event.ok, "the old run stays as it is"


def test_a_fork_of_a_run_that_was_taken_up_again_bears_its_own_name_throughout(desk):
    began = opened("twice")
    log = JsonlLog(desk.app.folder("twice") / "events.jsonl")
    log.append(began)
    log.append(replace(began, model="another"))
    name = fork(desk.app, "twice", 1)
    kept = [e.event for e in desk.app.read(name)]
    assert [(e.run, e.branch, e.task.id, e.model) for e in kept] == [
        (name, f"samovar/{name}", name, "scripted"),
        (name, f"samovar/{name}", name, "another"),
    ]


def test_a_conversation_has_no_fork(desk, home):
    folder = put_run(home, "talk", "solved")
    line = '{"seq":0,"at":"2026-01-02T03:04:05Z","event":{"type":"began","run":"r"}}\n'
    (folder / "events.jsonl").write_text(line)
    with pytest.raises(SetupError, match="only the run of a task"):
        fork(desk.app, "talk", 0)
    with pytest.raises(SetupError, match="no run"):
        fork(desk.app, "../x", 0)


def test_a_new_run_begins_from_the_page(person, desk, home):
    async def never(*_):
        raise AssertionError

    shop = Workshop(never)
    object.__setattr__(desk, "workshop", shop)
    text = person.get(f"/runs/{RUN}?at=5").text
    assert "Try again from here" in text
    assert "Try again from here" not in person.get(f"/runs/{RUN}").text
    form = {"at": "5", "note": "keep it short", FIELD: person.csrf}
    answer = person.post(f"/runs/{RUN}/fork", data=form, follow_redirects=False)
    made = answer.headers["location"].rpartition("/")[2]
    assert [o.run for o in shop.orders] == [made]
    events = [e.event for e in desk.app.read(made)]
    kinds = [type(e) for e in events if isinstance(e, Planned | Wrote)]
    assert kinds == [Planned, Wrote, Wrote]
    wrong = person.post(f"/runs/{RUN}/fork", data={**form, "at": "x"}, follow_redirects=False)
    assert wrong.status_code == 409


async def test_a_fork_goes_on_to_a_commit_of_its_own(tmp_path):
    app = App(tmp_path)
    log = JsonlLog(app.folder("old") / "events.jsonl")
    log.append(opened("old", off=("search",)))
    books = kit(answering("no code", fenced(WRONG.replace("[0]", "[-1]")), fenced(RIGHT)))
    await drive(books, log)
    for at in range(len(log.read())):
        made = fork(app, "old", at)
        state = await drive(books, JsonlLog(app.folder(made) / "events.jsonl"))
        assert state.closed is not None
        assert state.closed.ok, at
        branch, message, _ = books.repo.commits[-1]
        assert branch == f"samovar/{made}"
        assert f"Samovar-Run: {made}" in message
    assert [b for b, _, _ in books.repo.commits].count("samovar/old") == 1
