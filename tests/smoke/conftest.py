"""The command as processes, a repository with one bug, and a model server that plays every part."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from model_server import serving

CODE = "def add(a, b):\n    return a - b\n"
GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
TEST = "from sums import add\n\n\ndef test_two_numbers_are_added():\n    assert add(2, 3) == 5\n"
COMMAND = (sys.executable, "-c", "from samovar.cli.main import main; main()")
RUN = "import sums; print('sum', sums.add(2, 3))"
STEPS = (
    {"tool": "read_file", "arguments": {"path": "sums.py"}},
    {"tool": "edit_text", "arguments": {"path": "sums.py", "search": "a - b", "replace": "a + b"}},
    {"tool": "python", "arguments": {"code": RUN}},
    {"tool": "reply", "arguments": {"text": "It adds now: 2 and 3 make 5."}},
)
"""What it does in a conversation, one after the other."""


def answer(asked: dict) -> str:
    """Return what the model says: a choice, a step of a conversation, a review, or code."""
    said = json.dumps(asked["messages"])
    form = asked.get("response_format", {}).get("json_schema", {}).get("schema", {})
    if "action" in form.get("properties", {}):
        actions = form["properties"]["action"]["enum"]
        action = "work" if "work" in actions else "nothing"
        return json.dumps({"action": action, "to": "person", "text": ""})
    if "anyOf" in form:
        return json.dumps(STEPS[min(said.count("Result of "), len(STEPS) - 1)])
    return "no mistakes found" if "review" in said else GOOD


@pytest.fixture(scope="session")
def model() -> Iterator[str]:
    """Return the address of the scripted model."""
    with serving(answer) as url:
        yield url


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


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=T", "-c", "user.email=t@localhost")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def environment(tmp_path: Path, model: str) -> dict[str, str]:
    """Return the variables of a person with an empty home, who reaches one model and no network."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("SAMOVAR", "XDG", "PIP"))}
    return keep | {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "PIP_NO_INDEX": "1",
        "SAMOVAR_MODEL_URL": model,
    }


@pytest.fixture
def samovar(project: Path, environment: dict[str, str]) -> Callable[..., str]:
    """Return the command, run in the project to its end; it must end well."""

    def run(*words: str, stdin: str = "") -> str:
        done = subprocess.run(
            [*COMMAND, *words],
            cwd=project,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    return run


@pytest.fixture
def stays(project: Path, environment: dict[str, str]) -> Callable[..., object]:
    """Return what runs a command beside the test and gives the first line it says."""

    @contextmanager
    def run(*words: str) -> Iterator[str]:
        began = subprocess.Popen(
            [*COMMAND, *words],
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with began:
            assert began.stdout is not None
            try:
                yield began.stdout.readline()
                began.terminate()
                assert "Traceback" not in began.stdout.read()
            finally:
                began.kill()

    return run
