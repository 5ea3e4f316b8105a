"""Damaged files of a home: every command and every page says so in words (row D6)."""

import itertools
import json
import random
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from damage import mutate

from .conftest import COMMAND, Samovar, ok
from .test_up import free_port, started

LOOKS = (
    *(("status",), ("validate",), ("inspect", "developer"), ("logs", "developer"), ("credits",)),
    *(("queue", "list", "--all"), ("runs",), ("show",), ("inspect", "writer", "--json")),
)
PAGES = (
    *("/dashboard", "/runs", "/board", "/agents", "/agents/developer", "/org", "/credits"),
    *("/approvals", "/system", "/api/agents", "/api/agents/developer", "/api/messages"),
    *("/api/credits", "/api/status", "/api/tasks", "/api/runs", "/runs/{run}", "/metrics"),
    *("/api/runs/{run}", "/api/runs/{run}/events", "/api/runs/{run}/diff"),
)
OURS = (".json", ".jsonl", ".md", ".toml", ".diff")


@pytest.fixture
def worked(quick: Samovar, project: Path) -> Path:
    """Return a home in which a task was done and something said."""
    ok(quick("bootstrap"))
    ok(quick("queue", "add", "add() subtracts; make the tests pass", "--agent", "developer"))
    ok(quick("send", "writer", "hello"))
    ok(quick("run-once"))
    return project / ".samovar"


@pytest.mark.parametrize("times", [25, pytest.param(200, marks=pytest.mark.slow)])
def test_what_is_damaged_is_told_by_every_command_and_page(
    quick: Samovar, worked: Path, environment: dict[str, str], times: int, tmp_path: Path
) -> None:
    run = json.loads(ok(quick("runs", "--json")))[0]["run"]
    files = [p for p in sorted(worked.rglob("*")) if p.suffix in OURS and "history" not in str(p)]
    kept, draw = tmp_path / "kept", random.Random(7)
    shutil.copytree(worked, kept)
    port = free_port()
    words = [*COMMAND, "serve", "--home", str(worked), "--port", str(port), "--json"]
    with started(words, environment, stdout=subprocess.PIPE) as serve:
        assert json.loads(serve.stdout.readline())["event"] == "serving"
        token = (worked / "web.token").read_text().strip()
        for file in itertools.islice(itertools.cycle(draw.sample(files, len(files))), times):
            changed = mutate(file, draw)
            for look in LOOKS:
                _is_plain(quick(*look), (file, look))
            for page in PAGES:
                status, text = _visit(port, token, page.format(run=run))
                assert status < 500 and "Traceback" not in text, (file, page, status, text[-400:])
            if changed and file.name == "resume.json":
                _is_named(quick("validate"), file)
            file.write_bytes((kept / file.relative_to(worked)).read_bytes())
        assert serve.poll() is None


def _is_plain(done: subprocess.CompletedProcess[str], where: object) -> None:
    """Assert that a command ended in words of its own."""
    assert done.returncode in (0, 1, 2), (where, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr, where
    assert done.returncode == 0 or done.stdout + done.stderr, where


def _is_named(done: subprocess.CompletedProcess[str], file: Path) -> None:
    """Assert that a resume that cannot be read is named with its folder."""
    try:
        json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        assert f"agents/{file.parent.name}/resume.json" in done.stdout + done.stderr


def _visit(port: int, token: str, path: str) -> tuple[int, str]:
    head = {"Authorization": f"Bearer {token}"}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=head), timeout=10
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
