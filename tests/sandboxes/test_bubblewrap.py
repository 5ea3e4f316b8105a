"""What a command sees inside, what comes back, and how it ends."""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from samovar.core.errors import SandboxMissing, SetupError
from samovar.core.seams import Command
from samovar.sandboxes.bubblewrap import OTHER, Bubblewrap, other
from samovar.sandboxes.limits import Limits


async def shell(sandbox, workspace, script, **more):
    command = Command(argv=("/bin/sh", "-c", script), workspace=workspace, **more)
    return await sandbox.run(command)


async def test_a_command_runs_in_its_workspace_as_nobody_special(sandbox, workspace):
    (workspace / "in").write_text("given")
    ran = await shell(sandbox, workspace, "pwd; id -u; cat in; echo made > out; exit 3")
    assert (ran.exit, ran.stopped) == (3, "")
    assert ran.output == "/w\n1000\ngiven"
    assert (workspace / "out").read_text() == "made\n"


async def test_what_was_made_inside_can_be_read_changed_and_removed_outside(sandbox, workspace):
    await shell(sandbox, workspace, "mkdir -p a/b; echo x > a/b/c; chmod 600 a/b/c; ln -s /etc l")
    place = workspace / "a/b/c"
    assert place.read_text() == "x\n"
    place.write_text("y")
    (workspace / "a" / "new").write_text("z")
    ran = await shell(sandbox, workspace, "cat a/b/c a/new && echo more >> a/new && rm -r a l")
    assert (ran.exit, ran.output) == (0, "yz")
    assert list(workspace.iterdir()) == []


async def test_a_workspace_in_a_home_nobody_else_may_enter_works(sandbox):
    """As root's, below /root; and outside /tmp, which bubblewrap itself needs."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as home:
        place = Path(home) / "runs" / "r1"
        place.mkdir(parents=True)
        ran = await shell(sandbox, place, f"pwd; ls -A {home}; echo x > out")
        assert ran.output.startswith("/w\n") and "No such file" in ran.output
        assert (place / "out").read_text() == "x\n"


async def test_the_interpreter_of_a_virtual_environment_runs(sandbox, workspace, python):
    (workspace / "test_it.py").write_text("import msgspec\ndef test_it(): assert msgspec\n")
    argv = (python[0], "-m", "pytest", "-q", "-p", "no:cacheprovider")
    ran = await sandbox.run(Command(argv=argv, workspace=workspace, readable=python[1]))
    assert ran.exit == 0, ran.output
    assert "1 passed" in ran.output


async def test_the_folders_above_a_readable_one_are_empty_and_it_is_read_only(
    sandbox, workspace, tmp_path
):
    shown, hidden = tmp_path / "shown", tmp_path / "hidden"
    for folder in (shown, hidden):
        folder.mkdir()
        (folder / "file").write_text("x")
    script = f"cat {shown}/file; ls {tmp_path}; echo y > {shown}/file || rm {shown}/file"
    ran = await shell(sandbox, workspace, script, readable=(shown,))
    assert ran.output.startswith("xshown\n")
    assert (shown / "file").read_text() == "x"


async def test_a_lent_folder_stands_in_the_workspace_and_nobody_writes_to_it(
    sandbox, workspace, tmp_path
):
    lent, secret = tmp_path / "closed" / "mine", tmp_path / "secret"
    lent.mkdir(parents=True)
    lent.parent.chmod(0o700)
    (lent / "tool").write_text("x")
    secret.write_text("key")
    (lent / "out").symlink_to(secret)
    (workspace / "part").mkdir()
    (workspace / "part" / "file").write_text("y")
    (lent / "near").symlink_to("../file")
    script = (
        "cd part; cat lib/tool lib/near; cat lib/out; echo z > lib/tool; touch lib/new;"
        "rm lib/tool; chmod 777 lib; mv lib old; rmdir lib; ln -sfn / lib; umount lib; ls lib"
    )
    ran = await shell(sandbox, workspace, script, lent={"part/lib": lent})
    assert ran.output.startswith("xy") and ran.output.endswith("near\nout\ntool\n")
    assert "key" not in ran.output
    assert sorted(p.name for p in lent.iterdir()) == ["near", "out", "tool"]
    assert (lent / "tool").read_text() == "x"
    assert list((workspace / "part" / "lib").iterdir()) == [], "only where it stood"


async def test_a_lent_folder_gives_way_to_what_the_workspace_has(sandbox, workspace, tmp_path):
    lent, outside = tmp_path / "mine", tmp_path / "outside"
    for folder in (lent, outside, workspace / "full"):
        folder.mkdir()
    (lent / "theirs").write_text("")
    (workspace / "full" / "own").write_text("")
    (workspace / "file").write_text("")
    (workspace / "link").symlink_to(outside)
    (workspace / "old").symlink_to("/oldroot" + str(outside))
    names = ("full", "file", "link", "link/x", "old/x", "../up", "/tmp/x", "file/x")
    script = "find /w -name theirs; ls -A / /tmp full"
    ran = await shell(sandbox, workspace, script, lent=dict.fromkeys(names, lent))
    assert "theirs" not in ran.output and not {"up", "x"} & set(ran.output.split())
    assert ran.output.endswith("full:\nown\n")
    assert list(outside.iterdir()) == []


async def test_a_lent_virtual_environment_runs_from_both_its_places(
    sandbox, workspace, tmp_path, python
):
    venv = tmp_path / "project" / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(python[0])
    (venv / "pyvenv.cfg").write_text(f"home = {Path(python[0]).resolve().parent}\n")
    (venv / "bin" / "tool").write_text(f"#!{venv}/bin/python\nprint('ran')\n")
    (venv / "bin" / "tool").chmod(0o755)
    ran = await shell(sandbox, workspace, ".venv/bin/tool", lent={".venv": venv})
    assert ran.output == "ran\n"


async def test_a_whole_home_is_never_shown(sandbox, workspace):
    for path in map(Path, ("/", "/root", "/home", "/etc", "/tmp", "/var/tmp", "/dev/shm")):
        with pytest.raises(SetupError, match="as a whole"):
            await shell(sandbox, workspace, "true", readable=(path,))


async def test_nothing_of_our_environment_and_no_open_file_gets_in(sandbox, workspace, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "secret-token")
    held = os.open(__file__, os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        ran = await shell(
            sandbox, workspace, "env; ls /proc/self/fd; cat /proc/*/environ", environment={"A": "b"}
        )
    finally:
        os.close(held)
    assert "secret-token" not in ran.output
    assert "A=b\n" in ran.output
    assert "\n0\n1\n2\n3\n" in ran.output
    assert "\n4\n" not in ran.output, "0, 1, 2 and the folder that ls itself has open"


async def test_a_command_sees_only_its_own_processes_and_no_network(sandbox, workspace):
    ran = await shell(sandbox, workspace, "ls -d /proc/[0-9]* | wc -l; cat /proc/net/dev | wc -l")
    count, rows = map(int, ran.output.split())
    assert count <= 6
    assert rows == 3, "two lines of heading and the loopback"


async def test_a_server_of_its_own_can_be_reached_inside(sandbox, workspace, python):
    script = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); "
        "c = socket.create_connection(s.getsockname()); print('reached')"
    )
    argv = (python[0], "-c", script)
    ran = await sandbox.run(Command(argv=argv, workspace=workspace, readable=python[1]))
    assert ran.output == "reached\n"


async def test_a_git_directory_in_the_workspace_is_read_only(sandbox, workspace):
    (workspace / ".git" / "hooks").mkdir(parents=True)
    ran = await shell(sandbox, workspace, "touch .git/hooks/x; mv .git g; rm -r .git")
    assert ran.exit != 0
    assert list((workspace / ".git").iterdir()) == [workspace / ".git" / "hooks"]
    assert list((workspace / ".git" / "hooks").iterdir()) == []


async def test_input_is_fed_and_ends(sandbox, workspace):
    data = b"x" * 3_000_000
    ran = await shell(sandbox, workspace, "wc -c; cat | wc -c", stdin=data)
    assert ran.output.split() == ["3000000", "0"]


async def test_long_output_keeps_both_ends_and_says_what_is_gone(sandbox, workspace):
    ran = await shell(sandbox, workspace, "seq 1000000; echo end", output=1000)
    assert ran.exit == 0
    assert ran.output.startswith("1\n2\n3\n")
    assert ran.output.endswith("1000000\nend\n")
    assert "bytes left out" in ran.output
    assert len(ran.output) < 1100


async def test_output_that_is_not_text_does_no_harm(sandbox, workspace):
    ran = await shell(sandbox, workspace, r"printf '\377\000\200ok'")
    assert ran.output == "�\x00�ok"


async def test_a_signal_is_reported_as_128_and_its_number(sandbox, workspace):
    assert (await shell(sandbox, workspace, "kill -TERM $$")).exit == 143
    assert (await shell(sandbox, workspace, "kill -SEGV $$")).exit == 139


async def test_a_program_that_is_not_there_is_127(sandbox, workspace):
    ran = await sandbox.run(Command(argv=("no-such-program",), workspace=workspace))
    assert ran.exit == 127
    assert "no-such-program" in ran.output


async def test_a_workspace_that_is_not_there_is_a_clear_error(sandbox, tmp_path):
    with pytest.raises(SetupError, match="no workspace"):
        await shell(sandbox, tmp_path / "none", "true")


async def test_cancelling_kills_the_whole_tree(sandbox, workspace):
    script = "for i in 1 2 3; do (setsid sleep 1; touch late-$i) & done; touch ready; wait"
    task = asyncio.create_task(shell(sandbox, workspace, script))
    while not (workspace / "ready").exists():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(1.3)
    assert sorted(p.name for p in workspace.iterdir()) == ["ready"]


async def test_cancelling_at_any_moment_of_the_start_leaves_nothing(sandbox, workspace):
    before = _children()
    for wait in range(0, 60):
        task = asyncio.create_task(shell(sandbox, workspace, "sleep 60"))
        await asyncio.sleep(wait / 1000)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await asyncio.sleep(0.2)
    assert _children() - before == set()


def test_a_killed_engine_takes_the_command_with_it(bwrap, workspace):
    script = (
        "import asyncio, pathlib; from samovar.sandboxes.bubblewrap import Bubblewrap;"
        "from samovar.core.seams import Command;"
        f"run = Bubblewrap(pathlib.Path({str(bwrap)!r})).run;"
        "asyncio.run(run(Command(argv=('/bin/sh', '-c', 'touch ready; sleep 1; touch late'),"
        f"workspace=pathlib.Path({str(workspace)!r}))))"
    )
    engine = subprocess.Popen([sys.executable, "-c", script], env={**os.environ})
    until = time.monotonic() + 20
    while not (workspace / "ready").exists() and time.monotonic() < until:
        time.sleep(0.01)
    engine.kill()
    engine.wait()
    time.sleep(1.4)
    assert sorted(p.name for p in workspace.iterdir()) == ["ready"]


@pytest.mark.parametrize(
    ("mapped", "who"),
    [
        ("0 0 4294967295\n", OTHER),
        ("0 1000 1\n1 100000 65536\n", None),
        ("0 1000 1\n", None),
        ("0 0 1\n", "root"),
        ("0 100000 1000\n", "root"),
        ("", "root"),
    ],
)
def test_root_of_a_container_becomes_somebody_else_or_nothing_runs(mapped, who):
    if who == "root":
        with pytest.raises(SandboxMissing, match="as an ordinary user") as caught:
            other(mapped)
        assert caught.value.exit_code == 5
    else:
        assert other(mapped) == who


async def test_many_commands_run_side_by_side(sandbox, tmp_path):
    folders = [tmp_path / str(n) for n in range(8)]
    for folder in folders:
        folder.mkdir()
    runs = (shell(sandbox, f, "echo $PPID; sleep 0.2; echo x > out") for f in folders)
    results = await asyncio.gather(*runs)
    assert [r.exit for r in results] == [0] * 8
    assert all((f / "out").exists() for f in folders)


async def test_a_start_costs_at_most_50_milliseconds(sandbox, workspace):
    """Of processor time, ours and its own: wall time depends on what else the machine does."""

    def spent() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(u.ru_utime + u.ru_stime for u in used)

    taken = []
    for _ in range(15):
        start = spent()
        await sandbox.run(Command(argv=("/bin/true",), workspace=workspace))
        taken.append(spent() - start)
    assert 0 < statistics.median(taken) <= 0.050


async def test_a_bwrap_that_fails_is_missing_and_nothing_runs(tmp_path, workspace):
    broken = tmp_path / "bwrap"
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    with pytest.raises(SandboxMissing, match=r"No permissions.*nothing was run") as caught:
        await shell(Bubblewrap(broken, Limits()), workspace, "touch ran")
    assert caught.value.exit_code == 5
    assert not (workspace / "ran").exists()


def _children() -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"sleep\x0060" in command or b"sleep 60" in command:
                found.add(int(entry.name))
    return found
