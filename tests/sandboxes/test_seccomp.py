"""The list of refused system calls, by its rules and by the kernel's answer."""

import errno
import importlib.util
import json
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from samovar.core.errors import SandboxMissing
from samovar.core.seams import Command
from samovar.sandboxes import seccomp

HERE = Path(__file__).parent
ALLOW, KILL = 0x7FFF0000, 0x80000000


def _numbers():
    spec = importlib.util.spec_from_file_location("calls", HERE / "calls.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.NUMBERS


NUMBERS = _numbers()
HARMLESS_OUTSIDE = sorted(set(NUMBERS) - {"vhangup", "reboot", "acct", "clone3", "sethostname"})


def answer(machine, number, first=0, second=0, arch=None):
    """Run the filter as the kernel would."""
    data = struct.pack(
        "=iIQ6Q", number, arch or seccomp.ARCHES[machine], 0, first, second, 0, 0, 0, 0
    )
    rows = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    place, value = 0, 0
    while True:
        code, yes, no, k = rows[place]
        place += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("=I", data, k)
            case 0x15:
                place += yes if value == k else no
            case 0x35:
                place += yes if value >= k else no
            case 0x45:
                place += yes if value & k else no
            case 0x06:
                return k


@pytest.mark.parametrize("machine", seccomp.ARCHES)
def test_every_listed_call_is_refused_and_ordinary_ones_are_not(machine):
    for name, number in seccomp.CALLS[machine].items():
        wanted = errno.ENOSYS if name in seccomp.ABSENT else errno.EPERM
        assert answer(machine, number) == 0x50000 | wanted, name
    listed = set(seccomp.CALLS[machine].values()) | {435}
    assert all(answer(machine, n) == ALLOW for n in set(range(470)) - listed - _SOCKETS[machine])


_SOCKETS = {"x86_64": {41, 53}, "aarch64": {198, 199}}


@pytest.mark.parametrize("machine", seccomp.ARCHES)
def test_only_three_families_of_sockets_are_allowed(machine):
    for number in _SOCKETS[machine]:
        allowed = {f for f in range(64) if answer(machine, number, first=f) == ALLOW}
        assert allowed == {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6}


@pytest.mark.parametrize(("machine", "clone"), [("x86_64", 56), ("aarch64", 220)])
def test_a_thread_may_be_made_but_no_namespace(machine, clone):
    assert answer(machine, clone, first=0x3D0F00) == ALLOW
    assert answer(machine, clone, first=17) == ALLOW
    for bit in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert answer(machine, clone, first=bit | 17) == 0x50000 | errno.EPERM
    assert answer(machine, 435) == 0x50000 | errno.ENOSYS


@pytest.mark.parametrize(("machine", "ioctl"), [("x86_64", 16), ("aarch64", 29)])
def test_nobody_types_into_a_terminal(machine, ioctl):
    assert answer(machine, ioctl, second=0x5401) == ALLOW
    for request in (0x5412, 0x541C):
        assert answer(machine, ioctl, second=request) == 0x50000 | errno.EPERM


def test_calls_in_another_machine_s_dress_are_refused():
    assert answer("x86_64", 59, arch=0x40000003) == KILL
    assert answer("x86_64", 0x40000000 | 59) == 0x50000 | errno.ENOSYS
    assert answer("aarch64", 59, arch=0x40000028) == KILL


def test_a_machine_without_a_list_has_no_sandbox():
    with pytest.raises(SandboxMissing, match="riscv64"):
        seccomp.program("riscv64")


async def test_at_most_5_of_48_dangerous_calls_are_reached(sandbox, workspace, python):
    assert len(NUMBERS) == 48
    shutil.copy(HERE / "calls.py", workspace)
    argv = (python[0], "calls.py", *NUMBERS)
    ran = await sandbox.run(Command(argv=argv, workspace=workspace, readable=python[1]))
    assert ran.exit == 0, ran.output
    reached = json.loads(ran.output.partition("REACHED")[2])
    assert reached == [], "0 today; 5 is the most the project allows itself"


def test_without_a_sandbox_most_of_them_are_reached():
    argv = [sys.executable, str(HERE / "calls.py"), *HARMLESS_OUTSIDE]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert len(json.loads(done.stdout.partition("REACHED")[2])) >= 15
