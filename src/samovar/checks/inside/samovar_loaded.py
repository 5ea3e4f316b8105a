"""A process beside this one that has loaded the project, and what is said between the two."""

import contextlib
import json
import os
import select
import signal
import socket
import sys

LOADING = 15.0
"""Seconds that loading a project may take."""
SLACK = 2.0
"""Seconds after which a loaded project that says nothing of a trial is not asked again."""
OTHER = "other"
"""What it says of a variant that changes more than one function."""


class Loaded:
    """A process that has loaded the project, as seen from the one that has not; and that one."""

    def __init__(self):
        self.link = self.pid = None
        self.ran = {}

    def watch(self):
        """Note which code runs from now on."""

        def called(frame, _event, _argument):
            self.ran[id(frame.f_code)] = frame.f_code

        sys.settrace(called)

    def part(self, seconds):
        """Return whether this is the process that is to load the project, in so many seconds."""
        mine, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        self.link = mine if self.pid else other
        (other if self.pid else mine).close()
        if self.pid == 0:
            os.setsid()
            return True
        sys.settrace(None)
        if self.heard(min(LOADING, seconds)) != "ready":
            self.end()
        return False

    def heard(self, seconds):
        """Return what the other process says; nothing where it ended, or takes too long."""
        with contextlib.suppress(OSError):
            if select.select([self.link], [], [], seconds)[0]:
                return self.link.recv(100).decode()
        return ""

    def ask(self, index, *seconds):
        """Return how a trial ended there, or OTHER."""
        if self.link is None:
            return OTHER
        with contextlib.suppress(OSError):
            self.link.send(json.dumps([index, *seconds]).encode())
        said = self.heard(seconds[0] + SLACK)
        if not said:
            self.end()
        return said or OTHER

    def end(self):
        """End the other process."""
        if self.link is not None:
            self.link.close()
            kill(self.pid)
        self.link = None


def kill(child):
    try:
        os.killpg(child, signal.SIGKILL)
    except OSError:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
