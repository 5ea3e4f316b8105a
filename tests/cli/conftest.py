"""A repository with one bug, a scripted model server, and the command as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import model_server
import pytest
from typer.testing import CliRunner

from samovar.cli.main import app

from ..store.conftest import database, postgres, redis

__all__ = ["database", "postgres", "redis"]

CODE = "def add(a, b):\n    return a - b\n"
GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
BAD = "```python\ndef add(a, b):\n    return b\n```"
TEST = "from sums import add\n\n\ndef test_two_numbers_are_added():\n    assert add(2, 3) == 5\n"
QUICK = ("--test", "python3 -c 'import test_sums; test_sums.test_two_numbers_are_added()'")
"""A test command without pytest, which takes seconds to start on a busy machine."""

Samovar = Callable[..., subprocess.CompletedProcess[str]]


class Server(model_server.Server):
    """Answers every question with the same text."""

    answer = GOOD
    answers: tuple[str, ...] = ()
    """What is answered first, one after the other."""

    def __init__(self) -> None:
        super().__init__(self._next)

    def _next(self, _asked: object) -> str:
        text, *rest = (*self.answers, self.answer)
        self.answers = tuple(rest[:-1])
        return text


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    with model_server.running(made):
        yield made


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@localhost", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "sums.py").write_text(CODE)
    (folder / "test_sums.py").write_text(TEST)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "start")
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a person with an empty home, who reaches no network."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("SAMOVAR", "XDG", "PIP"))}
    return keep | {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "PIP_INDEX_URL": "http://127.0.0.1:9",
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "0",
        "TERM": "xterm",
    }


def without_tools(home: Path, agent: str) -> None:
    """Let an agent answer in prose, as the scripted model does."""
    resume = home / "agents" / agent / "resume.json"
    plain = json.loads(resume.read_bytes())
    plain["permissions"].pop("tools", None)
    resume.write_text(json.dumps(plain))


COMMAND = (sys.executable, "-c", "from samovar.cli.main import main; main()")


@pytest.fixture
def samovar(project: Path, environment: dict[str, str]) -> Samovar:
    """Return the command, run in the project to its end."""

    def run(
        *words: str, stdin: str = "", cwd: Path = project, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *words],
            cwd=cwd,
            env=environment | more,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def served(samovar: Samovar, server: Server) -> Samovar:
    """Return the command with the scripted server as its model."""

    def run(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
        return samovar(*words, SAMOVAR_MODEL_URL=server.url, **more)

    return run


def chooses(asked: dict[str, Any]) -> str:
    """Work when that may be chosen, and write the code when code is asked for."""
    if "response_format" in asked:
        offered = asked["response_format"]["json_schema"]["schema"]["properties"]
        action = "work" if "work" in offered["action"]["enum"] else "nothing"
        return json.dumps({"action": action, "to": "person", "text": ""})
    return "no mistakes found" if "review" in str(asked["messages"]) else GOOD


@pytest.fixture
def team(samovar: Samovar) -> Iterator[Samovar]:
    """Return the command with a model that chooses and writes."""
    with model_server.serving(chooses) as url:

        def run(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
            return samovar(*words, SAMOVAR_MODEL_URL=url, **more)

        run.url = url  # type: ignore[attr-defined]
        yield run


@pytest.fixture
def quick(
    team: Samovar, project: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Samovar:
    """Return the command within this process: starting one takes a second."""
    for name in [n for n in os.environ if n.startswith(("SAMOVAR", "XDG"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAMOVAR_MODEL_URL", team.url)  # type: ignore[attr-defined]
    monkeypatch.chdir(project)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        done = CliRunner().invoke(app, words)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    return run


def ok(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout
