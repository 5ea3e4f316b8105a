"""The commands of a team, as a person types them."""

import asyncio
import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from samovar.core.errors import SetupError
from samovar.org.engine import Engine

from .conftest import COMMAND, Samovar, git, ok

TASK = "add() in sums.py subtracts; make the tests pass"


def test_a_team_works_out_of_the_box(quick: Samovar, project: Path) -> None:
    assert "made       1" in ok(quick("bootstrap"))
    assert "nothing" in ok(quick("bootstrap"))
    assert git(project, "status", "--porcelain") == "", "git does not see the home"
    ok(quick("validate"))
    [job] = json.loads(ok(quick("queue", "add", TASK, "--agent", "developer", "--json")))
    assert (job["agent"], job["state"]) == ("developer", "ready")
    ticked = quick("run-once", "--json")
    assert json.loads(ok(ticked))["turns"] == {"developer": "work"}, ticked
    assert ticked.stderr == ""
    [done] = json.loads(ok(quick("queue", "list", "--all", "--json")))
    assert done["state"] == "done", done
    branch = git(project, "branch", "--list", "samovar/*", "--format=%(refname:short)")
    assert "a + b" in git(project, "show", f"{branch}:sums.py")
    assert branch in done["result"]
    assert "work" in ok(quick("logs", "developer"))
    shown = json.loads(ok(quick("inspect", "developer", "--json")))
    assert shown["messages"][0]["entry"]["kind"] == "report"
    assert shown["messages"][0]["entry"]["run"] == branch.removeprefix("samovar/")
    accounts = {r["agent"]: r for r in json.loads(ok(quick("credits", "--json")))}
    spent = {name: (r["spent"], r["today"]) for name, r in accounts.items()}
    assert spent["developer"][0] > 0 and spent["writer"] == (0, 0)
    assert spent["developer"][0] == spent["developer"][1], "all of it today"
    took = json.loads(ok(quick("credits", "--by", "task", "--json")))
    assert took == [{"task": 1, "spent": spent["developer"][0]}]
    [model] = json.loads(ok(quick("credits", "--by", "model", "--json")))
    assert model["model"] and model["spent"] == spent["developer"][0]
    assert ok(quick("credits", "--by", "task")).startswith("#1 ")
    assert ok(quick("credits", "--by", "model")).startswith(model["model"])
    assert json.loads(ok(quick("status", "--json")))["jobs"] == {"done": 1}
    history = project / ".samovar" / "history.git"
    assert "agents/developer/outbox/" in git(history, "show", "--name-only", "--format=%s")
    assert git(project, "status", "--porcelain") == "", "git sees neither the home nor its history"


def test_a_home_may_have_no_history(quick: Samovar, project: Path) -> None:
    ok(quick("bootstrap", "--no-git"))
    assert not (project / ".samovar" / "history.git").exists()
    ok(quick("bootstrap"))
    assert (project / ".samovar" / "history.git" / "HEAD").exists(), "begun later"


def test_a_home_that_a_repository_holds_does_not_disturb_it(quick: Samovar, project: Path) -> None:
    home = project / "team"
    ok(quick("bootstrap", str(home)))
    git(project, "add", ".")
    held = git(project, "ls-files", "team").split()
    assert "team/agents/writer/resume.json" in held
    assert not [name for name in held if "history.git" in name]


def test_the_top_of_a_project_is_no_home_whatever_its_packages_are_called(
    quick: Samovar, project: Path
) -> None:
    (project / "agents").mkdir()
    (project / "agents" / "__init__.py").write_text("")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "a package")
    (project / "staged.txt").write_text("not yet")
    git(project, "add", "staged.txt")
    assert "nothing" not in ok(quick("bootstrap", "."))
    assert "nothing" in ok(quick("bootstrap"))
    assert json.loads(ok(quick("status", "--json")))["home"] == str(project / ".samovar")
    ok(quick("send", "writer", "hello"))
    ok(quick("run-once"))
    assert git(project, "log", "--format=%s").split("\n") == ["a package", "start"]
    assert git(project, "status", "--porcelain") == "A  staged.txt"
    kept = git(project / ".samovar" / "history.git", "log", "--format=%s")
    assert kept == "tick 1"


def test_a_home_within_a_project_that_works_elsewhere_is_hidden_too(
    quick: Samovar, project: Path, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q", "other")
    ok(quick("bootstrap", "--repo", str(tmp_path / "other")))
    assert git(project, "status", "--porcelain") == ""


def test_people_arrange_the_queue(quick: Samovar) -> None:
    ok(quick("bootstrap"))
    for text in ("one", "two", "three"):
        ok(quick("queue", "add", text))
    ok(quick("queue", "reorder", "3", "1"))
    ok(quick("queue", "move", "2", "writer"))
    ok(quick("queue", "edit", "3", "the third, said better"))
    ok(quick("queue", "cancel", "1", "--note", "not needed"))
    jobs = json.loads(ok(quick("queue", "list", "--json")))
    assert [(j["id"], j["agent"]) for j in jobs] == [(3, "manager"), (2, "writer")]
    assert jobs[0]["text"] == "the third, said better"
    listed = ok(quick("queue", "list", "--agent", "writer"))
    assert "#2" in listed and listed.rstrip().endswith(f"[{jobs[1]['created_by'][7:]}]")
    wrong = quick("queue", "move", "2", "nobody")
    assert wrong.returncode == 2 and "there are: " in wrong.stderr
    assert quick("queue", "cancel", "99").returncode == 2


def test_messages_credits_and_new_agents(quick: Samovar, project: Path) -> None:
    assert "repository none" not in ok(quick("bootstrap"))
    assert "writer                         1,000 left" in ok(quick("credits")), "granted at once"
    sent = ok(quick("send", "writer", "hello"))
    assert "sent as person:" in sent and "no engine runs: samovar run-once" in sent
    assert json.loads(ok(quick("run-once", "--json")))["turns"] == {"writer": "nothing"}
    assert "nothing to do" in ok(quick("run-once"))
    before = {r["agent"]: r["left"] for r in json.loads(ok(quick("credits", "--json")))}
    assert "credits" in ok(quick("credits", "add", "writer", "0.5"))
    after = {r["agent"]: r["left"] for r in json.loads(ok(quick("credits", "--json")))}
    assert after["writer"] - before["writer"] == 500_000
    assert quick("credits", "add", "writer", "much").returncode == 2
    taken = quick("credits", "add", "writer", "-1")
    assert taken.returncode == 2 and "between 0 and" in taken.stderr
    left = json.loads(ok(quick("credits", "take", "writer", "0.25", "--json")))
    assert left == {"agent": "writer", "left": after["writer"] - 250_000}
    more = quick("credits", "take", "writer", "2000")
    assert more.returncode == 2 and "cannot be taken: take less" in more.stderr, "nothing waits"
    assert "writer may spend 2.5 credits a day" in ok(quick("credits", "limit", "writer", "2.5"))
    rows = {r["agent"]: r["per_day"] for r in json.loads(ok(quick("credits", "--json")))}
    assert (rows["writer"], rows["tester"]) == (2_500_000, 200_000_000)
    assert "today of 2.5\n" in ok(quick("credits"))
    prices = project / ".samovar" / "credits.json"
    assert json.loads(prices.read_text())["agents"]["writer"]["per_day"] == 2.5
    lifted = ok(quick("credits", "limit", "writer", "none", "--json"))
    assert json.loads(lifted) == {"agent": "writer", "per_day": None}
    assert "per_day" not in json.loads(prices.read_text())["agents"]["writer"]
    rows = {r["agent"]: r["per_day"] for r in json.loads(ok(quick("credits", "--json")))}
    assert rows["writer"] is None
    assert quick("credits", "limit", "writer", "much").returncode == 2
    ok(quick("agent", "new", "poet"))
    assert "reads      manager" in ok(quick("inspect", "poet"))
    path = project / ".samovar" / "agents" / "poet" / "resume.json"
    path.write_text(path.read_text().replace('"text"', '"verse"'))
    wrong = quick("validate")
    assert wrong.returncode == 2
    assert "agents/poet/resume.json: craft is wrong" in wrong.stdout
    assert "1 broken" in ok(quick("status"))
    assert "nothing waits" in ok(quick("approve"))
    assert quick("refuse", "1").returncode == 2


def test_a_branch_is_pushed_where_that_was_asked_for_and_a_person_says_yes(
    quick: Samovar, project: Path, tmp_path: Path
) -> None:
    forge = tmp_path / "forge.git"
    git(tmp_path, "init", "-q", "--bare", str(forge))
    git(project, "remote", "add", "origin", str(forge))
    ok(quick("bootstrap"))
    refused = quick("queue", "add", TASK, "--push")
    assert refused.returncode == 2 and "manager pushes nothing" in refused.stderr
    ok(quick("queue", "add", TASK, "--push", "--agent", "developer"))
    assert quick("run-once").returncode == 4
    [asked] = json.loads(ok(quick("approve", "--json")))
    assert (asked["agent"], asked["act"], asked["task"]) == ("developer", "push", 1)
    assert git(forge, "branch") == ""
    ok(quick("approve", str(asked["id"])))
    ok(quick("run-once"))
    [done] = json.loads(ok(quick("queue", "list", "--all", "--json")))
    assert done["state"] == "done" and "pushed to origin/samovar/" in done["result"], done
    branch = git(forge, "branch", "--format=%(refname:short)")
    assert "a + b" in git(forge, "show", f"{branch}:sums.py")


def test_a_repository_in_which_nobody_can_work_is_a_warning(quick: Samovar, project: Path) -> None:
    ok(quick("bootstrap"))
    path = project / ".samovar" / "agents" / "tester" / "resume.json"
    resume = json.loads(path.read_bytes())
    places = ["..", "~nobody-here/x", str(project.parent), "no\0where"]
    resume["permissions"]["repositories"] = places
    path.write_text(json.dumps(resume))
    found = json.loads(ok(quick("validate", "--json")))
    named = [p for p in found if p["field"] == "permissions.repositories"]
    assert {(p["agent"], p["weight"]) for p in named} == {("tester", "warning")}
    assert [p["wrong"].split('"')[1] for p in named] == places[1:]
    assert "is not in a git repository" in named[1]["fix"]


def test_one_model_for_both_reviewers_is_a_warning_and_a_line_of_the_doctor(
    quick: Samovar, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(quick("bootstrap", "--no-git"))
    assert "two models see more" not in ok(quick("validate"))
    monkeypatch.setenv("SAMOVAR_FETCH", "false")
    [told] = json.loads(ok(quick("validate", "--json")))
    assert (told["agent"], told["field"], told["weight"]) == ("second_reviewer", "model", "warning")
    assert "as for reviewer, who does the same" in told["wrong"]
    rows = json.loads(quick("doctor", "--json").stdout)
    [row] = [r for r in rows if r["name"] == "team"]
    assert row["text"].startswith('second_reviewer: its model is "qwen2.5-coder-0.5b", but ')
    assert not row["ok"] and "samovar model list" in row["fix"]


def test_the_schema_is_printed(samovar: Samovar) -> None:
    assert json.loads(ok(samovar("validate", "--schema")))["title"] == "Samovar resume"


def test_without_a_team_one_line_says_how_to_make_one(quick: Samovar) -> None:
    for words in (["status"], ["run-once"], ["validate"], ["queue", "list"], ["logs", "x"]):
        done = quick(*words)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        assert "samovar bootstrap" in done.stderr


def test_a_home_of_its_own_with_history(samovar: Samovar, tmp_path: Path, project: Path) -> None:
    home = tmp_path / "org"
    assert "history.git" in ok(samovar("bootstrap", str(home), "--repo", str(project), "--json"))
    assert "history.git" not in ok(samovar("bootstrap", str(home), "--json")), "it is there already"
    resume = json.loads((home / "agents" / "developer" / "resume.json").read_text())
    assert resume["permissions"]["repositories"] == [str(project)]
    ok(samovar("send", "writer", "x", "--home", str(home)))
    failed = samovar("run-once", "--home", str(home))
    assert failed.returncode == 3, "no model can be reached"
    assert "tick 1" in git(home / "history.git", "log", "--format=%s")
    kept = git(home / "history.git", "ls-tree", "-r", "--name-only", "HEAD").split()
    assert "agents/writer/resume.json" in kept and "credits.json" in kept
    assert any(name.startswith("people/outbox/") for name in kept)
    assert not [name for name in kept if ".db" in name or "logs/" in name or "state.json" in name]


def test_an_engine_stops_cleanly_and_a_second_one_is_refused(
    team: Samovar, project: Path, environment: dict[str, str]
) -> None:
    ok(team("bootstrap"))
    began = [*COMMAND, "run", "--pace", "0.05"]
    with subprocess.Popen(began, cwd=project, env=environment, stderr=subprocess.PIPE) as engine:
        home = project / ".samovar"
        for _ in range(200):
            if (home / "tick.json").exists():
                break
            time.sleep(0.1)
        second = team("run-once")
        assert second.returncode == 2 and str(engine.pid) in second.stderr
        assert json.loads(ok(team("status", "--json")))["engine"] == engine.pid
        engine.send_signal(signal.SIGTERM)
        assert engine.wait(timeout=5) == 0
    assert json.loads(ok(team("status", "--json"))).get("engine", 0) == 0


def test_some_ticks_are_told_line_by_line_and_end_as_their_tasks_did(
    quick: Samovar, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(quick("bootstrap"))
    ok(quick("queue", "add", TASK, "--agent", "developer"))
    began, *ticks = map(json.loads, ok(quick("run", "--ticks", "1", "--json")).splitlines())
    assert began["event"] == "working" and began["home"].endswith(".samovar")
    assert {t["event"] for t in ticks} == {"tick"}
    assert ticks[-1]["codes"] == {"developer": 0, "#1": 0}
    ok(quick("send", "writer", "hello"))
    monkeypatch.setenv("SAMOVAR_MODEL_URL", "http://127.0.0.1:9/v1")
    silent = quick("run", "--ticks", "1", "--json")
    assert silent.returncode == 3
    assert json.loads(silent.stdout.splitlines()[-1])["codes"]["writer"] == 3


def test_a_model_nobody_knows_stops_its_agent_alone_and_is_named_in_one_line(
    quick: Samovar, project: Path
) -> None:
    ok(quick("bootstrap"))
    path = project / ".samovar" / "agents" / "writer" / "resume.json"
    unknown = {"model": "no-such-model", "fallback_models": []}
    path.write_text(json.dumps(json.loads(path.read_bytes()) | unknown))
    ok(quick("send", "all", "hello"))
    done = quick("run-once", "--json")
    ticked = json.loads(done.stdout)
    assert list(ticked["failed"]) == ["writer"] and done.returncode == 1, done
    assert "no model called 'no-such-model' answers" in ticked["failed"]["writer"]
    assert "\n" not in ticked["failed"]["writer"]
    assert {"manager", "tester"} <= ticked["turns"].keys()
    assert "no-such-model" in ok(quick("logs", "writer"))
    alert = json.loads(ok(quick("inspect", "writer", "--json")))["messages"][0]["entry"]
    assert alert["kind"] == "alert" and "no-such-model" in alert["text"]


def test_a_log_can_be_followed(team: Samovar, project: Path, environment: dict[str, str]) -> None:
    ok(team("bootstrap"))
    began = [*COMMAND, "logs", "writer", "--follow"]
    with subprocess.Popen(
        began, cwd=project, env=environment, stdout=subprocess.PIPE, text=True
    ) as following:
        time.sleep(1)
        ok(team("send", "writer", "hello"))
        ok(team("run-once"))
        assert following.stdout is not None
        assert "nothing" in following.stdout.readline()
        following.send_signal(signal.SIGINT)
        following.wait(timeout=20)


def test_up_serves_works_and_ends_cleanly(
    team: Samovar, project: Path, environment: dict[str, str]
) -> None:
    ok(team("bootstrap"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = [*COMMAND, "up", "--port", str(port), "--pace", "0.05", "--json"]
    environment |= {"SAMOVAR_LOG": "info"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(began, cwd=project, env=environment, text=True, **pipes) as up:
        assert up.stdout is not None and up.stderr is not None
        told = json.loads(up.stdout.readline())
        assert told["event"] == "serving"
        assert told["url"].startswith(f"http://127.0.0.1:{port}/login")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status")
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
        assert json.loads(ok(team("status", "--json")))["engine"] == up.pid
        up.send_signal(signal.SIGTERM)
        assert up.wait(timeout=5) == 0
        logged = [json.loads(line) for line in up.stderr]
        assert [(r["path"], r["status"]) for r in logged if r["event"] == "web.request"] == [
            ("/health", 200)
        ]


def test_serve_shows_the_runs_of_a_repository_without_a_team(
    project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = [*COMMAND, "serve", "--port", str(port), "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(began, cwd=project, env=environment, text=True, **pipes) as serving:
        assert serving.stdout is not None
        assert json.loads(serving.stdout.readline())["event"] == "serving"
        token = (project / ".samovar" / "web.token").read_text().strip()
        with_token = {"Authorization": f"Bearer {token}"}

        def page(path: str) -> str:
            asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=with_token)
            with urllib.request.urlopen(asked) as answer:
                return str(answer.read().decode())

        assert json.loads(page("/api/status"))["runs"] == {}
        assert "What should be done?" in page("/dashboard")
        assert "This home has no team" in page("/dashboard")
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(timeout=20) == 0
    listed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=project, capture_output=True, text=True, check=True
    )
    assert ".samovar" not in listed.stdout, "nor is its token among the project's files"
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    refused = subprocess.run(
        [*COMMAND, "serve"], cwd=nowhere, env=environment, capture_output=True, text=True
    )
    assert refused.returncode == 2 and "there is no team" in refused.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SetupError("the disk is full"), "samovar: the disk is full"),
        (KeyError("x"), "samovar: a mistake in samovar: KeyError('x')"),
    ],
)
def test_up_ends_with_its_engine_and_says_why(
    quick: Samovar, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    async def broken(*_: object, **__: object) -> None:
        await asyncio.sleep(0.1)
        raise error

    ok(quick("bootstrap"))
    monkeypatch.setattr(Engine, "run", broken)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = quick("up", "--port", str(port))
    assert done.returncode == getattr(error, "exit_code", 1)
    assert done.stderr.splitlines()[-1] == said
