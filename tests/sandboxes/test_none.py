"""Running without a sandbox still has limits and leaves nothing behind."""

import asyncio

import pytest

from samovar.core.errors import SetupError
from samovar.core.seams import Command
from samovar.sandboxes.limits import Limits
from samovar.sandboxes.none import Unconfined

SMALL = Limits(file=8 << 20, disk=24 << 20, names=2000, flood=4 << 20)


async def shell(workspace, script, **more):
    return await Unconfined(SMALL).run(
        Command(argv=("/bin/sh", "-c", script), workspace=workspace, **more)
    )


async def test_it_says_what_it_is(workspace, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "secret-token")
    ran = await shell(workspace, "pwd; env; cat; exit 4", stdin=b"given")
    assert Unconfined().tier == "none"
    assert ran.exit == 4
    assert ran.output.startswith(f"{workspace}\n") and ran.output.endswith("given")
    assert "secret-token" not in ran.output


async def test_time_ends_the_whole_tree_also_what_left_its_session(workspace):
    script = "(setsid sh -c 'sleep 1.5; touch late' &); sleep 60"
    ran = await shell(workspace, script, seconds=0.7)
    assert (ran.stopped, ran.exit) == ("time", 137)
    assert ran.seconds < 2.7
    await asyncio.sleep(1.2)
    assert not (workspace / "late").exists()


async def test_what_stays_behind_after_a_good_end_is_killed_too(workspace):
    await shell(workspace, "setsid sh -c 'sleep 1; touch late' >/dev/null 2>&1 & echo done")
    await asyncio.sleep(1.3)
    assert not (workspace / "late").exists()


async def test_output_and_files_are_limited(workspace):
    assert (await shell(workspace, "yes", output=1000)).stopped == "output"
    await shell(workspace, "head -c 30M /dev/zero > big")
    assert (workspace / "big").stat().st_size <= SMALL.file
    script = "for i in 1 2 3 4 5 6 7 8; do head -c 7M /dev/zero > f$i; done; sleep 9"
    assert (await shell(workspace, script, seconds=8)).stopped == "disk"


async def test_memory_is_limited(workspace, python):
    command = Command(
        argv=(python[0], "-c", "x = bytearray(300 << 20)"), workspace=workspace, memory=100 << 20
    )
    ran = await Unconfined(SMALL).run(command)
    assert "MemoryError" in ran.output


async def test_a_program_that_is_not_there_is_127(workspace):
    assert (await Unconfined().run(Command(argv=("no-such",), workspace=workspace))).exit == 127
    with pytest.raises(SetupError):
        await Unconfined().run(Command(argv=("true",), workspace=workspace / "none"))


async def test_cancelling_kills(workspace):
    task = asyncio.create_task(shell(workspace, "touch ready; sleep 1; touch late"))
    while not (workspace / "ready").exists():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(1.2)
    assert not (workspace / "late").exists()


async def test_a_lent_folder_is_a_copy_that_nobody_else_has(workspace, tmp_path):
    lent = tmp_path / "mine"
    (lent / "deep").mkdir(parents=True)
    (lent / "tool").write_text("x")
    (lent / "out").symlink_to(tmp_path / "mine" / "tool")
    script = "cat lib/tool; readlink lib/out; echo y > lib/tool; touch lib/deep/new"
    ran = await shell(workspace, script, lent={"lib": lent})
    assert (ran.exit, ran.output) == (0, f"x{lent}/tool\n")
    assert (lent / "tool").read_text() == "x" and list((lent / "deep").iterdir()) == []
    assert (await shell(workspace, "cat lib/tool", lent={"lib": lent})).output == "y\n"


async def test_a_folder_whose_own_program_runs_is_not_copied_for_it(workspace, tmp_path):
    venv, other = tmp_path / "project" / ".venv", tmp_path / "project" / "vendor"
    (venv / "bin").mkdir(parents=True)
    other.mkdir()
    (venv / "bin" / "tool").write_text("#!/bin/sh\nls -A\n")
    (venv / "bin" / "tool").chmod(0o755)
    given = {"workspace": workspace, "readable": (venv,), "lent": {".venv": venv, "vendor": other}}
    ran = await Unconfined(SMALL).run(Command(argv=(str(venv / "bin" / "tool"),), **given))
    assert (ran.exit, ran.output) == (0, "vendor\n")
    for argv in ((".venv/bin/tool",), ("/bin/sh", "-c", ".venv/bin/tool")):
        ran = await Unconfined(SMALL).run(Command(argv=argv, **given))
        assert ran.output == ".venv\nvendor\n", "a Makefile names it by its place in the project"


async def test_programs_of_the_person_come_after_those_that_are_asked_for(workspace, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin:/opt/mine")
    ran = await shell(workspace, 'echo "$PATH"', environment={"PATH": "/asked"})
    assert ran.output == "/asked:/usr/bin:/bin:/opt/mine\n"
    assert (await shell(workspace, 'echo "$PATH"')).output == "/usr/bin:/bin:/opt/mine\n"
