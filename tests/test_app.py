"""The verbs that need no repository."""

import hashlib

import msgspec
import pytest

from samovar.app import App, Wish
from samovar.core.errors import SetupError
from samovar.core.event import Closed, Done, Intended, Opened
from samovar.core.log import JsonlLog
from samovar.core.talk import Began
from samovar.core.task import Task
from samovar.flow.receipt import Receipt
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


MADE = Done(act="commit", key="Samovar-Run: r", result="c0ffee" * 6)
ENDED = Closed(outcome="committed on samovar/r", ok=True)


class Place:
    """A workplace that only takes back."""

    def __init__(self, remote="", wrong="", found=""):
        self.named = remote
        self.wrong = wrong
        self.found = found

    async def find(self, _branch, _key, /):
        return self.found

    async def undo(self, branch, _run, _commit, _onto="", /):
        if self.wrong:
            raise SetupError(self.wrong)
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
    for event in (OPENED, MADE, Done(act=act, key="k", result="https://f/x")):
        log.append(event)
    told = await App(tmp_path, Place(remote)).undo("r")
    assert told.splitlines() == ["deleted samovar/r", *said]


def put(tmp_path, *events):
    """Write the log of a run; return it."""
    log = JsonlLog(tmp_path / "runs" / "r" / "events.jsonl")
    for event in events:
        log.append(event)
    return log


async def test_a_run_whose_commit_was_taken_back_says_so_wherever_it_is_read(tmp_path):
    app, log = App(tmp_path, Place()), put(tmp_path, OPENED, MADE, ENDED)
    before = log.path.read_bytes()
    assert await app.undo("r") == "deleted samovar/r"
    assert log.path.read_bytes().startswith(before) and len(log.read()) == 4
    [line] = app.runs()
    taken = "the commit c0ffeec0ffee was taken back"
    assert (line.state, line.outcome) == ("undone", taken)
    facts = app.receipt("r")
    assert (facts.outcome, facts.commit) == (taken, "")
    kept = msgspec.json.decode((tmp_path / "runs/r/receipt.json").read_bytes(), type=Receipt)
    assert kept == facts
    [shown] = Shelf(app).lines()
    assert (shown.state, shown.outcome, shown.committed) == ("undone", taken, False)
    with pytest.raises(SetupError, match=f"no commit of r is there to be taken back: {taken}"):
        await app.undo("r")


@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize(
    ("events", "said"),
    [
        ((MADE, ENDED), "committed on samovar/r"),
        ((MADE, ENDED, msgspec.structs.replace(MADE, act="undo")), "was taken back"),
    ],
)
async def test_a_run_that_ended_well_is_not_gone_on_with(tmp_path, events, said, override):
    log = put(tmp_path, OPENED, *events)
    with pytest.raises(SetupError, match=f"run r is finished: .*{said}"):
        await anext(App(tmp_path, Place()).resume("r", override=override))
    assert len(log.read()) == len(events) + 1


async def test_a_commit_that_git_does_not_give_back_stays_in_the_log(tmp_path):
    log = put(tmp_path, OPENED, MADE, ENDED)
    app = App(tmp_path, Place(wrong="run 'git revert c0ffee'"))
    with pytest.raises(SetupError, match="git revert"):
        await app.undo("r")
    assert app.runs()[0].state == "done" and len(log.read()) == 3
    assert not (tmp_path / "runs/r/receipt.json").exists()


async def test_a_run_without_a_commit_has_nothing_to_be_taken_back(tmp_path):
    put(tmp_path, OPENED, Closed(outcome="not solved: no idea", ok=False, exit_code=1))
    with pytest.raises(SetupError, match=r"no commit of r .*: not solved: no idea"):
        await App(tmp_path, Place()).undo("r")


INTENDED = Intended(act="commit", key=MADE.key)


async def test_a_commit_whose_line_a_crash_took_is_recorded_and_taken_back(tmp_path):
    log = put(tmp_path, OPENED, INTENDED)
    assert await App(tmp_path, Place(found=MADE.result)).undo("r") == "deleted samovar/r"
    assert [e.event for e in log.read()][2:] == [MADE, msgspec.structs.replace(MADE, act="undo")]


async def test_a_commit_that_was_intended_and_not_made_is_not_taken_back(tmp_path):
    log = put(tmp_path, OPENED, INTENDED)
    with pytest.raises(SetupError, match="no commit of r is there"):
        await App(tmp_path, Place()).undo("r")
    assert len(log.read()) == 2
