"""Repositories made with the plain git command line, as a person would."""

import os
import subprocess
from pathlib import Path

import pytest

from samovar.core.seams import Deed


class Person:
    """Somebody at a shell in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(["git", *words], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def write(self, path: str, text: str | bytes, mode: int = 0o644) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)
        place.chmod(mode)

    def commit(self, message: str = "chore: start") -> str:
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")


MESSAGE = "fix: greet properly\n\nSamovar-Run: r1\n"


def deed(base, changed, branch="samovar/r1", message=MESSAGE):
    return Deed(base=base, branch=branch, message=message, changed=changed)


def look(person):
    """Everything of the person's that must not change."""
    folder = person.folder / ".git"
    return (
        person.git("--no-optional-locks", "status", "--porcelain"),
        person.git("rev-parse", "HEAD", check=False),
        (folder / "HEAD").read_text(),
        (folder / "index").read_bytes() if (folder / "index").exists() else b"",
        (folder / "config").read_text(),
        sorted((str(p), p.lstat().st_mtime_ns) for p in person.folder.glob("[!.]*")),
    )


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    """A global configuration of the test's own."""
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n"
        "[safe]\ndirectory = *\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in [n for n in os.environ if n.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def person(tmp_path) -> Person:
    """A person with a small repository of one commit."""
    folder = tmp_path / "project"
    folder.mkdir()
    somebody = Person(folder)
    somebody.git("init", "-q")
    somebody.write("README.md", "# Project\n")
    somebody.write("src/app.py", "print('hello')\n")
    somebody.write("run.sh", "#!/bin/sh\n", 0o755)
    somebody.write("dos.txt", b"one\r\ntwo\r\n")
    somebody.write("blob.bin", bytes(range(256)))
    somebody.write("latin.txt", "caf\xe9".encode("latin-1"))
    (folder / "link").symlink_to("README.md")
    (folder / "out").symlink_to("/etc")
    somebody.commit()
    return somebody


@pytest.fixture
def nobody(tmp_path) -> Person:
    """A person in an empty repository."""
    folder = tmp_path / "empty"
    folder.mkdir()
    somebody = Person(folder)
    somebody.git("init", "-q")
    return somebody
