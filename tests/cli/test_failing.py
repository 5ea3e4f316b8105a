import json
import os
import resource
import shlex
import subprocess
import venv
from pathlib import Path

import pytest

from .conftest import COMMAND, Samovar, Server

RUN = (
    '{"seq":0,"at":"2026-01-02T03:04:05Z",'
    '"event":{"type":"opened","run":"r","task":{"id":"r","text":"a task"}}}\n'
)


def one_line(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, (done.stdout, done.stderr)
    assert done.stderr.count("\n") == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def test_no_repository_is_said_in_one_line(served: Samovar, tmp_path: Path) -> None:
    one_line(served("do", "x", cwd=tmp_path), 2, "git")


def test_an_empty_task_is_said_in_one_line(served: Samovar, project: Path) -> None:
    one_line(served("do", "  "), 2, "empty")
    assert not (project / ".samovar" / "runs").exists()


def test_a_task_of_a_megabyte_is_said_in_one_line(served: Samovar) -> None:
    one_line(served("do", "-", stdin="x" * 1_000_000), 2, "1000000", "--file")


@pytest.mark.parametrize("verb", ["show", "resume", "undo"])
def test_an_unknown_run_is_said_in_one_line(samovar: Samovar, verb: str) -> None:
    one_line(samovar(verb, "nothing"), 2, "samovar")


def test_no_model_and_no_network_is_said_in_one_line(samovar: Samovar, project: Path) -> None:
    done = samovar("do", "x")
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("\n") == 1 and "samovar model pull" in done.stderr
    assert not (project / ".samovar" / "runs").exists()


def test_a_server_that_is_gone_is_said_in_one_line(samovar: Samovar) -> None:
    done = samovar("do", "x", SAMOVAR_MODEL_URL="http://127.0.0.1:9/v1", SAMOVAR_MODEL="m")
    assert done.returncode == 3
    assert "http://127.0.0.1:9" in done.stderr and "Traceback" not in done.stderr


def test_an_environment_without_pytest_is_said_before_a_model_is_asked(
    served: Samovar, server: Server, project: Path
) -> None:
    server.answers = ("asked",)
    venv.create(project / ".venv", symlinks=True)
    done = served("do", "add is wrong", "--yes")
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert f"{project}/.venv/bin/python -m pip install pytest" in done.stderr
    assert "samovar resume" in done.stderr
    assert server.answers == ("asked",)


def test_a_wrong_option_is_usage(samovar: Samovar) -> None:
    assert samovar("do", "x", "--nonsense").returncode == 2
    assert samovar("runs", "--repo", "/nowhere").returncode == 2


def test_the_version_and_the_welcome(samovar: Samovar) -> None:
    assert samovar("--version").stdout.startswith("samovar 0.")
    welcome = samovar().stdout
    assert all(word in welcome for word in ("samovar do", "samovar show", "samovar doctor"))


def test_the_doctor_says_what_is_there_as_json_too(served: Samovar) -> None:
    done = served("doctor", "--json")
    assert done.returncode == 0, done.stdout
    assert '"name":"sandbox","ok":true' in done.stdout and '"scripted' in done.stdout


@pytest.fixture
def confined_by_nothing(project: Path, environment: dict[str, str], server: Server) -> Samovar:
    """Return the command on a host that lets nobody make namespaces."""

    def run(*words: str, **_: object) -> subprocess.CompletedProcess[str]:
        line = (
            f"echo 0 > /proc/sys/user/max_user_namespaces && exec {shlex.join([*COMMAND, *words])}"
        )
        done = subprocess.run(
            ["unshare", "-Ur", "sh", "-c", line],
            cwd=project,
            env=environment | {"SAMOVAR_MODEL_URL": server.url},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if "unshare:" in done.stderr or "max_user_namespaces:" in done.stderr:
            pytest.skip("this host does not let itself be broken so")
        return done

    return run


def test_without_a_sandbox_nothing_runs_and_the_exit_code_is_5(
    confined_by_nothing: Samovar, server: Server, project: Path
) -> None:
    server.answers = ("asked",)
    mark = project / "ran"
    done = confined_by_nothing("do", "add is wrong", "--test", f"touch {mark}", "--yes")
    one_line(done, 5, "samovar: ")
    assert server.answers == ("asked",) and not mark.exists()
    assert not (project / ".samovar" / "runs").exists()
    told = confined_by_nothing("doctor", "--json")
    assert told.returncode == 5, told.stderr
    [row] = [row for row in json.loads(told.stdout) if row["name"] == "sandbox"]
    assert not row["ok"] and row["text"].startswith("none: ")


def test_a_configured_server_that_is_away_is_not_called_good(samovar: Samovar) -> None:
    away = {"SAMOVAR_MODEL_URL": "http://127.0.0.1:9/v1", "SAMOVAR_MODEL": "qwen2.5-coder:7b"}
    done = samovar("doctor", **away)
    assert done.returncode == 3, done.stdout
    assert "no  model      qwen2.5-coder:7b at http://127.0.0.1:9/v1: no answer" in done.stdout
    listed = samovar("model", "list", **away).stdout
    (row,) = [line for line in listed.splitlines() if line.startswith("env ")]
    assert row.endswith("no answer")


def test_the_doctor_reads_the_settings_of_the_repository_in_its_subfolders(
    samovar: Samovar, server: Server, project: Path
) -> None:
    (project / ".samovar").mkdir()
    table = f'[[models]]\nname = "near"\nurl = "{server.url}"\n'
    (project / ".samovar" / "samovar.toml").write_text(table)
    (project / "src").mkdir()
    done = samovar("doctor", cwd=project / "src")
    assert "ok  model      scripted at" in done.stdout and "(called near)" in done.stdout


def test_models_are_listed(served: Samovar) -> None:
    done = served("model", "list")
    assert done.returncode == 0 and "qwen2.5-coder-1.5b" in done.stdout and "env" in done.stdout


def test_a_reader_that_goes_away_leaves_no_traceback(
    project: Path, environment: dict[str, str]
) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, "runs"], cwd=project, env=environment, stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert done.stderr == b""


def cheapest(times: int, run: Samovar, *words: str) -> float:
    """Return the processor seconds of the cheapest run; wall time is for a machine at rest."""
    best = 60.0
    for _ in range(times):
        began = spent()
        assert run(*words).returncode == 0
        best = min(best, spent() - began)
    return best


def spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_costs_little(samovar: Samovar) -> None:
    assert cheapest(7, samovar, "--help") < 0.2


def test_a_thousand_runs_are_listed_cheaply(samovar: Samovar, project: Path) -> None:
    for number in range(1000):
        folder = project / ".samovar" / "runs" / f"20260102-{number:06d}-a-task"
        folder.mkdir(parents=True)
        (folder / "events.jsonl").write_text(RUN)
    assert samovar("runs").stdout.count("\n") == 1000
    assert cheapest(7, samovar, "runs") < 0.5


def test_weights_are_not_fetched_against_a_person_s_word(samovar: Samovar) -> None:
    """Only where no server answers on a well-known port does it come to that."""
    done = samovar("do", "add is wrong", "--model", "embedded", "--yes", SAMOVAR_FETCH="false")
    assert done.returncode == 3, done.stderr
    assert "samovar model pull" in done.stderr and "`fetch` is off" in done.stderr


def test_tools_of_other_servers_are_listed_for_machines(samovar: Samovar, project: Path) -> None:
    home = project / ".samovar"
    home.mkdir()
    (home / "samovar.toml").write_text('[mcp.gone]\ncommand = ["/nowhere/at-all"]\n')
    done = samovar("mcp", "list", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 2
    assert told["tools"] == [] and "gone" in told["complaints"][0]
