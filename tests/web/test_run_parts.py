"""The parts of a run's page: messages, files, what the model was asked and offered."""

import json

import household
from hired import desk_of, team_of
from household import NOW, put_run
from litestar.testing import TestClient

from samovar.app import App
from samovar.core import talk
from samovar.core.event import Chose
from samovar.core.log import MemoryLog, read
from samovar.core.message import Message
from samovar.core.task import Verdict
from samovar.core.tool import Call, Said
from samovar.org.outbox import OutboxEntry, post
from samovar.org.seams import Job
from samovar.web import onerun, transcript
from samovar.web.record import Row
from samovar.web.site import site
from samovar.web.verbs import Mail

RUN = "20261121-100000-solved-0001"
SPOKE = {"planned", "wrote", "chose", "documented"}
"""Types of the events that may hold what the model was asked."""


def mail(number, **fields):
    return Mail(id=f"tester/{number}", agent="tester", at=NOW, kind="report", **fields)


def test_the_messages_about_a_run_or_its_task_stand_on_its_page(client, team):
    team.jobs[20] = Job(id=20, agent="developer", text="mend it", run=RUN, created_by="person:li")
    team.mail += [
        mail(900, run=RUN, text="It holds <b>up</b>."),
        mail(901, task=20, text="Task 20 is read."),
        mail(902, task=21, text="Of another task."),
    ]
    text = client.get(f"/runs/{RUN}").text
    part = text.partition('id="part-messages"')[2].partition('id="part-files"')[0]
    assert "It holds &lt;b&gt;up&lt;/b&gt;." in part and "Task 20 is read." in part
    assert "Of another task." not in part
    assert '<a href="/agents/tester">tester</a>' in part
    assert '<a href="#messages-title">Messages <span class="count">2</span></a>' in text


def test_a_home_without_a_team_has_no_messages(home):
    with TestClient(site(household.desk(home)), base_url=household.BASE) as client:
        client.headers.update(household.BEARER)
        text = client.get(f"/runs/{RUN}").text
    assert "messages-title" not in text
    assert 'href="#files-title"' in text


def test_each_changed_file_is_listed_and_leads_to_its_change(client):
    text = client.get(f"/runs/{RUN}").text
    part = text.partition('id="part-files"')[2].partition('id="part-change"')[0]
    assert '<a href="#file-1"><code>middle.py</code></a>' in part
    assert '<span class="plus">+1</span>' in part and "&minus;1" in part
    assert '<details class="file" id="file-1" open>' in text
    early = client.get(f"/runs/{RUN}?at=1").text
    assert "files-title" not in early, "nothing was changed then"


def test_what_the_model_was_asked_is_shown_and_old_logs_without_it_load(client, home):
    folder = put_run(home, "20261121-120000-asked-0005", "solved")
    assert "what the model was asked" not in client.get(f"/runs/{folder.name}").text
    log = folder / "events.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    spoke = [r["event"] for r in rows if r["event"]["type"] in SPOKE]
    assert {e["type"] for e in spoke} == SPOKE
    for event in spoke:
        event["asked"] = [{"role": "user", "text": f"Have it <i>{event['type']}</i>."}]
    log.write_text("".join(json.dumps(r) + "\n" for r in rows))
    text = client.get(f"/runs/{folder.name}").text
    assert "what the model was asked (user)" in text
    assert all(f"Have it &lt;i&gt;{kind}&lt;/i&gt;." in text for kind in SPOKE)
    kept = next(e.event for e in read(log) if hasattr(e.event, "asked"))
    assert kept.asked == (Message("user", "Have it <i>planned</i>."),)


def test_a_step_of_a_conversation_says_which_tools_were_offered():
    called = Said(calls=(Call("search", {"text": "x"}, "1"),))
    events = [
        talk.Began(run="r"),
        talk.Heard(text="find x"),
        talk.Offered(tools=("search", "shell")),
        talk.Replied(text="...", said=called),
        talk.Offered(tools=("read_file",)),
        talk.Replied(text="done", said=Said(text="done")),
    ]
    rows = [Row(e.seq, e.at, e.event) for e in MemoryLog(events).entries]
    shown = [b.text for i in transcript.items(rows) for b in i.blocks if b.title == "tools offered"]
    assert shown == ["search, shell", "read_file"]


def test_a_step_that_was_not_needed_is_not_shown_as_a_failure():
    needed = [Verdict(passed=True), Verdict(passed=False)]
    events = [Chose(step=n, candidate=None, why="so", verdict=v) for n, v in enumerate(needed)]
    rows = [Row(e.seq, e.at, e.event) for e in MemoryLog(events).entries]
    shown = [(i.title, i.tone) for i in transcript.items(rows)]
    assert shown == [("Nothing was kept: so", "plain"), ("Nothing was kept: so", "bad")]


def test_what_was_made_and_no_commit_takes_is_listed_with_its_folder(client, home):
    kept = home / "runs" / RUN / "files"
    (kept / "plots").mkdir(parents=True)
    (kept / "plots" / "a&b.png").write_bytes(b"\0")
    text = client.get(f"/runs/{RUN}").text
    part = text.partition('id="part-files"')[2].partition('id="part-change"')[0]
    assert (
        "plots/a&amp;b.png" in part
        and "more" not in part
        and f'<code class="wrap">{kept}</code>' in part
    )
    assert "made-title" not in client.get(f"/runs/{RUN}?at=1").text
    for number in range(51):
        (kept / f"{number:02}.csv").write_text("1")
    text = client.get(f"/runs/{RUN}").text
    assert "49.csv" in text and "50.csv" not in text and "<li>and 2 more</li>" in text


async def test_an_entry_of_a_real_outbox_is_found_by_the_run_it_names(tmp_path):
    team = team_of(tmp_path)
    desk = desk_of(tmp_path, team)
    put_run(App(tmp_path).home, RUN, "solved")
    said = OutboxEntry(sender="ada", tick=0, seq=0, text="It is red again.", run=RUN)
    post(tmp_path, "ada", said)
    post(tmp_path, "ada", OutboxEntry(sender="ada", tick=0, seq=0, text="Good morning."))
    found = await onerun.mail(desk, RUN, None)
    assert [m.text for m in found] == ["It is red again."]
