"""40 files of a person that others read later, attacked in six ways each: none may change."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from samovar.core.seams import Command

PROTECTED = [
    ".git/config",
    ".git/hooks/pre-commit",
    ".git/hooks/post-checkout",
    ".git/info/attributes",
    ".git/modules/x/config",
    ".gitconfig",
    ".config/git/config",
    ".bashrc",
    ".bash_profile",
    ".profile",
    ".zshrc",
    ".ssh/authorized_keys",
    ".ssh/config",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pip/pip.conf",
    ".config/pip/pip.conf",
    ".config/autostart/x.desktop",
    ".config/systemd/user/x.service",
    ".local/bin/git",
    ".local/lib/python3/site-packages/usercustomize.py",
    ".vscode/settings.json",
    ".vscode/tasks.json",
    ".idea/workspace.xml",
    ".mcp.json",
    ".claude/settings.json",
    ".cursor/mcp.json",
    ".codex/config.toml",
    ".env",
    "samovar.toml",
    ".samovar/runs/r1/events.jsonl",
    "agents/dev/resume.json",
    ".envrc",
    ".husky/pre-commit",
    ".gnupg/gpg.conf",
    ".aws/credentials",
    ".docker/config.json",
    ".kube/config",
    ".cargo/config.toml",
]
WAYS = ("present", "missing", "symlink", "hard link", "renamed parent", "case variant")
SCRIPT = """
import json, os, sys
def put(path):
    with open(path, "w") as file: file.write("stolen")
def parent(path):
    folder = os.path.dirname(path)
    os.rename(folder, folder + ".old"); os.mkdir(folder); put(path)
def linked(make, path, name):
    make(path, name); put(name)
for number, (way, path) in enumerate(json.load(open("targets.json"))):
    try:
        if way in ("present", "missing"): put(path)
        elif way == "symlink": linked(os.symlink, path, f"s{number}")
        elif way == "hard link": linked(os.link, path, f"h{number}")
        elif way == "renamed parent": parent(path)
        else: put(os.path.join(os.path.dirname(path), os.path.basename(path).upper()))
    except OSError: pass
print("tried")
"""


@pytest.fixture
def targets(tmp_path, workspace) -> dict[Path, tuple[str, str]]:
    """The folder of each attack, with its way and its path."""
    made = {}
    for way in WAYS:
        for number, name in enumerate(PROTECTED):
            home = tmp_path / "homes" / way.replace(" ", "-") / str(number)
            place = home / name
            place.parent.mkdir(parents=True)
            if way != "missing":
                place.write_text("mine")
            made[home] = (way, str(place))
    (workspace / "targets.json").write_text(json.dumps(list(made.values())))
    (workspace / "script.py").write_text(SCRIPT)
    return made


def _look(home: Path) -> list[tuple[str, str]]:
    return sorted((str(p), p.read_text()) for p in home.rglob("*") if p.is_file())


async def test_none_of_240_writes_passes(targets, sandbox, workspace, python):
    assert len(targets) == 240
    before = {home: _look(home) for home in targets}
    argv = (python[0], "script.py")
    ran = await sandbox.run(Command(argv=argv, workspace=workspace, readable=python[1]))
    assert ran.output == "tried\n"
    assert [targets[h] for h in targets if _look(h) != before[h]] == []


async def test_without_a_sandbox_all_240_pass(targets, workspace, python):
    before = {home: _look(home) for home in targets}
    await asyncio.to_thread(subprocess.run, [python[0], "script.py"], cwd=workspace, check=True)
    assert sum(_look(home) != before[home] for home in targets) == 240
