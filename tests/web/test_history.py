"""What the pages tell of the past: ticks, flow, the pace of models; and the words of a diary."""

from datetime import UTC, datetime, timedelta

import household
import pytest

from samovar.core.event import Opened, Wrote
from samovar.core.log import JsonlLog
from samovar.core.message import Usage
from samovar.core.talk import Began, Replied
from samovar.core.task import Candidate, Task
from samovar.org.journal import agent_log, engine_log
from samovar.org.seams import Job
from samovar.web.calls import Calls, paces
from samovar.web.diary import Diary, told
from samovar.web.plots import flow, heat, lanes, spark
from samovar.web.plots.lanes import Bar

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_of_several_things_in_a_tick_the_heaviest_is_told():
    rows = [
        {"event": "turn", "tick": 1, "action": "nothing"},
        {"event": "turn", "tick": 2, "action": "note"},
        {"event": "failed", "tick": 3},
        {"event": "turn", "tick": 3, "action": "note"},
        {"event": "at work", "tick": 4},
        {"event": "turn", "tick": 4, "action": "nothing"},
        {"event": "of tomorrow", "tick": 5},
        {"event": "turn"},
    ]
    assert told(rows) == {1: "rested", 2: "ran", 3: "failed", 4: "at work"}


def test_a_diary_is_read_on_as_it_grows(tmp_path):
    (tmp_path / "agents" / "ada").mkdir(parents=True)
    diary = Diary(tmp_path)
    assert diary.turns(["ada"]) == {"ada": {}}
    agent_log(tmp_path, "ada").add("turn", tick=1, action="note", text="x")
    assert diary.turns(["ada"]) == {"ada": {1: "ran"}}
    agent_log(tmp_path, "ada").add("failed", tick=2, text="x")
    assert diary.turns(["ada"])["ada"][2] == "failed"
    engine_log(tmp_path).add("failed", agent="ada", tick=2, text="no model")
    [line] = diary.engine(5)
    assert line.endswith("failed agent=ada tick=2 no model")


def test_the_strip_has_a_cell_for_each_agent_and_tick():
    turns = {"ada": {41: "failed", 42: "ran"}, "bob": {}}
    drawn = str(heat.strip(turns, 42))
    assert drawn.count("<rect") == 2 * 42
    assert "ada, tick 41: failed" in drawn
    assert "bob, tick 42: idle" in drawn
    assert "1 turn taken, 1 failed (ada)" in heat.summary(turns, 42)
    assert heat.rows(turns, 42) == [
        ("ada", 1, 0, 1, "tick 42: ran"),
        ("bob", 0, 0, 0, "idle"),
    ]
    assert heat.strip({}, 42) == heat.strip(turns, 0) == ""
    assert str(heat.strip(turns, 1000)).count("<rect") == 2 * heat.TICKS


def job(number: int, created: float, started: float | None, ended: float | None) -> Job:
    def at(hours: float | None) -> datetime | None:
        return NOW - timedelta(hours=hours) if hours is not None else None

    return Job(id=number, agent="a", created=at(created), started=at(started), ended=at(ended))


def test_the_flow_counts_every_task_once_at_every_time():
    jobs = [job(1, 100, 90, 50), job(2, 80, None, 40), job(3, 60, 10, None), job(4, 5, None, None)]
    found = flow.levels(jobs, NOW)
    assert len(found) == flow.SAMPLES
    last = found[-1]
    assert (last.over, last.working, last.ready) == (2, 1, 1)
    for level in found:
        created = sum(j.created.timestamp() <= level.at for j in jobs)
        assert level.over + level.working + level.ready == created
        assert min(level.over, level.working, level.ready) >= 0
    assert [v.over for v in found] == sorted(v.over for v in found)
    assert str(flow.cumulative(found)).count("<polygon") == 3
    assert flow.levels(jobs[-1:], NOW) == [], "a history of hours says nothing"
    assert flow.cumulative([]) == ""


def test_calls_are_found_in_runs_and_conversations_and_read_anew_when_they_grow(tmp_path):
    log = JsonlLog(tmp_path / "r1" / "events.jsonl")
    log.append(Opened(run="r1", task=Task(id="x", text="x"), model="small"))
    made = Candidate(id=0, step=0, origin="model", complaint="no code")
    log.append(Wrote(candidate=made, usage=Usage(10, 0, 30), seconds=3.0))
    calls = Calls()
    assert [c.seconds for c in calls.of([log.path])] == [3.0]
    log.append(Wrote(candidate=Candidate(id=1, step=0, origin="search"), seconds=9.0))
    log.append(
        Wrote(candidate=Candidate(id=2, step=0, origin="model"), usage=Usage(1, 0, 10), seconds=1.0)
    )
    talk = JsonlLog(tmp_path / "r2" / "events.jsonl")
    talk.append(Began(run="r2", model="big"))
    talk.append(Replied(text="x", usage=Usage(5, 0, 8), seconds=2.0))
    found = paces(calls.of([log.path, talk.path, tmp_path / "none" / "events.jsonl"]))
    assert [(p.model, p.calls, p.useless) for p in found] == [("small", 2, 1), ("big", 1, 0)]
    assert (found[0].seconds, found[0].worst, found[0].speed) == (2.0, 3.0, 10.0)
    assert "2 calls" in str(spark.latency(found[0].latest, "small"))
    assert spark.latency((1.0,), "one") == ""


def bar(begin: float, end: float) -> Bar:
    return Bar("model", begin, end, "model", "", 0)


def test_pauses_are_shaded_when_nobody_did_anything():
    bars = [bar(0, 10), bar(5, 40), bar(70, 75), bar(76, 90)]
    assert lanes.gaps(bars, 100.0) == [(40, 70), (90, 100.0)]
    assert lanes.gaps([], 10.0) == [(0.0, 10.0)]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/system", "What agents did in the latest ticks"),
        ("/system", "tester, tick 42"),
        ("/system", "no model answers"),
        ("/system", '<b class="bad">tiny 1</b>'),
        ("/system", "Tasks that somebody holds"),
        ("/system", "SAQ&#39;s page|SAQ's page"),
        ("/board", "Cumulative flow"),
        ("/board", "over since"),
        ("/approvals/9", "writer asks you"),
        ("/approvals/9", "Your answer"),
        ("/approvals/7", "whoever has this home"),
        ("/approvals/8", "asked by manager"),
        ("/dashboard", "writer asks"),
    ],
)
def test_a_page_tells_it(client, path, said):
    text = client.get(path).text
    assert any(each in text for each in said.split("|"))


def test_the_pace_of_models_stands_on_the_system_page_and_slow_calls_with_the_credits(client, home):
    log = JsonlLog(home / "runs" / "20261121-140000-slow-0001" / "events.jsonl")
    log.append(Opened(run="slow", task=Task(id="x", text="x"), model="snail-1b"))
    for number in range(3):
        made = Candidate(id=number, step=0, origin="model")
        log.append(Wrote(candidate=made, usage=Usage(1, 0, 50), seconds=25.0))
    assert "snail-1b" in client.get("/system").text
    assert "25 s</a> snail-1b, 50 tokens" in client.get("/credits").text
    assert household.TOKEN not in client.get("/system").text
