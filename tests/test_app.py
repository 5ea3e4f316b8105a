"""The verbs that need no repository."""

from samovar.app import App
from samovar.core.log import JsonlLog
from samovar.core.talk import Began
from samovar.web.shelf import Shelf


def test_the_latest_run_comes_first_whatever_the_runs_are_called(tmp_path):
    names = ["task-00002-1-sell-tea", "20260501-101500-sell-tea-1a2b", "task-00001-3-sell-tea"]
    for name in names:
        JsonlLog(tmp_path / "runs" / name / "events.jsonl").append(Began(run=name, system=""))
    assert [s.run for s in App(tmp_path).runs()] == names[::-1]
    assert [s.run for s in Shelf(App(tmp_path)).lines()] == names[::-1]
    assert App(tmp_path).find() == names[-1]


def test_a_damaged_run_stands_where_its_log_was_written_last(tmp_path):
    damaged = tmp_path / "runs" / "damaged" / "events.jsonl"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{\n")
    log = tmp_path / "runs" / "later" / "events.jsonl"
    JsonlLog(log).append(Began(run="later", system=""))
    assert [(s.run, s.state) for s in App(tmp_path).runs()] == [
        ("later", "talk"),
        ("damaged", "damaged"),
    ]
