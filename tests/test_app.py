"""The verbs that need no repository."""

import hashlib

import pytest

from samovar.app import App, Wish
from samovar.core.errors import SetupError
from samovar.core.event import Done, Opened
from samovar.core.log import JsonlLog
from samovar.core.talk import Began
from samovar.core.task import Task
from samovar.web.shelf import Shelf


def test_the_latest_run_comes_first_whatever_the_runs_are_called(tmp_path):
    names = ["task-00002-1-sell-tea", "20260501-101500-sell-tea-1a2b", "task-00001-3-sell-tea"]
    for name in names:
        JsonlLog(tmp_path / "runs" / name / "events.jsonl").append(Began(run=name, system=""))
    assert [s.run for s in App(tmp_path).runs()] == names[::-1]
    assert [s.run for s in Shelf(App(tmp_path)).lines()] == names[::-1]
    assert App(tmp_path).find() == names[-1]


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.py", "a/../b.py", "~/x", ".git/config"])
async def test_a_file_that_is_no_plain_path_is_refused_before_a_run_begins(tmp_path, path):
    with pytest.raises(SetupError, match="name a file of the repository"):
        await anext(App(tmp_path).start(Wish(text="do", files=("a.py", path))))
    assert not (tmp_path / "runs").exists()


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


OPENED = Opened(run="r", task=Task(id="r", text="t"), branch="samovar/r")


class Place:
    """A workplace that only takes back."""

    def __init__(self, remote):
        self.named = remote

    async def undo(self, branch, _run, _onto="", /):
        return f"deleted {branch}"

    def remote(self):
        return self.named


def test_the_receipt_and_the_difference_keep_the_line_ends_of_the_project(tmp_path):
    JsonlLog(tmp_path / "runs" / "r" / "events.jsonl").append(OPENED)
    data = b"diff --git a/x b/x\n-a\r\n+b\xc3\xa4\r\n"
    (tmp_path / "runs" / "r" / "change.diff").write_bytes(data)
    assert App(tmp_path).diff("r").encode() == data
    assert App(tmp_path).receipt("r").diff == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("act", "remote", "said"),
    [
        ("commit", "forge", []),
        ("push", "forge", ["still at https://f/x: git push forge --delete samovar/r"]),
        ("push", "", ["still at https://f/x: git push REMOTE --delete samovar/r"]),
    ],
)
async def test_who_takes_back_a_run_is_told_what_is_still_at_the_remote(
    tmp_path, act, remote, said
):
    log = JsonlLog(tmp_path / "runs" / "r" / "events.jsonl")
    log.append(OPENED)
    log.append(Done(act=act, key="k", result="https://f/x"))
    told = await App(tmp_path, Place(remote)).undo("r")
    assert told.splitlines() == ["deleted samovar/r", *said]
