import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path

import model_server
import msgspec
import pytest

from samovar.app import App, Wish
from samovar.cli.doing import Look, Order, do
from samovar.cli.lines import receipt_lines
from samovar.core.errors import SetupError
from samovar.core.task import Counts
from samovar.flow.receipt import Receipt

from ..sandboxes.test_protected import PROTECTED
from .conftest import BAD, CODE, COMMAND, QUICK, TEST, Samovar, Server, git

TASK = "add() in sums.py subtracts; make the tests pass"


def branches(project: Path) -> list[str]:
    return git(project, "branch", "--list", "samovar/*", "--format=%(refname:short)").split()


def test_a_task_becomes_a_verified_commit_on_a_branch_and_the_tree_is_untouched(
    served: Samovar, project: Path
) -> None:
    (project / "logo.png").write_text("version https://git-lfs.github.com/spec/v1\noid x\n")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "a logo")
    before = git(project, "rev-parse", "HEAD")
    done = served("do", TASK, "--yes")
    assert done.returncode == 0, done.stderr
    assert "not in the copy: Git LFS files, here as pointers: logo.png;" in done.stdout
    assert "verified   project tests: 1 of 1 tests pass" in done.stdout
    [branch] = branches(project)
    assert "a + b" in git(project, "show", f"{branch}:sums.py")
    assert git(project, "rev-parse", "HEAD") == before
    assert git(project, "status", "--porcelain") == ""
    assert (project / "sums.py").read_text() == CODE


def test_without_a_terminal_a_run_waits_and_each_act_needs_its_own_yes(
    served: Samovar, project: Path
) -> None:
    remote = project.parent / "remote.git"
    git(project, "init", "-q", "--bare", str(remote))
    git(project, "remote", "add", "origin", str(remote))
    waits = served("do", TASK, *QUICK, "--push", "--repo", str(project))
    assert waits.returncode == 4
    assert waits.stderr.count("\n") == 1
    assert branches(project) == []
    words = waits.stderr.strip().split("samovar resume ")[1].split()
    assert words[1:] == ["--yes", "--repo", str(project)]
    kept = served("resume", *words)
    assert kept.returncode == 4 and "--push-yes" in kept.stderr
    assert len(branches(project)) == 1 and branches(remote) == []
    pushed = served("resume", "--push-yes", "--repo", str(project))
    assert pushed.returncode == 0, pushed.stderr
    assert branches(remote) == branches(project)
    assert f"undo it    samovar undo {words[0]} --repo {project}\n" in pushed.stdout
    assert f"take it    git -C {project} merge samovar/{words[0]}\n" in pushed.stdout
    assert f", pushed to origin/{branches(project)[0]}" in pushed.stderr + pushed.stdout
    assert served("runs").stdout.split()[3] == "done"
    undone = json.loads(served("undo", words[0], "--json").stdout)
    said = undone["said"].splitlines()
    assert undone["run"] == words[0] and f"deleted samovar/{words[0]}" in said[0]
    assert branches(project) == []
    assert git(project, "notes", "--ref=samovar", "list") == "", "the receipt beside the commit"
    there = f"still at origin/samovar/{words[0]}: git push origin --delete samovar/{words[0]}"
    assert said[1:] == [there] and len(branches(remote)) == 1
    assert served("runs").stdout.split()[3] == "undone"
    shown = served("show", words[0]).stdout
    assert "was taken back" in shown.splitlines()[-1] and "commit     " not in shown
    for verb in ("undo", "resume"):
        again = served(verb, words[0])
        assert again.returncode == 2 and again.stderr.count("\n") == 1
        assert "was taken back" in again.stderr and "go on with" not in again.stderr


def test_what_a_check_leaves_in_its_copy_comes_into_no_commit_and_no_folder(
    served: Samovar, project: Path, environment: dict[str, str]
) -> None:
    """Names that git, shells and editors obey, written where the sandbox lets a check write."""
    plant = "path = pathlib.Path(name); path.parent.mkdir(parents=True, exist_ok=True)"
    lines = ["import pathlib", f"for name in {PROTECTED!r}:", f"    {plant}"]
    (project / "plant.py").write_text("\n".join([*lines, "    path.write_text('stolen')\n"]))
    git(project, "add", ".")
    git(project, "commit", "-qm", "plant")
    done = served("do", TASK, "--test", f"python3 plant.py && {QUICK[1]}", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    [branch] = branches(project)
    assert git(project, "diff", "--name-only", f"main..{branch}") == "sums.py"
    assert git(project, "status", "--porcelain") == ""
    places = [folder / n for n in PROTECTED for folder in (project, Path(environment["HOME"]))]
    assert [p for p in places if p.is_file() and p.read_text() == "stolen"] == []


@pytest.mark.parametrize(
    ("repo", "told"),
    [
        (".", ["git diff a..b", "samovar undo r1"]),
        ("../my shop", ["git -C '../my shop' diff a..b", "samovar undo r1 --repo '../my shop'"]),
    ],
)
def test_a_command_is_told_as_it_works_where_the_person_is(repo: str, told: list[str]) -> None:
    look = Look(repo=Path(repo))
    assert [look.command(c) for c in ("git diff a..b", "samovar undo r1")] == told


def test_a_no_at_the_terminal_keeps_nothing(
    server: Server, project: Path, environment: dict[str, str]
) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"n\n")
    url = server.url
    done = subprocess.run(
        [*COMMAND, "do", TASK, *QUICK],
        cwd=project,
        env=environment | {"SAMOVAR_MODEL_URL": url},
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 1
    assert "Keep this change on branch samovar/" in done.stdout
    assert "the change was not kept" in done.stdout
    assert branches(project) == []


def test_what_proves_nothing_is_never_called_verified(
    served: Samovar, server: Server, project: Path
) -> None:
    server.answer = BAD
    (project / "test_sums.py").write_text(TEST.replace("== 5", "== 5 and add(1, 1) is None"))
    git(project, "commit", "-aqm", "a test that nothing can pass")
    done = served("do", TASK, "--yes", "--calls", "1", SAMOVAR_SEARCH_SECONDS="0.1")
    assert done.returncode == 1
    assert "verified" not in done.stdout and "not solved" in done.stdout
    assert branches(project) == []


def test_with_json_on_a_detached_head_and_a_dirty_tree_only_entries_come_out(
    served: Samovar, project: Path
) -> None:
    git(project, "checkout", "-q", "--detach")
    (project / "notes.txt").write_text("mine")
    done = served("do", TASK, *QUICK, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 1 and "notes.txt" in done.stderr
    assert (project / "notes.txt").read_text() == "mine"
    assert len(branches(project)) == 1
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["seq"] for e in entries] == list(range(len(entries)))
    assert entries[0]["event"]["type"] == "opened" and entries[-1]["event"]["ok"]
    shown = json.loads(served("show", "--json").stdout)
    assert shown["receipt"]["verified"] and len(shown["entries"]) == len(entries)
    assert "+    return a + b" in shown["diff"]


def test_a_run_in_a_linked_worktree_outlives_it(served: Samovar, project: Path) -> None:
    linked = project.parent / "linked"
    git(project, "worktree", "add", "-q", "--detach", str(linked))
    done = served("do", TASK, *QUICK, "--yes", cwd=linked)
    assert done.returncode == 0, done.stderr
    git(project, "worktree", "remove", str(linked))
    assert "verified" in served("show").stdout
    assert "deleted samovar/" in served("undo", branches(project)[0].split("/")[1]).stdout


def test_an_unborn_branch_gets_its_first_commit(served: Samovar, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    task = ("do", "write add(a, b) in sums.py", "--file", "sums.py")
    done = served(*task, "--yes", "--override", cwd=empty)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "sums.py is not there yet" in done.stderr
    assert "an empty repository" in done.stdout and "verified" not in done.stdout
    assert len(branches(empty)) == 1


def test_ctrl_c_stops_the_run_and_says_how_to_go_on(
    server: Server, served: Samovar, project: Path, environment: dict[str, str]
) -> None:
    (project / "test_sums.py").write_text(f"import time\ntime.sleep(4)\n{TEST}")
    git(project, "commit", "-aqm", "slow")
    url = server.url
    running = subprocess.Popen(
        [*COMMAND, "do", TASK, "--yes"],
        cwd=project,
        env=environment | {"SAMOVAR_MODEL_URL": url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    while "testing the project" not in running.stdout.readline():
        pass
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=10)
    assert running.returncode == 130
    assert errors.count("\n") == 1 and "samovar resume" in errors
    listed = served("runs").stdout
    assert listed.split()[3] == "stopped"


def test_ctrl_c_at_the_question_leaves_it_open(
    server: Server, served: Samovar, project: Path, environment: dict[str, str]
) -> None:
    ours, theirs = pty.openpty()
    asking = subprocess.Popen(
        [*COMMAND, "do", TASK, *QUICK],
        cwd=project,
        env=environment | {"SAMOVAR_MODEL_URL": server.url},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert asking.stdout is not None
    shown = b""
    while not shown.endswith(b"[y/N] "):
        piece = os.read(asking.stdout.fileno(), 1000)
        assert piece, shown
        shown += piece
    asking.send_signal(signal.SIGINT)
    _, errors = asking.communicate(timeout=20)
    os.close(ours)
    os.close(theirs)
    assert asking.returncode == 130
    assert errors.count(b"\n") == 1 and b"samovar resume" in errors, errors
    assert branches(project) == []
    assert served("resume", "--yes").returncode == 0
    assert len(branches(project)) == 1


def test_two_runs_at_once_in_one_repository_do_not_meet(
    server: Server, project: Path, environment: dict[str, str]
) -> None:
    running = [
        subprocess.Popen(
            [*COMMAND, "do", f"{TASK}, {number}", *QUICK, "--yes"],
            cwd=project,
            env=environment | {"SAMOVAR_MODEL_URL": server.url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2)
    ]
    for child in running:
        told, errors = child.communicate(timeout=60)
        assert child.returncode == 0, told + errors
    made = branches(project)
    assert len(made) == 2
    for branch in made:
        assert git(project, "rev-list", "--count", f"main..{branch}") == "1"
        assert "a + b" in git(project, "show", f"{branch}:sums.py")
    assert (project / "sums.py").read_text() == CODE
    assert git(project, "status", "--porcelain") == ""


def test_a_finished_run_is_not_offered_to_be_gone_on_with(served: Samovar) -> None:
    assert served("do", TASK, "--yes").returncode == 0
    again = served("resume")
    assert again.returncode == 2 and "is finished" in again.stderr
    assert "go on with" not in again.stderr


def test_files_are_named_from_where_the_caller_is(served: Samovar, project: Path) -> None:
    (project / "sub").mkdir()
    done = served("do", TASK, *QUICK, "--file", "../sums.py", "--yes", cwd=project / "sub")
    assert done.returncode == 0, done.stderr
    assert "a + b" in git(project, "show", f"{branches(project)[0]}:sums.py")


async def test_a_new_file_lies_where_the_caller_is_and_the_top_is_known_everywhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "sub").mkdir()
    (project / "link.py").symlink_to("sums.py")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(project.parent))
    files = ("new.py", "sums.py", "./../test_sums.py", str(project / "sums.py"), "../link.py")
    wanted = ("sub/new.py", "sums.py", "test_sums.py", "sums.py", "sums.py")
    for place, repo in ((project / "sub", "."), (project / "sub", ".."), ("/", project / "sub")):
        monkeypatch.chdir(place)
        seen: list[Wish] = []
        monkeypatch.setattr(App, "_task", lambda _app, wish, seen=seen: _stop(seen, wish))
        with pytest.raises(SetupError, match="stop here"):
            await do(Order(text=TASK, files=files), Look(repo=Path(repo), plain=True))
        assert seen[0].files == wanted


def _stop(seen: list[Wish], wish: Wish) -> None:
    seen.append(wish)
    raise SetupError("stop here")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *(("/etc/passwd", "outside"), ("../elsewhere.py", "outside"), ("../../new.py", "outside")),
        *(("away.py", "outside"), ("far/new.py", "outside"), ("sub", "folder"), ("", "folder")),
        (".git/config", "belongs to git"),
    ],
)
async def test_a_file_that_is_none_of_the_repository_is_refused_before_a_model_is_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    (project / "sub").mkdir()
    (project.parent / "elsewhere.py").write_text(CODE)
    (project / "away.py").symlink_to("/etc/hosts")
    (project / "far").symlink_to(project.parent)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(project.parent))
    monkeypatch.setenv("SAMOVAR_MODEL_URL", "http://127.0.0.1:9/v1")
    monkeypatch.chdir(project)
    with pytest.raises(SetupError, match=said):
        await do(Order(text=TASK, files=(name,)), Look(plain=True))


def test_a_configured_server_that_is_away_is_named_by_its_address(samovar: Samovar) -> None:
    done = samovar("do", TASK, SAMOVAR_MODEL_URL="http://127.0.0.1:9/v1")
    assert done.returncode == 3, done.stderr
    assert "no model answers at http://127.0.0.1:9/v1" in done.stderr


def test_a_receipt_counts_no_tests_after_a_change_that_was_not_kept(
    served: Samovar, project: Path
) -> None:
    assert served("do", TASK, "--yes").returncode == 0
    facts = msgspec.json.decode(served("show", "--json").stdout)["receipt"]
    kept = msgspec.convert(facts, Receipt)
    lost = msgspec.structs.replace(kept, after=Counts())
    (shown,) = [line.text for line in receipt_lines(lost) if line.text.startswith("tests")]
    assert "before: " in shown and "after" not in shown


def test_a_server_that_dies_in_the_midst_is_said_and_the_run_goes_on_later(
    samovar: Samovar, server: Server, project: Path
) -> None:
    asked: list[object] = []

    def dies(question: object) -> str:
        asked.append(question)
        if len(asked) > 1:
            raise ConnectionResetError("gone")
        return BAD

    words = ("do", TASK, "--yes", *QUICK)
    with model_server.serving(dies) as url:
        done = samovar(*words, SAMOVAR_MODEL_URL=url)
    assert done.returncode == 3 and "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    run = re.search(r"samovar resume (\S+?)['.,]?(\s|$)", last)
    assert "the run is kept" in last and run, done.stderr
    again = samovar("resume", run[1], "--yes", SAMOVAR_MODEL_URL=server.url)
    assert again.returncode == 0, again.stderr
    assert len(branches(project)) == 1
