"""The system calls a sandboxed program is refused, as a filter for the kernel.

Source: seccomp(2); linux/filter.h, linux/seccomp.h, and the tables of system calls of x86_64 and
aarch64. The filter is a second wall: namespaces and missing capabilities stop most of these
already.
"""

import errno
import struct
from collections.abc import Mapping

from samovar.core.errors import SandboxMissing

ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH values."""

X86_64: Mapping[str, int] = {
    "ptrace": 101,
    "syslog": 103,
    "uselib": 134,
    "personality": 135,
    "ustat": 136,
    "sysfs": 139,
    "vhangup": 153,
    "modify_ldt": 154,
    "pivot_root": 155,
    "_sysctl": 156,
    "adjtimex": 159,
    "chroot": 161,
    "acct": 163,
    "settimeofday": 164,
    "mount": 165,
    "umount2": 166,
    "swapon": 167,
    "swapoff": 168,
    "reboot": 169,
    "sethostname": 170,
    "setdomainname": 171,
    "iopl": 172,
    "ioperm": 173,
    "create_module": 174,
    "init_module": 175,
    "delete_module": 176,
    "query_module": 178,
    "quotactl": 179,
    "nfsservctl": 180,
    "lookup_dcookie": 212,
    "clock_settime": 227,
    "mbind": 237,
    "set_mempolicy": 238,
    "kexec_load": 246,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "migrate_pages": 256,
    "unshare": 272,
    "vmsplice": 278,
    "move_pages": 279,
    "perf_event_open": 298,
    "fanotify_init": 300,
    "fanotify_mark": 301,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "clock_adjtime": 305,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "finit_module": 313,
    "memfd_create": 319,
    "kexec_file_load": 320,
    "bpf": 321,
    "userfaultfd": 323,
}
AARCH64: Mapping[str, int] = {
    "lookup_dcookie": 18,
    "umount2": 39,
    "mount": 40,
    "pivot_root": 41,
    "nfsservctl": 42,
    "chroot": 51,
    "vhangup": 58,
    "quotactl": 60,
    "vmsplice": 75,
    "acct": 89,
    "personality": 92,
    "unshare": 97,
    "kexec_load": 104,
    "init_module": 105,
    "delete_module": 106,
    "clock_settime": 112,
    "syslog": 116,
    "ptrace": 117,
    "reboot": 142,
    "sethostname": 161,
    "setdomainname": 162,
    "settimeofday": 170,
    "adjtimex": 171,
    "add_key": 217,
    "request_key": 218,
    "keyctl": 219,
    "swapon": 224,
    "swapoff": 225,
    "mbind": 235,
    "set_mempolicy": 237,
    "migrate_pages": 238,
    "move_pages": 239,
    "perf_event_open": 241,
    "fanotify_init": 262,
    "fanotify_mark": 263,
    "name_to_handle_at": 264,
    "open_by_handle_at": 265,
    "clock_adjtime": 266,
    "setns": 268,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "kcmp": 272,
    "finit_module": 273,
    "memfd_create": 279,
    "bpf": 280,
    "userfaultfd": 282,
    "kexec_file_load": 294,
}
COMMON: Mapping[str, int] = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
    "process_mrelease": 448,
    "set_mempolicy_home_node": 450,
    "open_tree_attr": 467,
}
"""Calls newer than Linux 5.0 have one number everywhere."""
CALLS = {"x86_64": {**X86_64, **COMMON}, "aarch64": {**AARCH64, **COMMON}}
ABSENT = ("memfd_create", "io_uring_setup", "memfd_secret")
"""Answered with ENOSYS, so that programs take their ordinary way: memory in such a file is seen
by no limit of a process."""

_SOCKET = {"x86_64": (41, 53), "aarch64": (198, 199)}
_CLONE = {"x86_64": 56, "aarch64": 220}
_IOCTL = {"x86_64": 16, "aarch64": 29}
_CLONE3 = 435
_FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET, AF_INET6; every other kind of socket is refused."""
_NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""
_TERMINAL = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX put characters into the terminal of whoever started the program."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST, _SECOND = 0, 4, 16, 24
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000


def program(machine: str) -> bytes:
    """Return the filter for a machine. Raises SandboxMissing for one without a table."""
    if machine not in ARCHES:
        raise SandboxMissing(f"no list of system calls for {machine}: nothing was run")
    rows = [
        _row(_LOAD, _ARCH),
        _row(_EQUAL, ARCHES[machine], 1, 0),
        _row(_RETURN, _KILL),
        _row(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        rows += [_row(_AT_LEAST, _X32, 0, 1), _row(_RETURN, _ERROR | errno.ENOSYS)]
    for name, number in CALLS[machine].items():
        answer = errno.ENOSYS if name in ABSENT else errno.EPERM
        rows += [_row(_EQUAL, number, 0, 1), _row(_RETURN, _ERROR | answer)]
    rows += [_row(_EQUAL, _CLONE3, 0, 1), _row(_RETURN, _ERROR | errno.ENOSYS)]
    for number in _SOCKET[machine]:
        rows += _families(number)
    rows += [
        _row(_EQUAL, _CLONE[machine], 0, 4),
        _row(_LOAD, _FIRST),
        _row(_ANY_BIT, _NEW_NAMESPACES, 0, 1),
        _row(_RETURN, _ERROR | errno.EPERM),
        _row(_RETURN, _ALLOW),
        _row(_EQUAL, _IOCTL[machine], 0, 5),
        _row(_LOAD, _SECOND),
        _row(_EQUAL, _TERMINAL[0], 1, 0),
        _row(_EQUAL, _TERMINAL[1], 0, 1),
        _row(_RETURN, _ERROR | errno.EPERM),
        _row(_RETURN, _ALLOW),
        _row(_RETURN, _ALLOW),
    ]
    return b"".join(rows)


def _families(number: int) -> list[bytes]:
    count = len(_FAMILIES)
    tests = [_row(_EQUAL, family, count - n, 0) for n, family in enumerate(_FAMILIES)]
    return [
        _row(_EQUAL, number, 0, count + 3),
        _row(_LOAD, _FIRST),
        *tests,
        _row(_RETURN, _ERROR | errno.EAFNOSUPPORT),
        _row(_RETURN, _ALLOW),
    ]


def _row(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
