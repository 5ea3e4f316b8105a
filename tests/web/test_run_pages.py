"""What the pages of runs show, whatever their logs hold."""

import asyncio
import json
import re
from copy import deepcopy

import household
from household import NOW, put_run
from msgspec.structs import replace

from samovar.org.seams import Job, LedgerEntry
from samovar.web.files import files
from samovar.web.onerun import RunSource
from samovar.web.page import HERE
from samovar.web.record import Record

SOLVED = "20261121-100000-solved-0001"
LONG = "20261121-120000-long-0006"


def test_a_run_says_who_asked_for_it_and_what_it_cost(client, team):
    cell = '<td class="num">1.25</td>'
    assert "asked by" not in client.get(f"/runs/{SOLVED}").text
    team.jobs[50] = Job(id=50, agent="developer", run=SOLVED, state="done", created_by="person:ann")
    team.ledger.append(
        LedgerEntry(id=98, at=NOW, agent="developer", amount=-1_250_000, balance=0, task=50)
    )
    said = client.get(f"/runs/{SOLVED}").text
    assert "1.25 credits; task 50 of" in said and "done, asked by ann" in said
    assert client.get("/runs").text.count(cell) == 1


def test_a_run_is_shown_step_by_step_with_its_change_and_its_receipt(client):
    text = client.get(f"/runs/{SOLVED}").text
    for said in (
        *("Step 1 of 1: write middle.py", "Version 2 is red: 1 of 3 tests pass", "verified"),
        *("<mark>len(ordered) // 2</mark>", "Timeline", "return ordered[-1]"),
    ):
        assert said in text


def test_a_pushed_run_and_its_card_lead_to_its_branch_at_the_forge(client, home, team):
    team.jobs[5] = replace(team.jobs[5], run=SOLVED)
    text = client.get(f"/runs/{SOLVED}").text
    assert "Open in Gitea" not in text and 'href="#change-title"' in text
    assert "Open in Gitea" not in client.get("/board").text
    there = "https://git.test/o/r/src/branch/samovar/x"
    done = {"type": "done", "act": "push", "key": "k", "result": there}
    path = home / "runs" / SOLVED / "events.jsonl"
    seq = len(path.read_text().splitlines())
    with path.open("a") as log:
        log.write(json.dumps({"seq": seq, "at": "2026-11-21T12:00:00Z", "event": done}) + "\n")
    text = client.get(f"/runs/{SOLVED}").text
    assert f'href="{there}"' in text and "Open in Gitea" in text
    _, _, card = client.get("/board").text.partition('id="job-5"')
    assert f'href="{there}"' in card.partition("</li>")[0], "so does its card on the board"
    path.write_text(path.read_text().replace(there, "javascript://%0aalert(1)//samovar/x"))
    assert "javascript:" not in client.get(f"/runs/{SOLVED}").text.partition("What happened")[0]
    assert "javascript:" not in client.get("/board").text


def test_a_conversation_and_a_damaged_log_are_shown_as_far_as_they_go(client, home):
    talk = home / "runs" / "20261121-120000-talk-0009"
    talk.mkdir()
    lines = [
        '{"seq":0,"at":"2026-01-02T03:04:05Z","event":{"type":"began","run":"r","title":"A chat"}}',
        '{"seq":1,"at":"2026-01-02T03:04:06Z","event":{"type":"heard","text":"look at it"}}',
        '{"seq":2,"at":"2026-01-02T03:04:07Z","event":{"type":"replied","text":"I see it"}}',
        '{"seq":3,"at":"2026-01-02T03:04:08Z","event":{"type":"from tomorrow","x":1}}',
        "not json at all",
    ]
    (talk / "events.jsonl").write_text("\n".join(lines) + "\n")
    text = client.get("/runs/20261121-120000-talk-0009").text
    for said in ("look at it", "I see it", "from tomorrow", "not json at all"):
        assert said in text
    assert client.get("/runs").status_code == 200
    damaged = home / "runs" / "20261121-120001-damaged-0009"
    damaged.mkdir()
    (damaged / "events.jsonl").write_bytes(b"\xff\xfe\x00garbage\n")
    assert "damaged" in client.get("/runs").text
    assert client.get(f"/runs/{damaged.name}").status_code == 200


def test_a_log_that_cannot_be_read_or_has_no_zones_takes_no_page_away(client, home):
    # A folder cannot be read as a log, by nobody; one of somebody else's only not by others.
    closed = home / "runs" / "20261121-120002-closed-0009"
    (closed / "events.jsonl").mkdir(parents=True)
    plain = household.put_run(home, "20261121-120003-plain-0009", "solved") / "events.jsonl"
    plain.write_text(re.sub(r'("at":"[^"]+?)Z"', r'\1"', plain.read_text()))
    for path in ("/dashboard", "/runs", "/credits", "/system", "/approvals"):
        assert client.get(path).status_code == 200, path
    states = {r["run"]: r["state"] for r in client.get("/api/runs").json()}
    assert (states[closed.name], states[plain.parent.name]) == ("damaged", "done")
    assert "damaged" in client.get(f"/runs/{closed.name}").text
    assert client.get(f"/runs/{closed.name}/raw").status_code == 409
    assert client.get(f"/runs/{plain.parent.name}").status_code == 200
    (closed / "events.jsonl").rmdir()
    (home / "runs").rename(home / "were")
    (home / "runs").write_text("no folder")
    for path in ("/dashboard", "/runs", "/api/status", "/metrics"):
        assert client.get(path).status_code == 200, path
    assert client.get(f"/runs/{SOLVED}").status_code == 404


def test_a_very_long_log_is_shown_from_its_end(client, home):
    long = home / "runs" / "20261121-120004-long-0009"
    long.mkdir()
    at = '"at":"2026-01-02T03:04:05Z"'
    lines = [f'{{"seq":0,{at},"event":{{"type":"began","run":"r","title":"A long chat"}}}}']
    heard = '{{"seq":{n},{at},"event":{{"type":"heard","text":"words {n}."}}}}'
    lines += [heard.format(n=n, at=at) for n in range(1, 5_050)]
    (long / "events.jsonl").write_text("\n".join(lines) + "\n")
    text = client.get(f"/runs/{long.name}").text
    assert "words 5049." in text and "words 50." in text and "words 49." not in text
    assert "The first 50 entries of this log stand in the" in text
    past = client.get(f"/runs/{long.name}?at=49").text
    assert "words 49." in past and "words 1." in past and "words 50." not in past
    assert client.get(f"/api/runs/{long.name}").json()["entries"] == 5_050
    rest = client.get(f"/api/runs/{long.name}/events?after=5047").json()
    assert [r["seq"] for r in rest] == [5048, 5049]
    missed = RunSource(
        household.desk(home),
        long.name,
        Record(long / "events.jsonl"),
        lambda _data: {},
        lambda items: " ".join(str(i.seq) for i in items),
    )
    asyncio.run(missed.look())
    assert '">50 51 ' in asyncio.run(missed.since("")).html


def test_runs_are_filtered_by_the_address(client):
    text = client.get("/runs?state=failed").text
    assert "20261120-100000-failed-0002" in text
    assert SOLVED not in text
    for nothing in ("q=zebra", "agent=nobody", "days=0"):
        assert "No run fits" in client.get(f"/runs?{nothing}").text
    for everything in ("days=9999", "days=x", "days=-1", "agent=&q="):
        assert SOLVED in client.get(f"/runs?{everything}").text


def test_the_run_of_a_coder_is_found_by_its_agent(client, team):
    team.jobs[50] = Job(id=50, agent="writer", run=SOLVED, state="done")
    for found in ("agent=writer", "q=writer"):
        assert SOLVED in client.get(f"/runs?{found}").text
    assert SOLVED not in client.get("/runs?agent=developer").text
    row = client.get("/runs").text.partition(f'href="/runs/{SOLVED}"')[2].partition("</tr>")[0]
    assert '<span class="tag">writer</span>' in row
    said = {r["run"]: r["agent"] for r in client.get("/api/runs").json()}
    assert said[SOLVED] == "writer" and said["20261120-100000-failed-0002"] == ""
    assert client.get(f"/api/runs/{SOLVED}").json()["run"]["agent"] == "writer"


def test_a_run_of_eight_calls_travels_in_less_than_100_kB(client, home):
    log = put_run(home, LONG, "solved") / "events.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    place = next(n for n, r in enumerate(rows) if r["event"]["type"] == "wrote")
    texts = [path.read_text() for path in sorted(HERE.glob("*.py"))]
    long = [text for text in texts if len(text) > 7_000][:8]
    calls = [deepcopy(rows[place]) for _ in long]
    for call, text in zip(calls, long, strict=True):
        call["event"]["asked"] = [{"role": "user", "text": text[:8_000]}]
        call["event"]["answer"] = text[-2_500:]
    rows[place : place + 1] = calls
    log.write_text("".join(json.dumps({**r, "seq": n}) + "\n" for n, r in enumerate(rows)))
    answer = client.get(f"/runs/{LONG}", headers={"accept-encoding": "gzip"})
    needed = set(re.findall(r"/assets/[\w.-]+", answer.text))
    travels = int(answer.headers["content-length"])
    assert answer.headers["content-encoding"] == "gzip" and len(answer.content) > 80_000
    assert len(needed) > 1 and travels + sum(len(files()[n].small) for n in needed) < 100_000
    plain = client.get(f"/runs/{LONG}", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and len(plain.content) > 80_000
    assert plain.headers["vary"] == answer.headers["vary"] == "accept-encoding"


def test_a_log_of_many_long_entries_is_shown_from_its_end(client, home):
    log = put_run(home, LONG, "solved") / "events.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    said = {"type": "overridden", "phase": "executing", "by": "me", "why": "x" * 300_000}
    rows += [{"at": rows[-1]["at"], "event": said} for _ in range(5)]
    log.write_text("".join(json.dumps({**r, "seq": n}) + "\n" for n, r in enumerate(rows)))
    text = client.get(f"/runs/{LONG}").text
    assert text.count("let &#39;executing&#39; pass unproved") == 3
    assert f"The first {len(rows) - 3} entries of this log stand in the" in text
    said["why"] = "x" * 2_000_000
    with open(log, "a") as more:
        more.write(json.dumps({**rows[-1], "seq": len(rows)}) + "\n")
    text = client.get(f"/runs/{LONG}").text
    assert text.count("let &#39;executing&#39; pass unproved") == 1, "the last one is always shown"
