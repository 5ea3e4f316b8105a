"""A real repository and the machine's own sandbox, for the runs that need them."""

import os
import subprocess
from pathlib import Path

import pytest
from doubles import WRONG

from samovar.sandboxes.find import find_sandbox


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    """A global git configuration of the test's own."""
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\nname = Ada\nemail = ada@example.org\n[safe]\ndirectory = *\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in [n for n in os.environ if n.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path) -> Path:
    """A repository of one commit, whose `middle` is wrong."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "middle.py").write_text(WRONG)
    (folder / "test_middle.py").write_text(
        "from middle import middle\n\n\n"
        "def test_one():\n    assert middle([4]) == 4\n\n\n"
        "def test_three():\n    assert middle([3, 1, 2]) == 2\n"
    )
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "chore: start")
    return folder


@pytest.fixture
async def sandbox():
    return await find_sandbox()


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def run_git():
    return git
