"""A command that keeps running and is talked to, in every sandbox."""

import asyncio
import os

import pytest

from samovar.core.seams import Command
from samovar.sandboxes.limits import Limits
from samovar.sandboxes.none import Unconfined

SMALL = Limits(file=8 << 20, disk=24 << 20, names=2000)


@pytest.fixture(params=["bubblewrap", "none"])
def host(request, sandbox):
    return sandbox if request.param == "bubblewrap" else Unconfined(SMALL)


def command(workspace, script, **more) -> Command:
    return Command(argv=("/bin/sh", "-c", script), workspace=workspace, **more)


async def everything(session) -> bytes:
    data = b""
    while more := await asyncio.wait_for(session.receive(), 10):
        data += more
    return data


async def test_it_is_talked_to_line_by_line(host, workspace):
    session = await host.start(
        command(workspace, "while read l; do echo got $l; done", stdin=b"0\n")
    )
    assert await session.receive() == b"got 0\n"
    await session.send(b"1\n")
    assert await session.receive() == b"got 1\n"
    await session.end()
    await session.end()
    assert await session.receive() == b""
    with pytest.raises(ConnectionError):
        await session.send(b"2\n")


async def test_its_end_takes_all_it_started_along(host, workspace):
    script = "(setsid sh -c 'sleep 1; touch late' &); echo up; sleep 60"
    session = await host.start(command(workspace, script))
    assert await session.receive() == b"up\n"
    before = len(os.listdir("/proc/self/fd"))
    await session.end()
    assert len(os.listdir("/proc/self/fd")) < before
    await asyncio.sleep(1.3)
    assert not (workspace / "late").exists()


async def test_its_limits_hold(host, workspace):
    session = await host.start(command(workspace, "echo up; sleep 60", seconds=0.5))
    assert await everything(session) == b"up\n"
    assert session.stopped == "time"
    await session.end()
    hungry = "a=x; while true; do a=$a$a; done"
    session = await host.start(command(workspace, hungry, memory=64 << 20))
    await everything(session)
    await session.end()


async def test_it_is_confined_as_every_command(sandbox, workspace):
    session = await sandbox.start(command(workspace, "id -u; pwd; grep CapEff /proc/self/status"))
    assert await everything(session) == b"1000\n/w\nCapEff:\t0000000000000000\n"
    await session.end()
