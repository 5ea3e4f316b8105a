"""`samovar worker` from the outside: a team, a task, a worker process, a signal."""

import json
import random
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from .conftest import COMMAND, without_tools

PROSE = "Steam rises slowly."


@pytest.fixture
def home(served, server, tmp_path):
    server.answer = PROSE
    made = served("bootstrap", str(tmp_path / "team"))
    assert made.returncode == 0, made.stderr
    return tmp_path / "team"


def listed(served, home: Path) -> dict[int, dict]:
    told = served("queue", "list", "--all", "--json", "--home", str(home))
    assert told.returncode == 0, told.stderr
    return {job["id"]: job for job in json.loads(told.stdout)}


def wait_for(claim, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.3)


@pytest.fixture
def worker(environment, server, home):
    started: list[subprocess.Popen[str]] = []
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"

    def start(*words: str, command: str = "worker") -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [*COMMAND, command, "--home", str(home), *words],
            env=environment | {"SAMOVAR_MODEL_URL": url},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stderr.close()


def test_a_person_reads_what_a_team_does_and_did_where_there_is_no_repository(served, server, home):
    without_tools(home, "writer")
    line = "write a line about steam"
    assert served("queue", "add", line, "--agent", "writer", cwd=home).returncode == 0
    ran = served("run", "--ticks", "2", cwd=home)
    assert ran.returncode == 0, ran.stderr
    assert "tick 1: 1 turn in" in ran.stderr and f"#1 done: {PROSE}" in ran.stderr
    [listed] = served("runs", cwd=home).stdout.splitlines()
    run = listed.split()[0]
    task = served("queue", "show", "1", cwd=home).stdout
    assert f"result     {PROSE}" in task and f"samovar show {run}" in task
    for words in (("show", run), ("show",)):
        told = served(*words, cwd=home)
        assert told.returncode == 0, told.stderr
        assert (
            line in told.stdout and PROSE in told.stdout and "samovar queue show 1" in told.stdout
        )
    assert served("show", run, "--diff", cwd=home).stdout == ""
    assert "not in a git repository" in served("runs", cwd=home.parent).stderr


def test_a_worker_does_a_task_and_stops_at_a_signal(served, home, worker):
    without_tools(home, "writer")
    added = served("queue", "add", "write a line about steam", "--agent", "writer",
                   "--home", str(home))  # fmt: skip
    assert added.returncode == 0, added.stderr
    child = worker("--agent", "writer")

    def done() -> bool:
        (job,) = listed(served, home).values()
        assert job["state"] in ("ready", "running", "done") and not job.get("reason"), job
        return job["state"] == "done"

    wait_for(done)
    (job,) = listed(served, home).values()
    assert (job["state"], job["result"], job["attempts"]) == ("done", PROSE, 1)
    child.terminate()
    assert child.wait(5) == 0
    assert "working on the tasks of writer" in child.stderr.read()


def test_a_worker_in_an_empty_folder_gets_the_files_by_the_database(
    served, home, worker, environment, tmp_path
):
    url = f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}"
    shared = {"SAMOVAR_DATABASE_URL": url, "SAMOVAR_CARRY_MEGABYTES": "8"}
    (home / ".env").write_text("".join(f"{k}={v}\n" for k, v in shared.items()))
    without_tools(home, "writer")
    added = served("queue", "add", "write a line about steam", "--agent", "writer",
                   "--home", str(home))  # fmt: skip
    assert added.returncode == 0, added.stderr
    environment |= shared
    empty = tmp_path / "elsewhere" / "empty"
    worker("--home", str(empty), "--agent", "writer")

    def state() -> str:
        # A look at the file costs less than a command.
        with closing(sqlite3.connect(tmp_path / "shared.db")) as base:
            found, reason = base.execute("SELECT state, reason FROM tasks").fetchone()
        assert found in ("ready", "running", "done") and not reason, reason
        return found

    wait_for(lambda: state() == "running")
    assert not (empty / "agents").exists()
    worker(command="run")
    wait_for(lambda: state() == "done")
    said = [json.loads(p.read_bytes()) for p in (home / "agents/writer/outbox").glob("*.json")]
    assert [(e["kind"], e["text"].splitlines()[-1]) for e in said] == [("report", PROSE)]
    wait_for(lambda: not list((empty / "away").iterdir()))


LONG = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.mark.parametrize(
    ("command", "times"),
    [
        ("run", 2),
        ("worker", 2),
        pytest.param("run", 25, marks=LONG),
        pytest.param("worker", 25, marks=LONG),
    ],
)
def test_sigterm_while_a_model_is_silent_ends_it_in_time_and_the_task_is_done_later_once(
    served, home, server, worker, command, times
):
    """Row D10: each stop falls into a task whose model does not answer."""
    without_tools(home, "writer")
    added = served("queue", "add", "write a line about steam", "--agent", "writer",
                   "--home", str(home))  # fmt: skip
    assert added.returncode == 0, added.stderr
    asked, silent, dice = threading.Event(), threading.Event(), random.Random(times)

    def say(_asked: object) -> str:
        asked.set()
        silent.wait()
        return PROSE

    server.say = say
    longest = 0.0
    for _ in range(times):
        asked.clear()
        child = worker(command=command)
        assert asked.wait(40), "the model was not asked"
        time.sleep(dice.uniform(0, 0.5))
        assert state_of(home)[0] == "running"
        begin = time.monotonic()
        child.terminate()
        assert child.wait(20) == 0
        longest = max(longest, time.monotonic() - begin)
        assert state_of(home) == ("ready", 0), "put back, and no attempt lost"
    silent.set()
    worker(command=command)
    wait_for(lambda: state_of(home) == ("done", 1))
    said = [json.loads(p.read_bytes()) for p in (home / "agents/writer/outbox").glob("*.json")]
    assert [(e["kind"], e["text"].splitlines()[-1]) for e in said] == [("report", PROSE)]
    # Two stops on a busy machine prove no promise about time; twenty-five do.
    assert times < 25 or longest <= 5


def state_of(home: Path) -> tuple[str, int]:
    """Return the state and the attempts of the only task; a look costs less than a command."""
    with closing(sqlite3.connect(home / "samovar.db")) as base:
        [row] = base.execute("SELECT state, attempts FROM tasks")
    return row


def test_a_worker_for_nobody_names_who_there_is(served, home):
    told = served("worker", "--home", str(home), "--agent", "nobody")
    assert told.returncode == 2
    assert "no agent is called nobody; there are:" in told.stderr and "writer" in told.stderr


def test_a_worker_without_a_home_says_how_to_make_one(samovar, tmp_path):
    told = samovar("worker", cwd=tmp_path)
    assert told.returncode == 2 and "samovar bootstrap" in told.stderr
